using System.Runtime.InteropServices;

namespace Sluice.Methods.Worker;

/// <summary>
/// What one worker counts. There is one per worker number, kept when the worker leaves, so totals never fall. Only the worker
/// that bears the number writes, with plain stores; readers may see a value a moment old. Two cache lines on each side keep the
/// counters of neighbours apart.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = 320)]
internal struct WorkerCounters
{
    [FieldOffset(128)]
    internal long Wakeups;

    [FieldOffset(136)]
    internal long UselessWakeups;

    [FieldOffset(144)]
    internal long Executed;

    [FieldOffset(152)]
    internal long Faults;
}
