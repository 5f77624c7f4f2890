using System.Runtime.InteropServices;

namespace Sluice.Methods.Worker;

/// <summary>
/// What one context counts. Only the submitter writes (the runtime lets one submit at a time), with plain stores; readers may
/// see a value a moment old. Padded on both sides, because contexts are busy at the same time.
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

    internal void Add(in ContextCounters other)
    {
        Submitted += other.Submitted;
        NoWaitHits += other.NoWaitHits;
        NoWaitMisses += other.NoWaitMisses;
        QueueOverflows += other.QueueOverflows;
        Faults += other.Faults;
    }
}
