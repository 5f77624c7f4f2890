using System.Buffers.Binary;

namespace Sluice.TempFiles.Tests.Support;

/// <summary>A record of tests: a key, a number that tells it from others with the key, and as many bytes as were asked for.</summary>
internal sealed record Row(int Key, int Id, int Length)
{
    /// <summary>Whether the bytes that came back are those that were written.</summary>
    internal bool IsWhole { get; init; } = true;
}

/// <summary>Writes rows so that every byte can be checked.</summary>
internal sealed class RowCodec : ITempCodec<Row>
{
    internal Action? BeforeEncode { get; init; }

    internal Action? BeforeDecode { get; init; }

    public int Encode(Row value, Span<byte> destination)
    {
        BeforeEncode?.Invoke();
        if (destination.Length < 8 + value.Length) return -1;
        BinaryPrimitives.WriteInt32LittleEndian(destination, value.Key);
        BinaryPrimitives.WriteInt32LittleEndian(destination[4..], value.Id);
        Span<byte> rest = destination.Slice(8, value.Length);
        for (int index = 0; index < rest.Length; index++) rest[index] = (byte)(value.Id + (index * 7));
        return 8 + value.Length;
    }

    public Row Decode(ReadOnlySpan<byte> record)
    {
        BeforeDecode?.Invoke();
        int id = BinaryPrimitives.ReadInt32LittleEndian(record[4..]);
        bool isWhole = true;
        ReadOnlySpan<byte> rest = record[8..];
        for (int index = 0; index < rest.Length; index++) isWhole &= rest[index] == (byte)(id + (index * 7));
        return new Row(BinaryPrimitives.ReadInt32LittleEndian(record), id, record.Length - 8) { IsWhole = isWhole };
    }
}
