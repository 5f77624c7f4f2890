namespace Sluice.TempFiles;

/// <summary>
/// Writes tapes, one after the other, behind the producer. Blocks that follow each other in the file go there in one I/O. Belongs to the
/// flow that uses its context; writing allocates nothing but the tape's list of where its blocks are. After a write failed or was
/// cancelled it can only be disposed: the tape is not whole.
/// </summary>
/// <remarks>
/// Buffers form a ring. Those filled and not yet handed over are the group; a group ends when it has the length of a good write, when the
/// next block
/// does not follow in the file, or when the ring comes round. A group goes by the transfer of its first buffer, and a buffer is filled
/// again only
/// after the transfer that it went by is over.
/// </remarks>
public sealed unsafe class LogicalTapeWriter : IDisposable
{
    // From this length on a larger write gains nothing measurable.
    private const int GroupBytes = 256 << 10;

    private readonly LogicalTapeSet _set;
    private readonly BufferArena _arena;
    private readonly AioBuffer[] _buffers;
    private readonly BufFileTransfer[] _transfers;
    private readonly int[] _leaders;
    private readonly int _groupMax;
    private readonly CancellationToken _cancellationToken;
    private LogicalTape? _tape;
    private byte* _cursor;
    private byte* _end;
    private int _slot;
    private int _groupFirst;
    private int _groupCount;
    private long _groupBlock;
    private int _groupTailBytes;
    private long _nextBlock;
    private int _blocksLeft;
    private int _round;
    private bool _hasFailed;
    private bool _isDisposed;

    /// <summary>Makes a writer.</summary>
    /// <param name="context">Through which it writes.</param>
    /// <param name="set">The set whose tapes it writes.</param>
    /// <param name="bufferCount">How many buffers of a block each; at least 2.</param>
    /// <param name="cancellationToken">Ends waits.</param>
    public LogicalTapeWriter(AioContext context, LogicalTapeSet set, int bufferCount, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(set);
        ArgumentOutOfRangeException.ThrowIfLessThan(bufferCount, 2);
        _set = set;
        _cancellationToken = cancellationToken;
        _arena = context.System.CreateArena(set.BlockBytes, bufferCount);
        _buffers = new AioBuffer[bufferCount];
        _transfers = new BufFileTransfer[bufferCount];
        _leaders = new int[bufferCount];
        for (int index = 0; index < bufferCount; index++)
        {
            _buffers[index] = _arena.Rent();
            _transfers[index] = new BufFileTransfer(context);
            _leaders[index] = index;
        }

        int blocks = Math.Max(1, GroupBytes / set.BlockBytes);
        _groupMax = Math.Clamp(blocks, 1, Math.Min(Math.Max(1, bufferCount / 2), set.File.VectorsMax));
    }

    /// <summary>How often the producer had to wait for a buffer.</summary>
    public long Stalls { get; private set; }

    /// <summary>How many I/Os were started.</summary>
    public long WriteCount { get; private set; }

    /// <summary>How many bytes were written to the tape at hand.</summary>
    public long Position { get; private set; }

    /// <summary>Begins a tape. The one before must be finished.</summary>
    /// <param name="tape">An empty tape of the set.</param>
    public void Begin(LogicalTape tape)
    {
        ArgumentNullException.ThrowIfNull(tape);
        RequireUsable();
        if (_tape is not null) throw new InvalidOperationException("The tape before is not finished: call Finish first.");
        if (!ReferenceEquals(tape.Set, _set) || tape.IsFinished || tape.BlockCount != 0) throw new ArgumentException(
            "The tape is of another set, or was written before.", nameof(tape));
        _tape = tape;
        _round = 0;
        Position = 0;
        try
        {
            Enter(_slot);
        }
        catch
        {
            Fail();
            throw;
        }
    }

    /// <summary>Writes.</summary>
    /// <param name="data">The bytes; copied.</param>
    /// <exception cref="AioException">An earlier write failed.</exception>
    /// <exception cref="TempSpaceFullException">There is no room.</exception>
    public void Write(ReadOnlySpan<byte> data)
    {
        while (data.Length > _end - _cursor)
        {
            // Without a tape there is no buffer either.
            if (_cursor is null) RequireTape();
            int length = (int)(_end - _cursor);
            data[..length].CopyTo(new Span<byte>(_cursor, length));
            _cursor += length;
            Position += length;
            data = data[length..];
            try
            {
                NextBuffer();
            }
            catch
            {
                Fail();
                throw;
            }
        }

        data.CopyTo(new Span<byte>(_cursor, data.Length));
        _cursor += data.Length;
        Position += data.Length;
    }

