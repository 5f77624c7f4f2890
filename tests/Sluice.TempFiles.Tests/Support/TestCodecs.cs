using System.Buffers.Binary;

namespace Sluice.TempFiles.Tests.Support;

/// <summary>Byte arrays as records.</summary>
internal sealed class ArrayCodec : ITempCodec<byte[]>
{
    public int Encode(byte[] value, Span<byte> destination)
    {
        if (value.Length > destination.Length) return -1;
        value.CopyTo(destination);
        return value.Length;
    }

    public byte[] Decode(ReadOnlySpan<byte> record) => record.ToArray();
}

/// <summary>A key, and a number that says when it was added; the key comes first and orders as bytes.</summary>
internal sealed class NumberedCodec : ITempCodec<(int Key, int Number)>
{
    public int Encode((int Key, int Number) value, Span<byte> destination)
    {
        if (destination.Length < 8) return -1;
        BinaryPrimitives.WriteUInt32BigEndian(destination, (uint)value.Key ^ 0x8000_0000);
        BinaryPrimitives.WriteInt32LittleEndian(destination[4..], value.Number);
        return 8;
    }

    public (int Key, int Number) Decode(ReadOnlySpan<byte> record) =>
        ((int)(BinaryPrimitives.ReadUInt32BigEndian(record) ^ 0x8000_0000), BinaryPrimitives.ReadInt32LittleEndian(record[4..]));
}
