using System.Runtime.InteropServices;

namespace Sluice.TempFiles;

/// <summary>Native memory for one record that is not in one piece: as long as the longest that came.</summary>
internal sealed unsafe class NativeScratch : IDisposable
{
    private byte* _address;

    internal NativeScratch(int lengthBytes = 1024) => Length = Grow(lengthBytes);

    internal int Length { get; private set; }

    internal Span<byte> All => new(_address, Length);

    /// <summary>The memory, made as long as is asked for. What was in it stays.</summary>
    internal Span<byte> Get(int lengthBytes)
    {
        if (lengthBytes > Length) Length = Grow((int)Math.Min(Math.Max((long)lengthBytes, Length * 2L), Array.MaxLength));
        return new Span<byte>(_address, lengthBytes);
    }

    /// <summary>Writes a value down.</summary>
    /// <exception cref="InvalidOperationException">The codec breaks its contract.</exception>
    internal ReadOnlySpan<byte> Encode<T>(ITempCodec<T> codec, T value, int offsetBytes = 0)
        where T : allows ref struct
    {
        while (true)
        {
            int count = codec.Encode(value, new Span<byte>(_address + offsetBytes, Length - offsetBytes));
            if (count > Length - offsetBytes) RefuseCodec(codec, count);
            if (count >= 0) return new ReadOnlySpan<byte>(_address, offsetBytes + count);
            if (Length == Array.MaxLength)
            {
                throw new InvalidOperationException($"A record of {codec.GetType().Name} is longer than {Array.MaxLength} bytes.");
            }

            Get((int)Math.Min((Length * 2L) + offsetBytes, Array.MaxLength));
        }
    }

    public void Dispose()
    {
        NativeMemory.Free(_address);
        _address = null;
        Length = 0;
    }

    private static void RefuseCodec<T>(ITempCodec<T> codec, int count)
        where T : allows ref struct => throw new InvalidOperationException(
            $"{codec.GetType().Name}.Encode returned {count}, more than the room it was given: a negative number asks for more.");

    private int Grow(int lengthBytes)
    {
        _address = (byte*)NativeMemory.Realloc(_address, (nuint)lengthBytes);
        return lengthBytes;
    }
}
