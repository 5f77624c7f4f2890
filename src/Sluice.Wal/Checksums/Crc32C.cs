using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using ArmCrc32 = System.Runtime.Intrinsics.Arm.Crc32;

namespace Sluice.Wal;

/// <summary>
/// CRC-32C (Castagnoli, the polynomial of iSCSI and of the CRC instructions). Picks the fastest way that the processor has: folding
/// with 512-bit carry-less multiplication, three interleaved instruction chains joined by carry-less multiplication, one chain, or tables.
/// </summary>
/// <remarks>
/// Folding is the method of Gopal and others, "Fast CRC Computation for Generic Polynomials Using PCLMULQDQ Instruction" (Intel, 2009);
/// its constants are powers of x modulo the polynomial, computed here at start instead of being copied from anywhere. A running value is
/// the register itself: neither inverted at the beginning nor at the end. Static and pure; any thread.
/// </remarks>
public static unsafe class Crc32C
{
    internal const uint Polynomial = 0x82F63B78;
    private const int InterleavedBlockBytes = 1024;
    private const int FoldMinimumBytes = 512;
    private const int InterleaveMinimumBytes = 512;

    private static readonly uint[] s_table = MakeTable();
    private static readonly ulong s_skipOneBlock = PowerOfX((8 * InterleavedBlockBytes) - 33);
    private static readonly ulong s_skipTwoBlocks = PowerOfX((16 * InterleavedBlockBytes) - 33);
    private static readonly ulong s_skipOneShort = PowerOfX((8 * 168) - 33);
    private static readonly ulong s_skipTwoShort = PowerOfX((16 * 168) - 33);
    private static readonly Vector128<ulong> s_fold2048 = FoldConstants(2048);
    private static readonly Vector128<ulong> s_fold512 = FoldConstants(512);
    private static readonly Vector128<ulong> s_fold384 = FoldConstants(384);
    private static readonly Vector128<ulong> s_fold256 = FoldConstants(256);
    private static readonly Vector128<ulong> s_fold128 = FoldConstants(128);

    /// <summary>Whether the folding way exists on this processor.</summary>
    internal static bool CanFold => Pclmulqdq.V512.IsSupported && Avx512F.IsSupported && Sse42.X64.IsSupported && BitConverter.IsLittleEndian;

    /// <summary>Whether the interleaved way exists on this processor.</summary>
    internal static bool CanInterleave => Sse42.X64.IsSupported && Pclmulqdq.IsSupported && BitConverter.IsLittleEndian;

    /// <summary>The checksum of some bytes, as others compute it: begun with all ones and inverted at the end.</summary>
    /// <param name="bytes">The bytes.</param>
    public static uint Compute(ReadOnlySpan<byte> bytes) => ~Append(uint.MaxValue, bytes);

    /// <summary>Takes more bytes into a running value.</summary>
    /// <param name="register">The running value; all ones to begin.</param>
    /// <param name="bytes">The bytes.</param>
    /// <returns>The new running value.</returns>
    public static uint Append(uint register, ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length >= FoldMinimumBytes)
        {
            if (CanFold) return AppendFolding(register, bytes);
            if (CanInterleave) return AppendInterleaved(register, bytes);
        }

