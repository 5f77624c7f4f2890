using System.Buffers;

namespace Sluice;

/// <summary>
/// A page-aligned native buffer of a <see cref="BufferArena"/>. Dispose returns it. Its memory stays the caller's until then, and the
/// kernel's until I/O on it has completed: returned early, it waits for that before anybody else gets it.
/// </summary>
public sealed unsafe class AioBuffer : MemoryManager<byte>
{
    private readonly BufferArena _arena;
    private readonly byte* _address;
    private readonly int _lengthBytes;

    // One for the renter and one for each pin. Zero: free.
    private int _users;
    private int _isRented;

    internal AioBuffer(BufferArena arena, nint address, int lengthBytes)
    {
        _arena = arena;
        _address = (byte*)address;
        _lengthBytes = lengthBytes;
    }

    /// <summary>The address; a multiple of the page size.</summary>
    public nint Address => (nint)_address;

    /// <summary>The length in bytes.</summary>
    public int LengthBytes => _lengthBytes;

    /// <summary>The bytes.</summary>
    public Span<byte> Span => GetSpan();

    /// <inheritdoc/>
    public override Span<byte> GetSpan() => new(_address, _lengthBytes);

    /// <summary>Keeps the buffer from being rented to another until <see cref="Unpin"/>. The runtime does this for each I/O.</summary>
    /// <param name="elementIndex">Where the pinned part begins.</param>
    public override MemoryHandle Pin(int elementIndex = 0)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)elementIndex, (uint)_lengthBytes, nameof(elementIndex));
        while (true)
        {
            int users = Volatile.Read(ref _users);
            if (users == 0)
            {
                throw new ObjectDisposedException(nameof(AioBuffer), "The buffer was returned to its arena: rent one before using it.");
            }

            if (Interlocked.CompareExchange(ref _users, users + 1, users) == users) break;
        }

        return new MemoryHandle(_address + elementIndex, default, this);
    }

    /// <inheritdoc/>
    public override void Unpin() => Leave();

    /// <summary>
    /// Returns the buffer to its arena. Nobody may use the object or its memory afterwards: the arena gives the same object to the next
    /// who rents, so returning it a second time is harmless only until then.
    /// </summary>
    public void Return()
    {
        if (Interlocked.Exchange(ref _isRented, 0) == 1) Leave();
    }

    /// <summary>Returns the buffer to its arena, for <c>using</c>; see <see cref="Return"/>.</summary>
    /// <param name="disposing">Always true: there is no finalizer.</param>
    protected override void Dispose(bool disposing) => Return();

    internal void MarkRented()
    {
        Volatile.Write(ref _users, 1);
        Volatile.Write(ref _isRented, 1);
    }

    private void Leave()
    {
        if (Interlocked.Decrement(ref _users) == 0) _arena.Return(this);
    }
}
