using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Sluice.TempFiles;

/// <summary>Eight bytes of a record as a number that orders like them.</summary>
internal static unsafe class RecordPrefix
{
    /// <summary>The eight bytes from a depth on, big end first, with zeros where the record has ended.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static ulong At(byte* record, int length, int depth)
    {
        int left = length - depth;
        return left >= sizeof(ulong) ? BinaryPrimitives.ReverseEndianness(Unsafe.ReadUnaligned<ulong>(record + depth))
            : Short(record + depth, left);
    }

    private static ulong Short(byte* at, int left)
    {
        ulong prefix = 0;
        for (int index = 0; index < sizeof(ulong); index++) prefix = (prefix << 8) | (index < left ? at[index] : 0UL);
        return prefix;
    }
}
