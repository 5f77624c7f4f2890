namespace Sluice.Tool.Bench;

/// <summary>What one run gave. The names are those of the JSON.</summary>
internal sealed record BenchResult
{
    internal required string Scenario { get; init; }

    internal required string Method { get; init; }

    internal required string Mode { get; init; }

    internal required int BlockBytes { get; init; }

    internal required int Depth { get; init; }

    internal required int Threads { get; init; }

    internal required bool IsDirect { get; init; }

    /// <summary>How long was measured.</summary>
    internal required double Seconds { get; init; }

    internal required long Operations { get; init; }

    /// <summary>User and system time of the whole process.</summary>
    internal required double CpuMicroseconds { get; init; }

    /// <summary>Managed memory allocated by all threads.</summary>
    internal required long AllocatedBytes { get; init; }

    internal required LatencySummary Latency { get; init; }

    /// <summary>How many records were worked on, where the scenario has records.</summary>
    internal long? Records { get; init; }

    internal double? RecordsPerSecond => Records / Seconds;

    /// <summary>Pages, where operations are pages of a relation; null elsewhere.</summary>
    internal long? Pages { get; init; }

    /// <summary>Pages per second; null where there are none.</summary>
    internal double? PagesPerSecond => Pages / Seconds;

    internal double OperationsPerSecond => Operations / Seconds;

    internal double BytesPerSecond => OperationsPerSecond * BlockBytes;

    internal double CpuMicrosecondsPerOperation => Operations == 0 ? 0 : CpuMicroseconds / Operations;

    internal double AllocatedBytesPerOperation => Operations == 0 ? 0 : (double)AllocatedBytes / Operations;
}

/// <summary>Latencies in microseconds.</summary>
internal sealed record LatencySummary(double P50, double P99, double P999, double Max);
