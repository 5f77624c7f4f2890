namespace Sluice.TempFiles;

/// <summary>
/// Reads several tapes at once, ahead on all of them, from one budget of buffers. Belongs to the flow that uses its context.
/// </summary>
/// <remarks>
/// <para>Every tape keeps at least <c>_guaranteed</c> buffers; the rest goes where it is needed: each tape's share of it follows its
/// share of the
/// blocks taken lately, with a weight that grows by one per block and is halved for all at regular intervals. So in a merge of runs whose
/// keys do
/// not overlap the one that is being read gets nearly all, and in an even merge each gets the same.</para>
/// <para>A tape is topped up when half of what it should have is gone, so that several blocks that follow each other in the file are
/// asked for in one
/// I/O. A read of several blocks goes by the transfer of its first buffer.</para>
/// </remarks>
internal sealed unsafe class TapeMergeReader : IDisposable
{
    // The most that one tape reads ahead: beyond it no device gets faster, and what is read leaves the processor's cache before it is used.
    private const int AheadBytesMax = 4 << 20;
    private const int AheadBlocksMin = 4;
    private const int AheadBlocksMax = 64;

    // From this length on a larger read gains nothing measurable.
    private const int ReadBytesMax = 1 << 20;

    private readonly AioContext _context;
    private readonly LogicalTapeSet _set;
    private readonly CancellationToken _cancellationToken;
    private readonly BufferArena _arena;
    private readonly AioBuffer[] _buffers;
    private readonly nint[] _addresses;
    private readonly BufFileTransfer[] _transfers;
    private readonly int[] _leaders;
    private readonly int[] _free;
    private readonly TapeCursor[] _cursors;
    private readonly int _guaranteed;
    private readonly int _spare;
    private readonly int _vectorsMax;
    private readonly int _targetMax;
    private int _freeCount;
    private int _spareUsed;
    private int _weightSum;
    private int _events;
    private bool _isDisposed;

    /// <summary>Makes the reader and asks for the first blocks of every tape.</summary>
    /// <param name="context">Through which it reads.</param>
    /// <param name="set">The set.</param>
    /// <param name="tapes">The tapes; finished.</param>
    /// <param name="bufferCount">How many buffers of a block each; at least one per tape.</param>
    /// <param name="cancellationToken">Ends waits.</param>
    internal TapeMergeReader(AioContext context, LogicalTapeSet set, ReadOnlySpan<LogicalTape> tapes, int bufferCount,
        CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bufferCount, Math.Max(1, tapes.Length));
        _context = context;
        _set = set;
        _cancellationToken = cancellationToken;

        // More than all blocks there are would never be used.
        long blocks = 1;
        foreach (LogicalTape tape in tapes) blocks += tape.BlockCount;
        _targetMax = Math.Clamp(AheadBytesMax / set.BlockBytes, AheadBlocksMin, AheadBlocksMax);
        blocks = Math.Min(blocks, (long)tapes.Length * _targetMax);
        bufferCount = (int)Math.Min(bufferCount, Math.Max(blocks, tapes.Length));
        _arena = context.System.CreateArena(set.BlockBytes, bufferCount);
        _buffers = new AioBuffer[bufferCount];
        _addresses = new nint[bufferCount];
        _transfers = new BufFileTransfer[bufferCount];
        _leaders = new int[bufferCount];
        _free = new int[bufferCount];
        for (int index = 0; index < bufferCount; index++)
        {
            _buffers[index] = _arena.Rent();
            _addresses[index] = _buffers[index].Address;
            _transfers[index] = new BufFileTransfer(context);
            _leaders[index] = index;
            _free[_freeCount++] = bufferCount - 1 - index;
        }

