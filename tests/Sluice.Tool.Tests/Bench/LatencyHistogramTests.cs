using Sluice.Tool.Bench;

namespace Sluice.Tool.Tests.Bench;

/// <summary>The histogram tells percentiles as if it had kept every value, but for a percent.</summary>
public sealed class LatencyHistogramTests
{
    private static readonly double[] s_parts = [0.001, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 0.9999, 1.0];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    public void PercentilesAreThoseOfAllValuesWithinOnePercent(int seed)
    {
        Random random = new(seed);
        for (int round = 0; round < 20; round++)
        {
            long[] values = new long[random.Next(1, 20_000)];
            double powersMax = random.NextDouble() * 40;
            LatencyHistogram histogram = new();
            for (int index = 0; index < values.Length; index++)
            {
                values[index] = (long)Math.Pow(2, random.NextDouble() * powersMax);
                histogram.Record(values[index]);
            }

            Array.Sort(values);
            foreach (double part in s_parts)
            {
                long exact = values[Math.Max(0, (int)Math.Ceiling(part * values.Length) - 1)];
                long told = histogram.Percentile(part);
                Assert.True(Math.Abs(told - exact) <= exact * 0.01, $"seed {seed}, round {round}, part {part}: {told} instead of {exact}");
            }

            Assert.Equal(values[^1], histogram.Max);
            Assert.Equal(values.Length, histogram.Count);
        }
    }

    [Fact]
    public void SmallValuesAreExact()
    {
        for (long value = 0; value < 256; value++)
        {
            LatencyHistogram histogram = new();
            histogram.Record(value);
            histogram.Record(1 << 20);
            Assert.Equal(value, histogram.Percentile(0.5));
        }
    }

    [Fact]
    public void MergedHistogramsTellWhatOneForAllWouldTell()
    {
        Random random = new(7);
        LatencyHistogram all = new();
        LatencyHistogram[] parts = [new(), new(), new()];
        for (int index = 0; index < 30_000; index++)
        {
            long value = random.NextInt64(1, 10_000_000);
            all.Record(value);
            parts[index % 3].Record(value);
        }

        LatencyHistogram merged = new();
        foreach (LatencyHistogram part in parts) merged.Add(part);
        Assert.Equal(all.Count, merged.Count);
        Assert.Equal(all.Max, merged.Max);
        foreach (double part in s_parts) Assert.Equal(all.Percentile(part), merged.Percentile(part));
    }

    [Fact]
    public void ExtremeValuesAreCountedAndNothingIsToldOfNothing()
    {
        LatencyHistogram histogram = new();
        Assert.Equal(0, histogram.Percentile(0.99));
        histogram.Record(-5);
        Assert.Equal(0, histogram.Percentile(1));
        histogram.Record(long.MaxValue);
        Assert.Equal(long.MaxValue, histogram.Max);
        Assert.Equal(2, histogram.Count);
    }

    [Fact]
    public void RecordingAllocatesNothing()
    {
        LatencyHistogram histogram = new();
        histogram.Record(1);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (long value = 1; value < 1_000_000; value += 7) histogram.Record(value);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }
}
