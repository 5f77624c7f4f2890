using System.Runtime.InteropServices;

namespace Sluice.Conformance.Support;

/// <summary>Page-aligned native memory of one test. Freed by the run, after every system was disposed.</summary>
public sealed unsafe class NativeBlock : IDisposable
{
    private byte* _address;

    public NativeBlock(int lengthBytes)
    {
        LengthBytes = lengthBytes;
        _address = (byte*)NativeMemory.AlignedAlloc((nuint)lengthBytes, 4096);
        Span.Fill(0xEE);
    }

    public int LengthBytes { get; }

    public nint Address => (nint)_address;

    public Span<byte> Span => new(_address, LengthBytes);

    /// <summary>A part as a vector.</summary>
    public IoVector Vector(int startBytes, int lengthBytes) => new(_address + startBytes, lengthBytes);

    /// <summary>All of it as a vector.</summary>
    public IoVector Vector() => Vector(0, LengthBytes);

    /// <summary>One block of it as a vector.</summary>
    public IoVector Block(int index) => Vector(index * Pattern.BlockBytes, Pattern.BlockBytes);

    public void Dispose()
    {
        NativeMemory.AlignedFree(_address);
        _address = null;
    }
}
