using System.Runtime.InteropServices;

namespace Sluice.Methods.IoUring;

/// <summary>Counted by whoever holds the submission lock. Its own cache lines, so that submitter and reaper do not share one.</summary>
[StructLayout(LayoutKind.Sequential, Size = 256)]
internal struct SubmitCounters
{
    private readonly long _before0, _before1, _before2, _before3, _before4, _before5, _before6, _before7;
    internal long Submitted;
    internal long Enters;
    internal long Punts;
    internal long Wakes;
    internal long FixedTransfers;
    internal long UnlinkedFlushes;
}

/// <summary>Counted by the leading thread only. Its own cache lines.</summary>
[StructLayout(LayoutKind.Sequential, Size = 256)]
internal struct ReapCounters
{
    private readonly long _before0, _before1, _before2, _before3, _before4, _before5, _before6, _before7;
    internal long Reaped;
    internal long Enters;
    internal long Interrupted;
    internal long Reexecuted;
    internal long FlushesRepeated;
    internal long OverflowFlushes;
    internal long Strays;
}
