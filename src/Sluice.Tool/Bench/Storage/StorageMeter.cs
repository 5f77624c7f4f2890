using System.Diagnostics;

namespace Sluice.Tool.Bench.Storage;

/// <summary>Adds up the parts of a run that count: time, processor time, memory, pages.</summary>
internal sealed class StorageMeter
{
    private long _beganAt;
    private TimeSpan _cpuAtBegin;
    private long _allocatedAtBegin;

    internal double Seconds { get; private set; }

    internal double CpuMicroseconds { get; private set; }

    internal long AllocatedBytes { get; private set; }

    internal long Pages { get; set; }

    internal LatencyHistogram Latencies { get; } = new();

    internal void Begin()
    {
        _allocatedAtBegin = GC.GetTotalAllocatedBytes(precise: true);
        _cpuAtBegin = Environment.CpuUsage.TotalTime;
        _beganAt = Stopwatch.GetTimestamp();
    }

    internal void End(long pages)
    {
        Seconds += Stopwatch.GetElapsedTime(_beganAt).TotalSeconds;
        CpuMicroseconds += (Environment.CpuUsage.TotalTime - _cpuAtBegin).TotalMicroseconds;
        AllocatedBytes += GC.GetTotalAllocatedBytes(precise: true) - _allocatedAtBegin;
        Pages += pages;
    }
}