        _guaranteed = tapes.IsEmpty ? 1 : Math.Min(2, bufferCount / tapes.Length);
        _spare = bufferCount - (_guaranteed * tapes.Length);
        _vectorsMax = Math.Clamp(ReadBytesMax / set.BlockBytes, 1, set.File.VectorsMax);
        _cursors = new TapeCursor[tapes.Length];
        for (int index = 0; index < tapes.Length; index++) _cursors[index] = new TapeCursor(this, tapes[index],
            Math.Min(bufferCount, _targetMax + 2));
        _weightSum = tapes.Length;
        try
        {
            using (context.EnterBatch())
            {
                foreach (TapeCursor cursor in _cursors) TopUp(cursor);
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The tapes, in the order in which they were given.</summary>
    internal ReadOnlySpan<TapeCursor> Cursors => _cursors;

    /// <summary>How much memory its buffers have.</summary>
    internal long MemoryBytes => (long)_buffers.Length * _set.BlockBytes;

    /// <summary>How often a block had to be waited for.</summary>
    internal long Stalls { get; private set; }

    /// <summary>How many reads were started.</summary>
    internal long ReadCount { get; private set; }

    /// <summary>How many blocks were asked for.</summary>
    internal long BlockCount { get; private set; }

    public void Dispose()
    {
        if (_isDisposed) return;
        _isDisposed = true;
        foreach (BufFileTransfer transfer in _transfers) transfer.Quiesce();
        foreach (AioBuffer buffer in _buffers) buffer.Return();
        _arena.Dispose();
    }

    internal byte* AddressOf(int slot) => (byte*)_addresses[slot];

    /// <summary>Waits for the next block of a tape.</summary>
    internal int Arrive(TapeCursor cursor)
    {
        if (cursor.Held == 0) TopUp(cursor);
        int slot = cursor.Peek();
        int leader = _leaders[slot];
        BufFileTransfer transfer = _transfers[leader];
        if (transfer.IsPending)
        {
            if (!transfer.IsDone) Stalls++;
            BufFile.WaitForRead(transfer, _cancellationToken);

            // The others of this read have arrived with it; the leader's transfer may soon serve another read, which is not theirs to
            // wait for.
            for (int index = 0; index < cursor.Held && _leaders[cursor.Peek(index)] == leader; index++)
            {
                _leaders[cursor.Peek(index)] = cursor.Peek(index);
            }
        }

        return slot;
    }

    /// <summary>A tape is done with a block.</summary>
    internal void Leave(TapeCursor cursor, int slot)
    {
        _free[_freeCount++] = slot;
        if (cursor.Held >= _guaranteed) _spareUsed--;
        cursor.Tape.Release(cursor.BlockAtHand);
        cursor.Weight++;
        _weightSum++;
        if (++_events >= _cursors.Length * 4) Decay();
        int share = (int)((long)_spare * cursor.Weight / _weightSum);
        cursor.Target = Math.Min(_guaranteed + share, _targetMax);
        if (!cursor.IsAllAsked && cursor.Held <= cursor.Target / 2) TopUp(cursor);
    }

    private void Decay()
    {
        _events = 0;
        _weightSum = 0;
        foreach (TapeCursor cursor in _cursors)
        {
            cursor.Weight = Math.Max(1, cursor.Weight / 2);
            _weightSum += cursor.Weight;
        }
    }

    private void TopUp(TapeCursor cursor)
    {
        Span<IoVector> vectors = stackalloc IoVector[Limits.VectorsMax];
        while (!cursor.IsAllAsked && MayTake(cursor))
        {
            long first = cursor.Tape.BlockAt(cursor.NextBlock, out int following);
            long left = cursor.Tape.BlockCount - cursor.NextBlock;
            int most = (int)Math.Min(Math.Min(following + 1, left), _vectorsMax);
            int count = 0;
            int leader = -1;
            while (count < most && MayTake(cursor))
            {
                if (cursor.Held >= _guaranteed) _spareUsed++;
                int slot = _free[--_freeCount];
                cursor.Enqueue(slot);
                if (leader < 0) leader = slot;
                _leaders[slot] = leader;
                vectors[count++] = new IoVector(_addresses[slot], (nuint)LengthOf(cursor.Tape, cursor.NextBlock++));
            }

            _set.File.StartRead(_transfers[leader], first * _set.BlockBytes, vectors[..count]);
            ReadCount++;
            BlockCount += count;
        }
    }

    private bool MayTake(TapeCursor cursor) =>
        cursor.Held < _guaranteed || (cursor.Held < cursor.Target && _spareUsed < _spare && _freeCount > 0);

    // The last block is as long as was written, in whole blocks of the device.
    private long LengthOf(LogicalTape tape, long ordinal)
    {
        long length = Math.Min(_set.BlockBytes, tape.LengthBytes - (ordinal * _set.BlockBytes));
        return (length + BufFile.AlignmentBytes - 1) / BufFile.AlignmentBytes * BufFile.AlignmentBytes;
    }
}
