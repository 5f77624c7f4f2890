namespace Sluice.TempFiles;

/// <summary>Records that are bytes already, looked at where they are when they come back. Allocates nothing.</summary>
public sealed class BytesCodec : ITempCodec<ReadOnlySpan<byte>>
{
    private BytesCodec()
    {
    }

    /// <summary>The codec: one serves all.</summary>
    public static BytesCodec Instance { get; } = new();

    /// <inheritdoc/>
    public int Encode(ReadOnlySpan<byte> value, Span<byte> destination) => value.TryCopyTo(destination) ? value.Length : -1;

    /// <inheritdoc/>
    public ReadOnlySpan<byte> Decode(ReadOnlySpan<byte> record) => record;
}
