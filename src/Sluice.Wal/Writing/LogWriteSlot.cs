namespace Sluice.Wal;

/// <summary>One write from its start until everything before it is written. Under the log's state lock, except what the issuer alone uses.</summary>
internal sealed class LogWriteSlot
{
    internal ulong From;
    internal ulong To;

    /// <summary>The end of the records it contains.</summary>
    internal ulong Covers;

    /// <summary>Whether its completion makes it durable.</summary>
    internal bool IsSelfDurable;

    /// <summary>Whether a commit waits for it.</summary>
    internal bool IsCommit;

    internal LogSlotState State;
    internal int DoneBytes;
    internal long StartedTicks;
    internal long Sequence;
    internal WaitReference Reference;
}
