using System.Diagnostics;
using BenchmarkDotNet.Attributes;
using Sluice.Tool.Bench;

namespace Sluice.Benchmarks;

/// <summary>What measuring costs per operation: reading the clock, and counting a latency.</summary>
public class HistogramBenchmarks
{
    private readonly LatencyHistogram _histogram = new();
    private long _value = 1;

    [Benchmark(Baseline = true)]
    public long ReadClock() => Stopwatch.GetTimestamp();

    [Benchmark]
    public void Record()
    {
        _value = (_value * 1103515245) + 12345;
        _histogram.Record(_value & 0xFFFFF);
    }

    [Benchmark]
    public long Percentile() => _histogram.Percentile(0.99);
}
