using System.Runtime.InteropServices;

namespace Sluice.Storage;

/// <summary>
/// The clock's hand: a count of all buffers it ever passed. Sessions take a few at a time, so that they meet on its cache line seldom.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = 192)]
internal struct ClockSweep
{
    [FieldOffset(64)]
    private long _ticks;

    /// <summary>How far the hand has come since the start.</summary>
    internal long Ticks => Volatile.Read(ref _ticks);

    /// <summary>Takes the next few for the caller alone to look at.</summary>
    /// <returns>The tick of the first.</returns>
    internal long Take(int count) => Interlocked.Add(ref _ticks, count) - count;
}
