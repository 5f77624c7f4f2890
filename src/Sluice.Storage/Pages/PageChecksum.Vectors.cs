using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Sluice.Storage;

/// <summary>
/// The same hash with vectors. The callers checked that the page is whole; the vectors are those of a little-endian machine. Compiled
/// with all optimisation at the first call: a tool that reads a gigabyte is done before the runtime would have noticed that it is hot.
/// </summary>
public static partial class PageChecksum
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static uint Hash256(ReadOnlySpan<byte> page)
    {
        ref byte row = ref MemoryMarshal.GetReference(page);
        ref uint seeds = ref MemoryMarshal.GetReference(Seeds);
        Vector256<uint> first = Vector256.LoadUnsafe(ref seeds);
        Vector256<uint> second = Vector256.LoadUnsafe(ref seeds, 8);
        Vector256<uint> third = Vector256.LoadUnsafe(ref seeds, 16);
        Vector256<uint> fourth = Vector256.LoadUnsafe(ref seeds, 24);

        first = Mix(first, Load256(ref row, 0) & Vector256.Create(~0u, ~0u, 0xFFFF_0000, ~0u, ~0u, ~0u, ~0u, ~0u));
        second = Mix(second, Load256(ref row, 32));
        third = Mix(third, Load256(ref row, 64));
        fourth = Mix(fourth, Load256(ref row, 96));
        for (nuint offset = RowBytes; offset < StorageLimits.PageBytes; offset += RowBytes)
        {
            first = Mix(first, Load256(ref row, offset));
            second = Mix(second, Load256(ref row, offset + 32));
            third = Mix(third, Load256(ref row, offset + 64));
            fourth = Mix(fourth, Load256(ref row, offset + 96));
        }

        Vector256<uint> none = Vector256<uint>.Zero;
        Vector256<uint> folded =
            Mix(Mix(first, none), none) ^ Mix(Mix(second, none), none) ^ Mix(Mix(third, none), none) ^ Mix(Mix(fourth, none), none);
        return Fold(folded);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static uint Hash512(ReadOnlySpan<byte> page)
    {
        ref byte row = ref MemoryMarshal.GetReference(page);
        ref uint seeds = ref MemoryMarshal.GetReference(Seeds);
        Vector512<uint> low = Vector512.LoadUnsafe(ref seeds);
        Vector512<uint> high = Vector512.LoadUnsafe(ref seeds, 16);

        low = Mix(low, Load512(ref row, 0) & FirstRowMask());
        high = Mix(high, Load512(ref row, 64));
        for (nuint offset = RowBytes; offset < StorageLimits.PageBytes; offset += RowBytes)
        {
            low = Mix(low, Load512(ref row, offset));
            high = Mix(high, Load512(ref row, offset + 64));
        }

        return Fold(low, high);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static (uint First, uint Second) HashPair512(ReadOnlySpan<byte> firstPage, ReadOnlySpan<byte> secondPage)
    {
        ref byte firstRow = ref MemoryMarshal.GetReference(firstPage);
        ref byte secondRow = ref MemoryMarshal.GetReference(secondPage);
        ref uint seeds = ref MemoryMarshal.GetReference(Seeds);
        Vector512<uint> firstLow = Vector512.LoadUnsafe(ref seeds);
        Vector512<uint> firstHigh = Vector512.LoadUnsafe(ref seeds, 16);
        Vector512<uint> secondLow = firstLow;
        Vector512<uint> secondHigh = firstHigh;

        firstLow = Mix(firstLow, Load512(ref firstRow, 0) & FirstRowMask());
        firstHigh = Mix(firstHigh, Load512(ref firstRow, 64));
        secondLow = Mix(secondLow, Load512(ref secondRow, 0) & FirstRowMask());
        secondHigh = Mix(secondHigh, Load512(ref secondRow, 64));
        for (nuint offset = RowBytes; offset < StorageLimits.PageBytes; offset += RowBytes)
        {
            firstLow = Mix(firstLow, Load512(ref firstRow, offset));
            firstHigh = Mix(firstHigh, Load512(ref firstRow, offset + 64));
            secondLow = Mix(secondLow, Load512(ref secondRow, offset));
            secondHigh = Mix(secondHigh, Load512(ref secondRow, offset + 64));
        }

        return (Fold(firstLow, firstHigh), Fold(secondLow, secondHigh));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> Mix(Vector256<uint> lanes, Vector256<uint> words)
    {
        Vector256<uint> mixed = lanes ^ words;
        return (mixed * Vector256.Create(Prime)) ^ (mixed >>> Shift);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<uint> Mix(Vector512<uint> lanes, Vector512<uint> words)
    {
        Vector512<uint> mixed = lanes ^ words;
        return (mixed * Vector512.Create(Prime)) ^ (mixed >>> Shift);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<uint> FirstRowMask() =>
        Vector512.Create(~0u, ~0u, 0xFFFF_0000, ~0u, ~0u, ~0u, ~0u, ~0u, ~0u, ~0u, ~0u, ~0u, ~0u, ~0u, ~0u, ~0u);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> Load256(ref byte row, nuint offset) => Vector256.LoadUnsafe(ref row, offset).AsUInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<uint> Load512(ref byte row, nuint offset) => Vector512.LoadUnsafe(ref row, offset).AsUInt32();

    private static uint Fold(Vector512<uint> low, Vector512<uint> high)
    {
        Vector512<uint> none = Vector512<uint>.Zero;
        Vector512<uint> folded = Mix(Mix(low, none), none) ^ Mix(Mix(high, none), none);
        return Fold(folded.GetLower() ^ folded.GetUpper());
    }

    private static uint Fold(Vector256<uint> folded)
    {
        Vector128<uint> half = folded.GetLower() ^ folded.GetUpper();
        return half[0] ^ half[1] ^ half[2] ^ half[3];
    }
}