    /// <summary>Room for so many bytes without a copy, or null when it is not in one buffer: then <see cref="Write"/> does it.</summary>
    internal byte* TryReserve(int length)
    {
        byte* cursor = _cursor;
        if (length >= _end - cursor) return null;
        _cursor = cursor + length;
        Position += length;
        return cursor;
    }

    /// <summary>Ends the tape, waiting until all of it is in the file; it can be read then.</summary>
    /// <exception cref="AioException">A write failed.</exception>
    /// <exception cref="TempSpaceFullException">There is no room.</exception>
    public void Finish()
    {
        FinishStart();
        FinishWait();
    }

    /// <summary>Ends the tape without waiting. The next can be begun; <see cref="FinishWait"/> must come before this one is read.</summary>
    internal void FinishStart()
    {
        LogicalTape tape = RequireTape();
        int filled = (int)(_cursor - (byte*)_buffers[_slot].Address);
        try
        {
            if (filled > 0) AddToGroup(filled);
            FlushGroup();
        }
        catch
        {
            Fail();
            throw;
        }

        GiveBackRest();
        tape.LengthBytes = Position;
        tape.IsFinished = true;
        _tape = null;
        _cursor = _end = null;
    }

    internal void FinishWait()
    {
        RequireUsable();
        try
        {
            foreach (BufFileTransfer transfer in _transfers) BufFile.WaitForWrite(transfer, _cancellationToken);
        }
        catch
        {
            Fail();
            throw;
        }
    }

    /// <summary>Waits for what is on its way and frees the buffers. A tape that was not finished is given up.</summary>
    public void Dispose()
    {
        if (_isDisposed) return;
        _isDisposed = true;
        _cursor = _end = null;
        foreach (BufFileTransfer transfer in _transfers) transfer.Quiesce();
        foreach (AioBuffer buffer in _buffers) buffer.Return();
        _arena.Dispose();
    }

    private void Fail()
    {
        _hasFailed = true;
        _cursor = _end = null;
    }

    private void RequireUsable()
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (_hasFailed) throw new InvalidOperationException("A write failed or was cancelled before: the tape is not whole.");
    }

    private LogicalTape RequireTape()
    {
        RequireUsable();
        return _tape ?? throw new InvalidOperationException("No tape was begun.");
    }

    private void NextBuffer()
    {
        AddToGroup(_set.BlockBytes);
        if (_groupCount >= _groupMax) FlushGroup();
        int next = (_slot + 1) % _buffers.Length;
        if (_groupCount > 0 && next == _groupFirst) FlushGroup();
        Enter(next);
    }

    private void Enter(int slot)
    {
        _slot = slot;
        BufFileTransfer transfer = _transfers[_leaders[slot]];
        if (transfer.IsPending)
        {
            if (!transfer.IsDone) Stalls++;
            BufFile.WaitForWrite(transfer, _cancellationToken);
        }

        _cursor = (byte*)_buffers[slot].Address;
        _end = _cursor + _set.BlockBytes;
    }

    private void AddToGroup(int filledBytes)
    {
        if (_blocksLeft == 0) _nextBlock = _set.Take(_round++, out _blocksLeft);
        long block = _nextBlock++;
        _blocksLeft--;
        _tape!.Add(block);
        if (_groupCount > 0 && (block != _groupBlock + _groupCount || _slot != _groupFirst + _groupCount)) FlushGroup();
        if (_groupCount == 0)
        {
            _groupFirst = _slot;
            _groupBlock = block;
        }

        _groupCount++;
        _groupTailBytes = (filledBytes + BufFile.AlignmentBytes - 1) / BufFile.AlignmentBytes * BufFile.AlignmentBytes;
        if (_groupTailBytes != filledBytes) new Span<byte>(_cursor, _groupTailBytes - filledBytes).Clear();
    }

    private void FlushGroup()
    {
        if (_groupCount == 0) return;
        Span<IoVector> vectors = stackalloc IoVector[Limits.VectorsMax];
        for (int index = 0; index < _groupCount; index++)
        {
            int length = index == _groupCount - 1 ? _groupTailBytes : _set.BlockBytes;
            vectors[index] = new IoVector(_buffers[_groupFirst + index].Address, (nuint)length);
            _leaders[_groupFirst + index] = _groupFirst;
        }

        int count = _groupCount;
        _groupCount = 0;
        BufFileTransfer transfer = _transfers[_groupFirst];
        _set.File.StartWrite(transfer, _groupBlock * _set.BlockBytes, vectors[..count]);
        WriteCount++;
    }

    private void GiveBackRest()
    {
        for (; _blocksLeft > 0; _blocksLeft--) _set.Return(_nextBlock++);
    }
}
