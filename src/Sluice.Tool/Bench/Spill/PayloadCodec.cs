using System.Buffers.Binary;
using Sluice.TempFiles;

namespace Sluice.Tool.Bench.Spill;

/// <summary>Records of a 16-byte key, in bytes that order, and 84 bytes beside it.</summary>
internal sealed class PayloadCodec : ITempCodec<PayloadCodec.Row>
{
    internal const int KeyBytes = 16;
    internal const int RecordBytes = 100;

    public int Encode(Row value, Span<byte> destination)
    {
        if (destination.Length < RecordBytes) return -1;
        BinaryPrimitives.WriteUInt64BigEndian(destination, value.High);
        BinaryPrimitives.WriteUInt64BigEndian(destination[8..], value.Low);
        destination[KeyBytes..RecordBytes].Fill((byte)value.Low);
        return RecordBytes;
    }

    public Row Decode(ReadOnlySpan<byte> record) => new(BinaryPrimitives.ReadUInt64BigEndian(record),
        BinaryPrimitives.ReadUInt64BigEndian(record[8..]));

    internal readonly record struct Row(ulong High, ulong Low);

    /// <summary>Numbers that look random, the same for the same seed (SplitMix64, Steele, Lea, Flood).</summary>
    internal static ulong Mix(ulong number)
    {
        number += 0x9E37_79B9_7F4A_7C15;
        number = (number ^ (number >> 30)) * 0xBF58_476D_1CE4_E5B9;
        number = (number ^ (number >> 27)) * 0x94D0_49BB_1331_11EB;
        return number ^ (number >> 31);
    }
}
