namespace Sluice.Methods.IoUring;

/// <summary>
/// What travels through the kernel with an entry: never a pointer. From the top: 4 bits what the entry is, 36 bits of the
/// slot's generation, 24 bits slot.
/// </summary>
internal static class UserData
{
    /// <summary>The entry is a whole request.</summary>
    internal const int Whole = 1;

    /// <summary>The entry is the write of a linked pair.</summary>
    internal const int LinkedWrite = 2;

    /// <summary>The entry is the flush of a linked pair.</summary>
    internal const int LinkedFlush = 3;

    /// <summary>The entry wakes whoever waits.</summary>
    internal const int Wake = 15;

    private const int SlotBits = 24;
    private const int KindShift = 60;
    private const ulong GenerationMask = (1UL << (KindShift - SlotBits)) - 1;

    internal static ulong Make(int kind, ulong generation, int slot) =>
        ((ulong)kind << KindShift) | ((generation & GenerationMask) << SlotBits) | (uint)slot;

    internal static int KindOf(ulong userData) => (int)(userData >> KindShift);

    internal static int SlotOf(ulong userData) => (int)(userData & ((1 << SlotBits) - 1));

    internal static bool IsOf(ulong userData, ulong generation) =>
        ((userData >> SlotBits) & GenerationMask) == (generation & GenerationMask);
}
