namespace Sluice.TempFiles;

/// <summary>Encodes values into memory that is used again.</summary>
internal sealed class RecordEncoder<T>(IRecordCodec<T> codec)
{
    private byte[] _buffer = new byte[256];

    /// <summary>The record; valid until the next.</summary>
    internal ReadOnlySpan<byte> Encode(T value)
    {
        int length;
        while ((length = codec.Encode(value, _buffer)) < 0) _buffer = new byte[checked(_buffer.Length * 2)];
        return _buffer.AsSpan(0, length);
    }
}
