using System.Diagnostics;

namespace Ledger;

/// <summary>How long things took. All of them are kept: ten seconds are a few MiB.</summary>
internal sealed class Latencies
{
    private readonly List<long> _ticks = [];

    internal int Count => _ticks.Count;

    internal void Add(long ticks) => _ticks.Add(ticks);

    internal void Add(Latencies other) => _ticks.AddRange(other._ticks);

    internal void Sort() => _ticks.Sort();

    /// <summary>The time within which that share of them was done, in milliseconds. After <see cref="Sort"/>.</summary>
    internal double MillisecondsAt(double share) =>
        _ticks.Count == 0 ? 0 : _ticks[(int)Math.Min(share * _ticks.Count, _ticks.Count - 1)] * 1000.0 / Stopwatch.Frequency;
}
