using System.Text;

namespace Sluice.TempFiles;

/// <summary>Strings as UTF-8. A string that is not valid UTF-16 is refused rather than changed.</summary>
public sealed class Utf8Codec : ITempCodec<string>
{
    private static readonly UTF8Encoding s_encoding = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private Utf8Codec()
    {
    }

    /// <summary>The codec: one serves all.</summary>
    public static Utf8Codec Instance { get; } = new();

    /// <inheritdoc/>
    public int Encode(string value, Span<byte> destination)
    {
        ArgumentNullException.ThrowIfNull(value);
        return s_encoding.TryGetBytes(value, destination, out int count) ? count : -1;
    }

    /// <inheritdoc/>
    public string Decode(ReadOnlySpan<byte> record) => s_encoding.GetString(record);
}
