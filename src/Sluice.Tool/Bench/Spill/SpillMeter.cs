using System.Diagnostics;

namespace Sluice.Tool.Bench.Spill;

/// <summary>Adds up pieces of work: time, processor time of the whole process, and what was allocated.</summary>
internal sealed class SpillMeter
{
    private long _ticks;
    private long _allocatedBytes;
    private TimeSpan _cpu;

    /// <summary>How many operations there were.</summary>
    internal long Operations { get; private set; }

    /// <summary>Does a piece of work.</summary>
    /// <param name="work">The work; returns how many operations it was.</param>
    internal void Count(Func<long> work)
    {
        GC.Collect();
        long allocated = GC.GetTotalAllocatedBytes(precise: true);
        TimeSpan cpu = Environment.CpuUsage.TotalTime;
        long startedAt = Stopwatch.GetTimestamp();
        Operations += work();
        _ticks += Stopwatch.GetTimestamp() - startedAt;
        _cpu += Environment.CpuUsage.TotalTime - cpu;
        _allocatedBytes += GC.GetTotalAllocatedBytes(precise: true) - allocated;
    }

    /// <summary>A row of all of it. Latencies are not looked at.</summary>
    internal BenchResult ToResult(string scenario, string method, int blockBytes, int depth, bool isDirect) => new()
    {
        Scenario = scenario,
        Method = method,
        Mode = Names.Of(Mode.Blocking),
        BlockBytes = blockBytes,
        Depth = depth,
        Threads = 1,
        IsDirect = isDirect,
        Seconds = (double)_ticks / Stopwatch.Frequency,
        Operations = Operations,
        CpuMicroseconds = _cpu.TotalMicroseconds,
        AllocatedBytes = _allocatedBytes,
        Latency = new LatencySummary(0, 0, 0, 0),
    };
}
