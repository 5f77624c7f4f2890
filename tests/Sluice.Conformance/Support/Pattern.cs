using System.Runtime.InteropServices;

namespace Sluice.Conformance.Support;

/// <summary>
/// Content that says where it belongs: every word is a function of its place in the file and of the file, so a byte from elsewhere is
/// noticed.
/// </summary>
public static class Pattern
{
    /// <summary>The size of a block in the suite's files.</summary>
    public const int BlockBytes = 8192;

    public static ulong WordAt(long offsetBytes, ulong seed)
    {
        ulong word = ((ulong)offsetBytes / 8 + 1) * 0x9E3779B97F4A7C15UL ^ (seed * 0xC2B2AE3D27D4EB4FUL);
        word ^= word >> 29;
        return (word * 0xBF58476D1CE4E5B9UL) | 1;
    }

    /// <summary>Fills memory with what the file has at an offset; offset and length are multiples of 8.</summary>
    public static void Fill(Span<byte> memory, long offsetBytes, ulong seed = 0)
    {
        Span<ulong> words = MemoryMarshal.Cast<byte, ulong>(memory);
        for (int index = 0; index < words.Length; index++) words[index] = WordAt(offsetBytes + (index * 8L), seed);
    }

    /// <summary>Where the first wrong word is, or -1.</summary>
    public static int FindMistake(ReadOnlySpan<byte> memory, long offsetBytes, ulong seed = 0)
    {
        ReadOnlySpan<ulong> words = MemoryMarshal.Cast<byte, ulong>(memory);
        for (int index = 0; index < words.Length; index++)
        {
            if (words[index] != WordAt(offsetBytes + (index * 8L), seed)) return index * 8;
        }

        return -1;
    }

    public static void Check(ReadOnlySpan<byte> memory, long offsetBytes, ulong seed = 0)
    {
        int mistake = FindMistake(memory, offsetBytes, seed);
        if (mistake >= 0)
        {
            string where = $"byte {mistake} of {memory.Length} at offset {offsetBytes}";
            Assert.Fail($"Wrong content at offset {offsetBytes + mistake} of the file ({where}).");
        }
    }
}
