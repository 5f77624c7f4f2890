using System.Runtime.InteropServices;
using Sluice.Methods;

namespace Sluice;

/// <summary>
/// Page-aligned native buffers of one size, allocated together and registered with the method when it can: what direct I/O needs
/// and what costs the least per I/O. Renting and returning allocate nothing. Any thread.
/// </summary>
/// <remarks>A buffer that is returned while I/O on it is in flight is rented again only after that I/O has completed.</remarks>
public sealed unsafe class BufferArena : IDisposable
{
    private const int HugePageBytes = 2 << 20;

    private readonly AioSystem _system;
    private readonly bool _register;
    private readonly Lock _lock = new();
    private readonly AioBuffer[] _free;
    private readonly nint _address;
    private readonly nuint _lengthBytes;
    private int _freeCount;
    private bool _isDisposed;

    internal BufferArena(AioSystem system, int bufferBytes, int count, bool register)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bufferBytes);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        _system = system;
        _register = register;
        int page = Environment.SystemPageSize;
        BufferBytes = checked((bufferBytes + page - 1) / page * page);
        Count = count;
        _lengthBytes = (nuint)BufferBytes * (nuint)count;

        // A large arena begins at a huge page, so that the system can give it some.
        _address = (nint)NativeMemory.AlignedAlloc(_lengthBytes, _lengthBytes >= HugePageBytes ? HugePageBytes : (nuint)page);
        if (_lengthBytes >= HugePageBytes) Interop.NativeMethods.AdviseHugePages(_address, _lengthBytes);
        NativeMemory.Clear((void*)_address, _lengthBytes);
        _free = new AioBuffer[count];
        for (int index = count - 1; index >= 0; index--)
        {
            _free[_freeCount++] = new AioBuffer(this, _address + ((nint)index * BufferBytes), BufferBytes);
        }
    }

    /// <summary>The size of each buffer in bytes.</summary>
    public int BufferBytes { get; }

    /// <summary>How many buffers there are.</summary>
    public int Count { get; }

    /// <summary>How many can be rented now.</summary>
    public int FreeCount => Volatile.Read(ref _freeCount);

    /// <summary>Whether the method knows the memory.</summary>
    public bool IsRegistered { get; private set; }

    /// <summary>Rents a buffer.</summary>
    /// <exception cref="InvalidOperationException">All are rented.</exception>
    public AioBuffer Rent() =>
        TryRent(out AioBuffer? buffer)
            ? buffer
            : throw new InvalidOperationException($"All {Count} buffers of the arena are rented: return some, or make the arena larger.");

    /// <summary>Rents a buffer if one is free.</summary>
    /// <param name="buffer">The buffer; its content is whatever it was.</param>
    public bool TryRent([global::System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out AioBuffer? buffer)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            buffer = _freeCount == 0 ? null : _free[--_freeCount];
        }

        buffer?.MarkRented();
        return buffer is not null;
    }

    /// <summary>Unregisters and frees the memory.</summary>
    /// <exception cref="InvalidOperationException">Buffers are still rented or in flight: the memory is kept, because the system may still
    /// write to it.</exception>
    public void Dispose()
    {
        lock (_lock)
        {
            if (_isDisposed) return;
            Invariant.Check(
                _freeCount == Count, "Buffers of the arena are still rented or in flight: return them all before it is disposed.");
            _isDisposed = true;
        }

        _system.Remove(this);
        NativeMemory.AlignedFree((void*)_address);
    }

    internal void Return(AioBuffer buffer)
    {
        lock (_lock) _free[_freeCount++] = buffer;
    }

    /// <summary>Changes the method that knows the memory. The caller keeps the method alive meanwhile.</summary>
    internal void MoveTo(IoMethod? old, IoMethod? method)
    {
        if (IsRegistered) old?.UnregisterBuffers(_address);
        IsRegistered = _register && method is not null && method.RegisterBuffers(_address, _lengthBytes);
    }
}
