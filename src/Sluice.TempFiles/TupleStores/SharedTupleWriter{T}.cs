using System.Runtime.CompilerServices;

namespace Sluice.TempFiles;

/// <summary>
/// One participant's way to write into a shared tuple store, behind the producer. Belongs to the flow that uses its context.
/// </summary>
/// <typeparam name="T">The records.</typeparam>
public sealed unsafe class SharedTupleWriter<T> : IDisposable
    where T : allows ref struct
{
    // One is filled while the others are on their way.
    private const int Buffers = 8;
    private const int LengthBytes = sizeof(int);

    private readonly SharedTupleStore<T> _store;
    private readonly AioContext _context;
    private readonly CancellationToken _cancellationToken;
    private readonly NativeScratch _scratch = new();
    private readonly SharedTupleBuffers _buffers;
    private int _current;
    private byte* _cursor;
    private byte* _end;
    private bool _isEnded;

    internal SharedTupleWriter(SharedTupleStore<T> store, AioContext context, CancellationToken cancellationToken)
    {
        _store = store;
        _context = context;
        _cancellationToken = cancellationToken;
        _buffers = new SharedTupleBuffers(context, Buffers);
    }

    /// <summary>How many records it has written.</summary>
    public long Count { get; private set; }

    /// <summary>Writes a record.</summary>
    /// <param name="value">The record.</param>
    /// <exception cref="AioException">A write failed.</exception>
    /// <exception cref="TempSpaceFullException">There is no room for temporary data.</exception>
    /// <exception cref="InvalidOperationException">Another participant failed.</exception>
    public void Add(in T value)
    {
        ObjectDisposedException.ThrowIf(_isEnded, this);
        try
        {
            ReadOnlySpan<byte> record = _scratch.Encode(_store.Codec, value);
            int needed = record.Length + LengthBytes;
            if (_end - _cursor < needed)
            {
                if (needed > _store.BlockBytes)
                {
                    WriteLarge(record);
                    Count++;
                    return;
                }

                Complete();
                Begin();
            }

            Unsafe.WriteUnaligned(_cursor, record.Length);
            record.CopyTo(new Span<byte>(_cursor + LengthBytes, record.Length));
            _cursor += needed;
            Count++;
        }
        catch (Exception exception)
        {
            Exception shown = Fail(exception);
            if (ReferenceEquals(shown, exception)) throw;
            throw shown;
        }
    }

    /// <summary>Waits until everything can be read, and ends the writer.</summary>
    /// <exception cref="AioException">A write failed.</exception>
    /// <exception cref="TempSpaceFullException">There is no room for temporary data.</exception>
    /// <exception cref="InvalidOperationException">Another participant failed.</exception>
    public void Finish()
    {
        ObjectDisposedException.ThrowIf(_isEnded, this);
        try
        {
            Complete();
            foreach (BufFileTransfer transfer in _buffers.Transfers) BufFile.WaitForWrite(transfer, _cancellationToken);
            End(Count);
        }
        catch (Exception exception)
        {
            Exception shown = Fail(exception);
            if (ReferenceEquals(shown, exception)) throw;
            throw shown;
        }
    }

    /// <summary>Ends the writer. If it has written and not finished, the store cannot be read.</summary>
    public void Dispose()
    {
        if (_isEnded) return;
        if (Count > 0) Fail(new InvalidOperationException("A writer was disposed before it had finished."));
        End(0);
    }

    private void Begin()
    {
        _cancellationToken.ThrowIfCancellationRequested();
        BufFile.WaitForWrite(_buffers.Transfers[_current], _cancellationToken);
        _cursor = (byte*)_buffers.BlockOf(_current, _store);
        _end = _cursor + _store.BlockBytes;
    }

    private void Complete()
    {
        if (_cursor == null) return;
        nint address = _buffers.AddressOf(_current);
        int bytes = (int)(_cursor - (byte*)address);
        _cursor = _end = null;
        if (_store.TryKeep(address, bytes))
        {
            _buffers.PassOn(_current);
            return;
        }

        Write(_buffers.Transfers[_current], address, bytes);
        _current = (_current + 1) % Buffers;
    }

    private void Write(BufFileTransfer transfer, nint address, int bytes)
    {
        int rounded = SpillWriter.RoundUp(bytes);
        new Span<byte>((byte*)address + bytes, rounded - bytes).Clear();
        BufFile file = _store.Place(bytes, out long block);
        file.StartWrite(transfer, block * _store.BlockBytes, address, rounded);
    }

    // Blocks of its own, from memory of its own: rare enough to be waited for.
    private void WriteLarge(ReadOnlySpan<byte> record)
    {
        int bytes = record.Length + LengthBytes;
        BufFileTransfer transfer = new(_context);
        using BufferArena arena = _context.System.CreateArena(SpillWriter.RoundUp(bytes), 1, register: false);
        using AioBuffer buffer = arena.Rent();
        Unsafe.WriteUnaligned((byte*)buffer.Address, record.Length);
        record.CopyTo(buffer.Span[LengthBytes..]);
        Write(transfer, buffer.Address, bytes);
        BufFile.WaitForWrite(transfer, _cancellationToken);
    }

    private Exception Fail(Exception exception)
    {
        Exception shown = _store.Fail(exception);
        End(0);
        return shown;
    }

    private void End(long count)
    {
        if (_isEnded) return;
        _isEnded = true;
        _buffers.Quiesce();
        _buffers.ReturnTo(_store);
        _scratch.Dispose();
        _store.EndWriter(count);
    }
}
