using System.Runtime.CompilerServices;

namespace Sluice.TempFiles;

/// <summary>Spreads what a user's hash says over 64 bits, so that any of them can tell records apart.</summary>
internal static class HashBits
{
    /// <summary>How many bits there are to cut by.</summary>
    internal const int Count = 64;

    /// <summary>
    /// The finalizer of MurmurHash3, by Austin Appleby: each bit of the result depends on each of the argument, and none is lost.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static ulong Mix(ulong hash)
    {
        hash ^= hash >> 33;
        hash *= 0xFF51_AFD7_ED55_8CCDUL;
        hash ^= hash >> 33;
        hash *= 0xC4CE_B9FE_1A85_EC53UL;
        return hash ^ (hash >> 33);
    }

    /// <summary>Whether records that differ in some bits differ in one that was not cut by yet.</summary>
    internal static bool CanCut(ulong differingBits, int usedBits) => usedBits < Count && differingBits >> usedBits != 0;
}
