namespace Sluice.TempFiles;

/// <summary>
/// How values become records and come back, for whatever keeps records in temporary files. Used by several threads at once when an
/// operation is parallel: without state, or safe with it.
/// </summary>
/// <remarks>What it throws ends the operation that called it, which then leaves neither files nor I/O behind.</remarks>
/// <typeparam name="T">The values; may be a ref struct that looks at the bytes where they are.</typeparam>
public interface ITempCodec<T>
    where T : allows ref struct
{
    /// <summary>Writes a value down.</summary>
    /// <param name="value">The value.</param>
    /// <param name="destination">Where to.</param>
    /// <returns>How many bytes; negative when the destination is too short: it is called again with a longer one.</returns>
    int Encode(T value, Span<byte> destination);

    /// <summary>Makes the value again.</summary>
    /// <param name="record">Exactly the bytes that <see cref="Encode"/> wrote. A value that looks at them does so only in the call it
    /// is given to, or until its reader moves on.</param>
    T Decode(ReadOnlySpan<byte> record);
}
