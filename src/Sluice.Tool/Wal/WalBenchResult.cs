using System.Text.Json;
using Sluice.Tool.Infrastructure;
using Sluice.Wal;

namespace Sluice.Tool.Wal;

/// <summary>What a run on a log gave.</summary>
internal sealed record WalBenchResult(WalBenchRequest Request, string Method, WalSyncForm Form, double Seconds, long Operations, long Bytes)
{
    internal long Flushes { get; init; }

    internal long SegmentStalls { get; init; }

    internal long BufferFullWaits { get; init; }

    /// <summary>Commits that ended in another segment than they began in.</summary>
    internal long SegmentSwitches { get; init; }

    /// <summary>How long the slowest of those took, in microseconds.</summary>
    internal double SlowestAtSwitch { get; init; }

    internal double CpuMicroseconds { get; init; }

    internal long AllocatedBytes { get; init; }

    internal double P50 { get; init; }

    internal double P99 { get; init; }

    internal double P999 { get; init; }

    internal double Max { get; init; }

    internal double PerSecond => Operations / Seconds;

    /// <summary>
    /// As the other scenarios' JSON: an array with one object. Other programs read it: keys are never renamed or taken away.
    /// </summary>
    internal string ToJson()
    {
        double each = Math.Max(1, Operations);
        Dictionary<string, object> row = new()
        {
            ["scenario"] = "wal-" + Request.Workload.ToString().ToLowerInvariant(),
            ["method"] = Method,
            ["mode"] = Request.Mode,
            ["blockBytes"] = Request.RecordBytes,
            ["depth"] = Request.Clients,
            ["threads"] = Request.Clients,
            ["logBlockBytes"] = Request.Options.BlockBytes,
            ["direct"] = Request.Options.Direct ?? true,
            ["syncForm"] = Form.ToString(),
            ["seconds"] = Math.Round(Seconds, 3),
            ["operations"] = Operations,
            ["operationsPerSecond"] = Math.Round(PerSecond, 1),
            ["bytesPerSecond"] = Math.Round(Bytes / Seconds),
            ["cpuMicrosecondsPerOperation"] = Math.Round(CpuMicroseconds / each, 4),
            ["allocatedBytesPerOperation"] = Math.Round(AllocatedBytes / each, 3),
            ["nanosecondsPerOperation"] = Math.Round(1e9 * Seconds / each, 1),
            ["commitsPerSecond"] = Request.Workload == WalWorkload.Commit ? Math.Round(PerSecond, 1) : 0,
            ["flushesPerSecond"] = Math.Round(Flushes / Seconds, 1),
            ["commitsPerFlush"] = Flushes == 0 ? 0 : Math.Round((double)Operations / Flushes, 2),
            ["segmentStalls"] = SegmentStalls,
            ["bufferFullWaits"] = BufferFullWaits,
            ["segmentSwitches"] = SegmentSwitches,
            ["slowestAtSwitchMicroseconds"] = Math.Round(SlowestAtSwitch, 3),
            ["latencyMicroseconds"] = new Dictionary<string, object>
            {
                ["p50"] = Math.Round(P50, 3),
                ["p99"] = Math.Round(P99, 3),
                ["p999"] = Math.Round(P999, 3),
                ["max"] = Math.Round(Max, 3),
            },
        };
        return JsonSerializer.Serialize(new[] { row }, ToolJson.Options);
    }
}
