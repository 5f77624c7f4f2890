using Sluice.Tool.Bench;
using Sluice.Wal;

namespace Sluice.Tool.Wal;

/// <summary>Which commits of one client saw the log go on to another segment, and how long the slowest of them took. One flow.</summary>
/// <param name="log">The log.</param>
/// <param name="window">The time that is measured.</param>
internal sealed class SwitchWatch(WriteAheadLog log, Window window)
{
    private ulong _segment;

    /// <summary>How many.</summary>
    internal long Count { get; private set; }

    /// <summary>How long the slowest took, in ticks.</summary>
    internal long Slowest { get; private set; }

    /// <summary>A commit is about to begin.</summary>
    internal void Begin() => _segment = Segment();

    /// <summary>It is durable.</summary>
    internal void End(long ticks)
    {
        if (Segment() == _segment || !window.IsMeasuring) return;
        Count++;
        Slowest = Math.Max(Slowest, ticks);
    }

    private ulong Segment() => log.InsertPosition.Value / (ulong)log.SegmentBytes;
}
