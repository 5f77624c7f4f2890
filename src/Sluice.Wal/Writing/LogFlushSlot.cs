namespace Sluice.Wal;

/// <summary>One flush from its start until every flush before it is over. Under the log's state lock.</summary>
internal sealed class LogFlushSlot
{
    /// <summary>Everything before was written when it began.</summary>
    internal ulong Covers;

    internal LogSlotState State;
    internal long StartedTicks;
    internal long Sequence;
    internal WaitReference Reference;
}
