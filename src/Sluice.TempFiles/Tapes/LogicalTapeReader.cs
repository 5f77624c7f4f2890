namespace Sluice.TempFiles;

/// <summary>
/// Reads one tape ahead of the consumer. Of a frozen tape it reads anywhere, backwards too, as often as is wanted; of another once,
/// forwards, and the
/// blocks go back to the file. Belongs to the flow that uses its context; reading allocates nothing.
/// </summary>
public sealed unsafe class LogicalTapeReader : IDisposable
{
    private readonly LogicalTape _tape;
    private readonly BufferArena _arena;
    private readonly AioBuffer[] _buffers;
    private readonly BufFileTransfer[] _transfers;
    private readonly CancellationToken _cancellationToken;
    private readonly int _blockBytes;
    private long _first;
    private long _end;
    private long _released;
    private int _distance = 1;
    private bool _isDisposed;

    /// <summary>Makes a reader at the beginning of the tape.</summary>
    /// <param name="context">Through which it reads.</param>
    /// <param name="tape">The tape; its writer has finished.</param>
    /// <param name="bufferCount">How many buffers of a block each: the furthest it reads ahead.</param>
    /// <param name="cancellationToken">Ends waits.</param>
    public LogicalTapeReader(AioContext context, LogicalTape tape, int bufferCount, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(tape);
        ArgumentOutOfRangeException.ThrowIfLessThan(bufferCount, 1);
        if (!tape.IsFinished) throw new InvalidOperationException("The tape is still written: finish it before it is read.");
        if (tape.ReleasedCount != 0) throw new InvalidOperationException(
            "The tape was read already, and was not frozen: its blocks are gone.");
        _tape = tape;
        _blockBytes = tape.Set.BlockBytes;
        _cancellationToken = cancellationToken;
        bufferCount = (int)Math.Min(bufferCount, Math.Max(1, tape.BlockCount));
        _arena = context.System.CreateArena(_blockBytes, bufferCount);
        _buffers = new AioBuffer[bufferCount];
        _transfers = new BufFileTransfer[bufferCount];
        for (int index = 0; index < bufferCount; index++)
        {
            _buffers[index] = _arena.Rent();
            _transfers[index] = new BufFileTransfer(context);
        }
    }

    /// <summary>Where the next byte comes from.</summary>
    public long Position { get; private set; }

    /// <summary>How often the consumer had to wait.</summary>
    public long Stalls { get; private set; }

    /// <summary>Reads until the memory is full or the tape ends.</summary>
    /// <param name="destination">The memory.</param>
    /// <returns>How many bytes; less than asked for only at the end.</returns>
    /// <exception cref="AioException">A read failed.</exception>
    public int Read(Span<byte> destination)
    {
        int total = 0;
        while (total < destination.Length)
        {
            ReadOnlySpan<byte> there = Peek();
            if (there.IsEmpty) break;
            int length = Math.Min(there.Length, destination.Length - total);
            there[..length].CopyTo(destination[total..]);
            Position += length;
            total += length;
        }

        return total;
    }

    /// <summary>Begins again, or goes anywhere, on a frozen tape.</summary>
    /// <param name="position">Where the next byte shall come from.</param>
    public void Seek(long position)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(position);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(position, _tape.LengthBytes);
        if (!_tape.IsFrozen && position < Position) throw new InvalidOperationException("The tape is not frozen: what was read is gone.");
        Position = position;
    }

    /// <summary>Goes back on a frozen tape.</summary>
    /// <param name="count">How many bytes; at most <see cref="Position"/>.</param>
    public void Backspace(long count) => Seek(Position - count);

    /// <summary>Waits for what is on its way and frees the buffers.</summary>
    public void Dispose()
    {
        if (_isDisposed) return;
        _isDisposed = true;
        foreach (BufFileTransfer transfer in _transfers) transfer.Quiesce();
        foreach (AioBuffer buffer in _buffers) buffer.Return();
        _arena.Dispose();
    }

    /// <summary>The bytes from the position on that are in one buffer; empty at the end. Valid until the next call.</summary>
    internal ReadOnlySpan<byte> Peek()
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (Position >= _tape.LengthBytes)
        {
            ReleaseUpTo(_tape.BlockCount);
            return default;
        }

        long block = Position / _blockBytes;
        if (block < _first || block >= _end) Restart(block);
        ReleaseUpTo(block);
        int slot = (int)(block % _transfers.Length);
        if (_transfers[slot].IsPending) Arrive(slot);
        _first = block;
        ReadAhead();
        int inside = (int)(Position - (block * _blockBytes));
        int length = (int)Math.Min(_blockBytes, _tape.LengthBytes - (block * _blockBytes)) - inside;
        return new ReadOnlySpan<byte>((byte*)_buffers[slot].Address + inside, length);
    }

    private void Restart(long block)
    {
        foreach (BufFileTransfer transfer in _transfers) transfer.Quiesce();
        if (block != _end) _distance = 1;
        _first = block;
        _end = block;
        ReadAhead();
    }

    private void Arrive(int slot)
    {
        if (!_transfers[slot].IsDone)
        {
            Stalls++;
            _distance = Math.Min(_distance * 2, _transfers.Length);
        }

        try
        {
            BufFile.WaitForRead(_transfers[slot], _cancellationToken);
        }
        catch
        {
            _end = _first;
            throw;
        }
    }

    private void ReadAhead()
    {
        while (_end < _first + _distance && _end < _tape.BlockCount)
        {
            int slot = (int)(_end % _transfers.Length);
            _transfers[slot].Quiesce();
            long length = Math.Min(_blockBytes, _tape.LengthBytes - (_end * _blockBytes));
            length = (length + BufFile.AlignmentBytes - 1) / BufFile.AlignmentBytes * BufFile.AlignmentBytes;
            _tape.Set.File.StartRead(_transfers[slot], _tape.BlockAt(_end, out _) * _blockBytes, _buffers[slot].Address, (int)length);
            _end++;
        }
    }

    private void ReleaseUpTo(long block)
    {
        if (_tape.IsFrozen) return;
        for (; _released < block; _released++) _tape.Release(_released);
    }
}
