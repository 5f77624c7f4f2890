using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Sluice.TempFiles;

/// <summary>Writes values without references as they are in memory: for use within one process. Allocates nothing.</summary>
/// <typeparam name="T">The values.</typeparam>
public sealed class UnmanagedCodec<T> : ITempCodec<T>
    where T : unmanaged
{
    private UnmanagedCodec()
    {
    }

    /// <summary>The codec: one serves all.</summary>
    public static UnmanagedCodec<T> Instance { get; } = new();

    /// <inheritdoc/>
    public int Encode(T value, Span<byte> destination)
    {
        if (destination.Length < Unsafe.SizeOf<T>()) return -1;
        MemoryMarshal.Write(destination, in value);
        return Unsafe.SizeOf<T>();
    }

    /// <inheritdoc/>
    public T Decode(ReadOnlySpan<byte> record) => MemoryMarshal.Read<T>(record);
}
