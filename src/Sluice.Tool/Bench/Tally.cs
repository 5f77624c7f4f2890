using System.Diagnostics;

namespace Sluice.Tool.Bench;

/// <summary>One flow's counts: no two flows share one.</summary>
/// <param name="window">The time that is measured.</param>
internal sealed class Tally(Window window)
{
    /// <summary>How long each operation took, in ticks of <see cref="Stopwatch"/>.</summary>
    internal LatencyHistogram Latencies { get; } = new();

    /// <summary>Counts an operation that completed now, if the measured time is on.</summary>
    /// <param name="ticks">How long it took.</param>
    internal void Record(long ticks)
    {
        if (window.IsMeasuring) Latencies.Record(ticks);
    }
}
