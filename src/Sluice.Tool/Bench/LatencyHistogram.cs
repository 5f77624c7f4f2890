using System.Numerics;

namespace Sluice.Tool.Bench;

/// <summary>
/// Counts latencies in buckets whose width grows with the value: exact below 256, after that 128 buckets for each power of two, so
/// that a percentile is off by less than 0.4 % of its value. Recording allocates nothing. One thread at a time.
/// </summary>
internal sealed class LatencyHistogram
{
    private const int BucketsPerPower = 128;
    private const int BucketsPerPowerLog2 = 7;

    // 2^42 ns is more than an hour; whatever takes longer counts as that.
    private const int PowersMax = 42;
    private const long ValueMax = (1L << PowersMax) - 1;

    private readonly long[] _counts = new long[IndexOf(ValueMax) + 1];
    private long _max;

    /// <summary>How many were recorded.</summary>
    internal long Count { get; private set; }

    /// <summary>The largest value recorded, exactly; 0 when there is none.</summary>
    internal long Max => _max;

    /// <summary>Counts one value.</summary>
    /// <param name="value">The value; a negative one counts as 0.</param>
    internal void Record(long value)
    {
        if (value < 0) value = 0;
        if (value > _max) _max = value;
        _counts[IndexOf(Math.Min(value, ValueMax))]++;
        Count++;
    }

    /// <summary>Adds another's counts to these.</summary>
    internal void Add(LatencyHistogram other)
    {
        for (int index = 0; index < _counts.Length; index++) _counts[index] += other._counts[index];
        Count += other.Count;
        _max = Math.Max(_max, other._max);
    }

    /// <summary>The value below or at which a part of all values lies: the nearest-rank percentile, to the middle of its bucket.</summary>
    /// <param name="part">The part, above 0 and up to 1: 0.99 for the 99th percentile.</param>
    /// <returns>The value; 0 when nothing was recorded.</returns>
    internal long Percentile(double part)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(part);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(part, 1.0);
        long rank = Math.Clamp((long)Math.Ceiling(part * Count), 1, Math.Max(Count, 1));
        long seen = 0;
        for (int index = 0; index < _counts.Length; index++)
        {
            seen += _counts[index];
            if (seen >= rank) return Math.Min(MiddleOf(index), _max);
        }

        return 0;
    }

    private static int IndexOf(long value)
    {
        int shift = Math.Max(0, BitOperations.Log2((ulong)value) - BucketsPerPowerLog2);
        return (shift * BucketsPerPower) + (int)(value >> shift);
    }

    private static long MiddleOf(int index)
    {
        int shift = Math.Max(0, (index / BucketsPerPower) - 1);
        long least = (long)(index - (shift * BucketsPerPower)) << shift;
        return least + ((1L << shift) >> 1);
    }
}