        return AppendSerial(register, bytes);
    }

    /// <summary>Takes one 64-bit number, little endian, into a running value.</summary>
    /// <param name="register">The running value.</param>
    /// <param name="value">The number.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Append(uint register, ulong value) => BitOperations.Crc32C(register, value);

    /// <summary>One chain: the processor's instruction, or tables where there is none.</summary>
    internal static uint AppendSerial(uint register, ReadOnlySpan<byte> bytes)
    {
        if (!Sse42.X64.IsSupported && !ArmCrc32.Arm64.IsSupported) return AppendPortable(register, bytes);
        ref byte first = ref MemoryMarshal.GetReference(bytes);
        int length = bytes.Length;
        int offset = 0;
        for (; offset + 8 <= length; offset += 8) register = BitOperations.Crc32C(register, Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref first, offset)));
        if ((length & 4) != 0)
        {
            register = BitOperations.Crc32C(register, Unsafe.ReadUnaligned<uint>(ref Unsafe.Add(ref first, offset)));
            offset += 4;
        }

        for (; offset < length; offset++) register = BitOperations.Crc32C(register, Unsafe.Add(ref first, offset));
        return register;
    }

    /// <summary>Tables, eight bytes at a time: for processors without an instruction.</summary>
    internal static uint AppendPortable(uint register, ReadOnlySpan<byte> bytes)
    {
        uint[] table = s_table;
        while (bytes.Length >= 8)
        {
            uint low = BinaryPrimitives.ReadUInt32LittleEndian(bytes) ^ register;
            uint high = BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]);
            register = table[(7 * 256) + (low & 0xFF)] ^ table[(6 * 256) + ((low >> 8) & 0xFF)]
                ^ table[(5 * 256) + ((low >> 16) & 0xFF)] ^ table[(4 * 256) + (low >> 24)]
                ^ table[(3 * 256) + (high & 0xFF)] ^ table[(2 * 256) + ((high >> 8) & 0xFF)]
                ^ table[256 + ((high >> 16) & 0xFF)] ^ table[high >> 24];
            bytes = bytes[8..];
        }

        foreach (byte value in bytes) register = table[(register ^ value) & 0xFF] ^ (register >> 8);
        return register;
    }

    /// <summary>Three chains at once, because the instruction takes three cycles and one can begin each cycle.</summary>
    internal static uint AppendInterleaved(uint register, ReadOnlySpan<byte> bytes)
    {
        fixed (byte* start = bytes)
        {
            byte* at = start;
            byte* end = start + bytes.Length;
            while (end - at >= 3 * InterleavedBlockBytes)
            {
                register = ThreeBlocks(register, at, InterleavedBlockBytes, s_skipOneBlock, s_skipTwoBlocks);
                at += 3 * InterleavedBlockBytes;
            }

            while (end - at >= 3 * 168)
            {
                register = ThreeBlocks(register, at, 168, s_skipOneShort, s_skipTwoShort);
                at += 3 * 168;
            }

            return AppendSerial(register, new ReadOnlySpan<byte>(at, (int)(end - at)));
        }
    }

    /// <summary>Sixteen 128-bit remainders at once; each step multiplies them forward by 256 bytes and adds what stands there.</summary>
    internal static uint AppendFolding(uint register, ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < FoldMinimumBytes) return AppendSerial(register, bytes);
        fixed (byte* start = bytes)
        {
            byte* at = start;
            byte* end = start + bytes.Length;
            Vector512<ulong> first = Vector512.Load((ulong*)at) ^ Vector512.Create((ulong)register, 0, 0, 0, 0, 0, 0, 0);
            Vector512<ulong> second = Vector512.Load((ulong*)(at + 64));
            Vector512<ulong> third = Vector512.Load((ulong*)(at + 128));
            Vector512<ulong> fourth = Vector512.Load((ulong*)(at + 192));
            at += 256;
            Vector512<ulong> far = Repeat(s_fold2048);
            while (end - at >= 256)
            {
                first = Fold(first, far, Vector512.Load((ulong*)at));
                second = Fold(second, far, Vector512.Load((ulong*)(at + 64)));
                third = Fold(third, far, Vector512.Load((ulong*)(at + 128)));
                fourth = Fold(fourth, far, Vector512.Load((ulong*)(at + 192)));
                at += 256;
            }

            Vector512<ulong> near = Repeat(s_fold512);
            second = Fold(first, near, second);
            third = Fold(second, near, third);
            fourth = Fold(third, near, fourth);
            while (end - at >= 64)
            {
                fourth = Fold(fourth, near, Vector512.Load((ulong*)at));
                at += 64;
            }

            Vector128<ulong> remainder = Fold(fourth.GetLower().GetLower(), s_fold384)
                ^ Fold(fourth.GetLower().GetUpper(), s_fold256)
                ^ Fold(fourth.GetUpper().GetLower(), s_fold128)
                ^ fourth.GetUpper().GetUpper();

            // The remainder is a message of 16 bytes that is congruent to everything before.
            uint result = (uint)Sse42.X64.Crc32(Sse42.X64.Crc32(0, remainder.ToScalar()), remainder.GetElement(1));
            return AppendSerial(result, new ReadOnlySpan<byte>(at, (int)(end - at)));
        }
    }

    private static uint ThreeBlocks(uint register, byte* at, int blockBytes, ulong skipOne, ulong skipTwo)
    {
        ulong a = register;
        ulong b = 0;
        ulong c = 0;
        for (int offset = 0; offset < blockBytes; offset += 8)
        {
            a = Sse42.X64.Crc32(a, *(ulong*)(at + offset));
            b = Sse42.X64.Crc32(b, *(ulong*)(at + blockBytes + offset));
            c = Sse42.X64.Crc32(c, *(ulong*)(at + (2 * blockBytes) + offset));
        }

        // A product of two reflected polynomials stands one place too low, and the instruction multiplies by x^32: hence the 33 in the powers.
        ulong skipped = Multiply(a, skipTwo) ^ Multiply(b, skipOne);
        return (uint)(Sse42.X64.Crc32(0, skipped) ^ c);
    }

    private static ulong Multiply(ulong left, ulong right) =>
        Pclmulqdq.CarrylessMultiply(Vector128.CreateScalar(left), Vector128.CreateScalar(right), 0).ToScalar();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<ulong> Fold(Vector512<ulong> value, Vector512<ulong> constants, Vector512<ulong> next) =>
        Avx512F.TernaryLogic(
            Pclmulqdq.V512.CarrylessMultiply(value, constants, 0x00), Pclmulqdq.V512.CarrylessMultiply(value, constants, 0x11), next, 0x96);

    private static Vector128<ulong> Fold(Vector128<ulong> value, Vector128<ulong> constants) =>
        Pclmulqdq.CarrylessMultiply(value, constants, 0x00) ^ Pclmulqdq.CarrylessMultiply(value, constants, 0x11);

    private static Vector512<ulong> Repeat(Vector128<ulong> value)
    {
        Vector256<ulong> two = Vector256.Create(value, value);
        return Vector512.Create(two, two);
    }

    // Multiplying 64 bits forward by a distance, in the reflected domain: the low half goes 32 bits further than the high one.
    private static Vector128<ulong> FoldConstants(int distanceBits) =>
        Vector128.Create((ulong)PowerOfX(distanceBits + 32) << 1, (ulong)PowerOfX(distanceBits - 32) << 1);

    /// <summary>x to a power, modulo the polynomial; the highest bit is x^0.</summary>
    private static uint PowerOfX(int power)
    {
        uint value = 0x80000000;
        for (int step = 0; step < power; step++) value = (value >> 1) ^ ((value & 1) == 0 ? 0 : Polynomial);
        return value;
    }

    private static uint[] MakeTable()
    {
        uint[] table = new uint[8 * 256];
        for (uint index = 0; index < 256; index++)
        {
            uint value = index;
            for (int bit = 0; bit < 8; bit++) value = (value >> 1) ^ ((value & 1) == 0 ? 0 : Polynomial);
            table[index] = value;
        }

        for (int index = 256; index < table.Length; index++) table[index] = table[table[index - 256] & 0xFF] ^ (table[index - 256] >> 8);
        return table;
    }
}
