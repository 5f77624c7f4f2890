using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Sluice.Storage;

/// <summary>
/// PostgreSQL's page checksum, bit for bit: 32 lanes of a multiplicative hash (after FNV-1a) over the page as rows of 32 words,
/// folded together and mixed with the block number. Any thread; allocates nothing.
/// </summary>
/// <remarks>
/// <para>The lanes do not depend on each other, so a row is two vectors of 512 bits or four of 256. One page alone is bound by
/// the latency of the multiplication (the lanes of a row wait for the row before); two pages at once fill that gap, which is what
/// <see cref="ComputePair"/> is for.</para>
/// <para>The words are little-endian on every machine. The forms agree with each other, which is tested on every bit of a page.</para>
/// </remarks>
public static partial class PageChecksum
{
    private const uint Prime = 16777619;
    private const int Shift = 17;
    private const int Lanes = 32;
    private const int RowBytes = Lanes * sizeof(uint);

    // The checksum is the lower half of the third word of the first row: it counts as zero.
    private const int ChecksumOffset = 8;

    private static ReadOnlySpan<uint> Seeds =>
    [
        0x5B1F36E9, 0xB8525960, 0x02AB50AA, 0x1DE66D2A, 0x79FF467A, 0x9BB9F8A3, 0x217E7CD2, 0x83E13D2C,
        0xF8D4474F, 0xE39EB970, 0x42C6AE16, 0x993216FA, 0x7B093B5D, 0x98DAFF3C, 0xF718902A, 0x0B1C9CDB,
        0xE58F764B, 0x187636BC, 0x5D7B3BB1, 0xE73DE7DE, 0x92BEC979, 0xCCA6C0B2, 0x304A0979, 0x85AA43D4,
        0x783125BB, 0x6CA8EAA2, 0xE407EAC6, 0x4B5CFC3E, 0x9FBF8C76, 0x15CA20BE, 0xF2CA9FD3, 0x959BD756,
    ];

    /// <summary>The checksum of a page; never 0. What is stored in the checksum field does not count.</summary>
    /// <param name="page">A whole page.</param>
    /// <param name="blockNumber">Its number within its fork, not within its file.</param>
    public static ushort Compute(ReadOnlySpan<byte> page, uint blockNumber)
    {
        RequirePage(page);
        return Finish(Hash(page), blockNumber);
    }

    /// <summary>The checksums of two neighbouring pages in the time of little more than one.</summary>
    /// <param name="pages">Two whole pages, one after the other.</param>
    /// <param name="blockNumber">The number of the first within its fork; the second's is the next.</param>
    /// <returns>Theirs, in order.</returns>
    public static (ushort First, ushort Second) ComputePair(ReadOnlySpan<byte> pages, uint blockNumber)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(pages.Length, 2 * StorageLimits.PageBytes);
        ReadOnlySpan<byte> first = pages[..StorageLimits.PageBytes];
        ReadOnlySpan<byte> second = pages[StorageLimits.PageBytes..];
        if (!Vector512.IsHardwareAccelerated || !BitConverter.IsLittleEndian)
        {
            return (Compute(first, blockNumber), Compute(second, blockNumber + 1));
        }

        (uint one, uint two) = HashPair512(first, second);
        return (Finish(one, blockNumber), Finish(two, blockNumber + 1));
    }

    /// <summary>Computes a page's checksum and stores it in its header. A page that is new stays without one.</summary>
    /// <param name="page">A whole page; nobody else changes it meanwhile.</param>
    /// <param name="blockNumber">Its number within its fork.</param>
    public static void Store(Span<byte> page, uint blockNumber)
    {
        RequirePage(page);
        if (PageHeader.IsNewPage(page)) return;
        BinaryPrimitives.WriteUInt16LittleEndian(page[ChecksumOffset..], Compute(page, blockNumber));
    }

    private static uint Hash(ReadOnlySpan<byte> page)
    {
        if (!BitConverter.IsLittleEndian) return HashPortable(page);
        if (Vector512.IsHardwareAccelerated) return Hash512(page);
        return Vector256.IsHardwareAccelerated ? Hash256(page) : HashPortable(page);
    }

    /// <summary>The hash before the block number, word by word: what the others are compared with.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static uint HashPortable(ReadOnlySpan<byte> page)
    {
        Span<uint> lanes = stackalloc uint[Lanes];
        Seeds.CopyTo(lanes);
        ReadOnlySpan<uint> words = MemoryMarshal.Cast<byte, uint>(page);
        for (int row = 0; row < words.Length; row += Lanes)
        {
            // Slices of the very length of the loop need no check per word.
            ReadOnlySpan<uint> rowWords = words.Slice(row, Lanes);
            for (int lane = 0; lane < rowWords.Length && lane < lanes.Length; lane++)
            {
                uint word = BitConverter.IsLittleEndian ? rowWords[lane] : BinaryPrimitives.ReverseEndianness(rowWords[lane]);
                if (row == 0 && lane == ChecksumOffset / sizeof(uint)) word &= 0xFFFF_0000;
                uint mixed = lanes[lane] ^ word;
                lanes[lane] = (mixed * Prime) ^ (mixed >> Shift);
            }
        }

        uint hash = 0;
        foreach (uint lane in lanes) hash ^= Mix(Mix(lane));
        return hash;

        static uint Mix(uint lane) => (lane * Prime) ^ (lane >> Shift);
    }

    internal static ushort Finish(uint hash, uint blockNumber) => (ushort)(((hash ^ blockNumber) % 65535) + 1);

    private static void RequirePage(ReadOnlySpan<byte> page) =>
        ArgumentOutOfRangeException.ThrowIfNotEqual(page.Length, StorageLimits.PageBytes, nameof(page));
}
