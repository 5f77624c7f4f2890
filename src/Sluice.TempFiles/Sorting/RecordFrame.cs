using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Sluice.TempFiles;

/// <summary>How records stand on tapes: the length in one byte below 128, else in four with the highest bit set, then the bytes.</summary>
internal static unsafe class RecordFrame
{
    internal const int HeaderBytesMax = 4;
    private const int ShortMax = 127;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int HeaderBytes(int length) => length <= ShortMax ? 1 : HeaderBytesMax;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void WriteHeader(byte* at, int length)
    {
        if (length <= ShortMax) *at = (byte)length;
        else Unsafe.WriteUnaligned(at, BinaryPrimitives.ReverseEndianness((uint)length | 0x8000_0000));
    }

    internal static bool IsLong(byte first) => first > ShortMax;

    internal static int ReadLong(byte* at) => (int)(BinaryPrimitives.ReverseEndianness(Unsafe.ReadUnaligned<uint>(at)) & 0x7FFF_FFFF);
}
