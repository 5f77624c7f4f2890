using System.Runtime.CompilerServices;

namespace Sluice.TempFiles;

/// <summary>
/// One participant's way to read its share of a shared tuple store, ahead of the consumer. Belongs to the flow that uses its context. A
/// reader that is disposed early keeps the block that it has begun; what it had only claimed goes to the others.
/// </summary>
/// <typeparam name="T">The records. One that looks at bytes where they are is valid until the next read.</typeparam>
public sealed unsafe class SharedTupleReader<T> : IDisposable
    where T : allows ref struct
{
    private const int Depth = 8;
    private const int LengthBytes = sizeof(int);

    private readonly SharedTupleStore<T> _store;
    private readonly AioContext _context;
    private readonly CancellationToken _cancellationToken;
    private readonly SharedTupleBuffers _buffers;
    private readonly SharedChunk[] _chunks = new SharedChunk[Depth];
    private BufferArena? _largeArena;
    private AioBuffer? _large;
    private int _head;
    private int _count;
    private bool _hasBlock;
    private byte* _cursor;
    private byte* _end;
    private bool _isEnded;

    internal SharedTupleReader(SharedTupleStore<T> store, AioContext context, CancellationToken cancellationToken)
    {
        _store = store;
        _context = context;
        _cancellationToken = cancellationToken;
        _buffers = new SharedTupleBuffers(context, Depth);
    }

    /// <summary>How many records it has read.</summary>
    public long Count { get; private set; }

    /// <summary>Reads a record that nobody else reads.</summary>
    /// <param name="value">The record.</param>
    /// <returns>False when none are left.</returns>
    /// <exception cref="AioException">A read failed.</exception>
    /// <exception cref="InvalidOperationException">Another participant failed.</exception>
    public bool TryRead(out T value)
    {
        ObjectDisposedException.ThrowIf(_isEnded, this);
        try
        {
            if (_cursor == _end && !NextBlock())
            {
                value = default!;
                return false;
            }

            int length = Unsafe.ReadUnaligned<int>(_cursor);
            value = _store.Codec.Decode(new ReadOnlySpan<byte>(_cursor + LengthBytes, length));
            _cursor += LengthBytes + length;
            Count++;
            return true;
        }
        catch (Exception exception)
        {
            Exception shown = _store.Fail(exception);
            End();
            if (ReferenceEquals(shown, exception)) throw;
            throw shown;
        }
    }

    /// <summary>Ends the reader.</summary>
    public void Dispose() => End();

    private bool NextBlock()
    {
        _cancellationToken.ThrowIfCancellationRequested();
        if (_hasBlock)
        {
            _hasBlock = false;
            _head = (_head + 1) % Depth;
            _count--;
            FreeLarge();
        }

        TopUp();
        if (_count == 0) return false;
        SharedChunk chunk = _chunks[_head];
        _hasBlock = true;
        if (chunk.Bytes > _store.BlockBytes) _cursor = ReadLarge(chunk);
        else if (chunk.Address != 0) _cursor = (byte*)chunk.Address;
        else _cursor = Arrive();
        _end = _cursor + chunk.Bytes;
        return true;
    }

    private byte* Arrive()
    {
        BufFile.WaitForRead(_buffers.Transfers[_head], _cancellationToken);
        return (byte*)_buffers.AddressOf(_head);
    }

    private void TopUp()
    {
        while (_count < Depth && _store.TryClaim(_count, Depth, out SharedChunk chunk, out BufFile? file))
        {
            int entry = (_head + _count) % Depth;
            _chunks[entry] = chunk;
            _count++;
            if (chunk.Address != 0 || chunk.Bytes > _store.BlockBytes) continue;
            nint address = _buffers.BlockOf(entry, _store);
            file!.StartRead(_buffers.Transfers[entry], chunk.Block * _store.BlockBytes, address, SpillWriter.RoundUp(chunk.Bytes));
        }
    }

    private byte* ReadLarge(SharedChunk chunk)
    {
        int bytes = SpillWriter.RoundUp(chunk.Bytes);
        _largeArena = _context.System.CreateArena(bytes, 1, register: false);
        _large = _largeArena.Rent();
        _store.File!.StartRead(_buffers.Transfers[_head], chunk.Block * _store.BlockBytes, _large.Address, bytes);
        BufFile.WaitForRead(_buffers.Transfers[_head], _cancellationToken);
        return (byte*)_large.Address;
    }

    private void FreeLarge()
    {
        _large?.Return();
        _largeArena?.Dispose();
        _large = null;
        _largeArena = null;
    }

    private void End()
    {
        if (_isEnded) return;
        _isEnded = true;
        _buffers.Quiesce();
        for (int index = _hasBlock ? 1 : 0; index < _count; index++) _store.GiveBack(_chunks[(_head + index) % Depth]);
        _buffers.ReturnTo(_store);
        FreeLarge();
        _store.EndReader();
    }
}
