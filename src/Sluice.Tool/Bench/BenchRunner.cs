using System.Diagnostics;
using Sluice.Tool.Bench.Engines;

namespace Sluice.Tool.Bench;

/// <summary>One run from start to result.</summary>
internal static class BenchRunner
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMilliseconds(10);

    /// <summary>Runs a workload: warms up, measures, ends. Blocks.</summary>
    /// <param name="workload">The work.</param>
    /// <param name="method">An io_method, <c>randomaccess</c> or <c>pread</c>.</param>
    /// <param name="mode">How to wait.</param>
    /// <param name="cancellationToken">Ends the run early, without a result.</param>
    internal static BenchResult Run(Workload workload, string method, Mode mode, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        GC.Collect();
        using Window window = new();
        using Engine engine = Engine.Create(workload, window, method, mode);
        Measurement measurement;
        using (cancellationToken.Register(window.Close))
        {
            engine.Start();
            measurement = Measure(workload, window, engine.Tallies);
            engine.Join();
        }

        if (window.Failure is { } failure) throw failure;
        cancellationToken.ThrowIfCancellationRequested();
        return ToResult(workload, engine, mode, measurement);
    }

    private static Measurement Measure(Workload workload, Window window, Tally[] tallies)
    {
        window.Sleep(workload.WarmUp);
        long allocated = GC.GetTotalAllocatedBytes(precise: true);
        TimeSpan cpu = Environment.CpuUsage.TotalTime;
        long startedAt = Stopwatch.GetTimestamp();
        if (window.IsRunning) window.Open();
        window.Sleep(workload.Duration);

        // A row of nothing says nothing: on a very slow device, or a very busy machine, the first operation is waited for.
        while (window.IsRunning && !HasAny(tallies)) window.Sleep(s_patience);
        long allocatedBytes = GC.GetTotalAllocatedBytes(precise: true) - allocated;
        double cpuMicroseconds = (Environment.CpuUsage.TotalTime - cpu).TotalMicroseconds;
        double seconds = Stopwatch.GetElapsedTime(startedAt).TotalSeconds;
        window.Close();
        return new Measurement(seconds, cpuMicroseconds, allocatedBytes);
    }

    private static bool HasAny(Tally[] tallies)
    {
        foreach (Tally tally in tallies)
        {
            if (tally.Latencies.Count != 0) return true;
        }

        return false;
    }

    private static BenchResult ToResult(Workload workload, Engine engine, Mode mode, Measurement measurement)
    {
        LatencyHistogram latencies = new();
        foreach (Tally tally in engine.Tallies) latencies.Add(tally.Latencies);
        return new BenchResult
        {
            Scenario = Names.Of(workload.Scenario),
            Method = engine.Method,
            Mode = Names.Of(engine.Mode ?? mode),
            BlockBytes = workload.BlockBytes,
            Depth = engine.Depth,
            Threads = workload.Threads,
            IsDirect = workload.IsDirect,
            Seconds = measurement.Seconds,
            Operations = latencies.Count,
            CpuMicroseconds = measurement.CpuMicroseconds,
            AllocatedBytes = measurement.AllocatedBytes,
            Latency = new LatencySummary(
                Microseconds(latencies.Percentile(0.5)),
                Microseconds(latencies.Percentile(0.99)),
                Microseconds(latencies.Percentile(0.999)),
                Microseconds(latencies.Max)),
        };
    }

    private static double Microseconds(long ticks) => ticks * 1e6 / Stopwatch.Frequency;

    private readonly record struct Measurement(double Seconds, double CpuMicroseconds, long AllocatedBytes);
}
