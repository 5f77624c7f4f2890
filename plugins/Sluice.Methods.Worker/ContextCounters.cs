using System.Runtime.InteropServices;

namespace Sluice.Methods.Worker;

/// <summary>
/// What one context counts. Submit writes the one part, TryExecuteAtOnce the other (each runs on one thread at a time), with plain stores;
/// readers may see a value a moment old. Padded on both sides, because contexts are busy at the same time.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = 320)]
internal struct ContextCounters
{
    [FieldOffset(128)]
    internal long Submitted;

    [FieldOffset(136)]
    internal long NoWaitHits;

    [FieldOffset(144)]
    internal long NoWaitMisses;

    [FieldOffset(152)]
    internal long QueueOverflows;

    [FieldOffset(160)]
    internal long Faults;

    /// <summary>Faults of reads tried by the issuer, who may be another thread than the submitter.</summary>
    [FieldOffset(168)]
    internal long TrialFaults;

    [FieldOffset(176)]
    internal long TrustedReads;

    /// <summary>Reads that the issuer took back out of the queue and executed.</summary>
    [FieldOffset(184)]
    internal long TakenBack;

    internal void Add(in ContextCounters other)
    {
        Submitted += other.Submitted;
        NoWaitHits += other.NoWaitHits;
        NoWaitMisses += other.NoWaitMisses;
        QueueOverflows += other.QueueOverflows;
        Faults += other.Faults;
        TrialFaults += other.TrialFaults;
        TrustedReads += other.TrustedReads;
        TakenBack += other.TakenBack;
    }
}
