namespace Sluice.TempFiles;

/// <summary>How values become records and come back. Used by several threads at once when a sort is parallel: without state, or safe with it.</summary>
/// <typeparam name="T">The values.</typeparam>
public interface ISortCodec<T>
{
    /// <summary>Writes a value down.</summary>
    /// <param name="value">The value.</param>
    /// <param name="destination">Where to.</param>
    /// <returns>How many bytes; negative when the destination is too short: it is called again with a longer one.</returns>
    int Encode(T value, Span<byte> destination);

    /// <summary>Makes the value again.</summary>
    /// <param name="record">Exactly the bytes that <see cref="Encode"/> wrote; not valid after the call.</param>
    T Decode(ReadOnlySpan<byte> record);
}
