namespace Sluice.TempFiles;

/// <summary>
/// Spill files by partition: records with their hashes, written behind, each partition read once, its room used again as it is read. One
/// block of
/// memory per partition that has records, and a few that are on their way. Belongs to the flow that uses its context.
/// </summary>
public sealed unsafe class HashSpill : IDisposable
{
    private const int HashBytes = sizeof(ulong);

    // Blocks that are on their way to the file, beside those that are filled.
    private const int Depth = 4;

    private readonly AioContext _context;
    private readonly LogicalTapeSet _tapes;
    private readonly CancellationToken _cancellationToken;
    private readonly List<Partition> _partitions = [];
    private readonly BufFileTransfer[] _transfers = new BufFileTransfer[Depth];
    private readonly SortMemory?[] _flying = new SortMemory?[Depth];
    private readonly Stack<SortMemory> _spare = new();
    private int _next;
    private int _blocks;
    private bool _isDisposed;

    /// <summary>Makes spill files without partitions.</summary>
    /// <param name="owner">For whom.</param>
    /// <param name="context">Through which they are written and read.</param>
    /// <param name="blockBytes">The size of a block; a multiple of 4096.</param>
    /// <param name="cancellationToken">Ends waits.</param>
    public HashSpill(TempOwner owner, AioContext context, int blockBytes, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(context);
        _context = context;
        _cancellationToken = cancellationToken;
        _tapes = new LogicalTapeSet(owner, blockBytes);
        for (int index = 0; index < Depth; index++) _transfers[index] = new BufFileTransfer(context);
    }

    /// <summary>The size of a block.</summary>
    public int BlockBytes => _tapes.BlockBytes;

    /// <summary>How much memory its buffers have now.</summary>
    public long MemoryBytes => (long)_blocks * BlockBytes;

    /// <summary>How many records a partition has.</summary>
    /// <param name="partition">The partition.</param>
    public long CountOf(int partition) => partition < _partitions.Count ? _partitions[partition].Count : 0;

    /// <summary>How many bytes of records a partition has.</summary>
    /// <param name="partition">The partition.</param>
    public long BytesOf(int partition) => partition < _partitions.Count ? _partitions[partition].Bytes : 0;

    /// <summary>Writes a record.</summary>
    /// <param name="partition">To which partition; not one that was opened for reading.</param>
    /// <param name="hash">Its hash, which comes back with it.</param>
    /// <param name="record">Its bytes; copied.</param>
    /// <exception cref="AioException">An earlier write failed.</exception>
    /// <exception cref="TempSpaceFullException">There is no room.</exception>
    public void Write(int partition, ulong hash, ReadOnlySpan<byte> record)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        while (_partitions.Count <= partition) _partitions.Add(new Partition(_tapes.CreateTape()));
        Partition to = _partitions[partition];
        if (to.Tape.IsFinished) throw new InvalidOperationException(
            "The partition was opened for reading: nothing can be written to it any more.");
        byte* head = stackalloc byte[RecordFrame.HeaderBytesMax + HashBytes];
        int header = RecordFrame.HeaderBytes(record.Length);
        RecordFrame.WriteHeader(head, record.Length);
        *(ulong*)(head + header) = hash;
        Put(to, new ReadOnlySpan<byte>(head, header + HashBytes));
        Put(to, record);
        to.Count++;
        to.Bytes += record.Length;
    }

    /// <summary>Ends a partition's writing and opens it.</summary>
    /// <param name="partition">The partition.</param>
    /// <param name="isFrozen">Whether it can be read again, by opening it again; then its room is not freed before <see
    /// cref="Discard"/>.</param>
    /// <param name="bufferCount">How many blocks of memory the reader has.</param>
    /// <returns>The reader; the caller disposes it.</returns>
    /// <exception cref="AioException">A write failed.</exception>
    /// <exception cref="TempSpaceFullException">There is no room.</exception>
    public HashSpillReader Open(int partition, bool isFrozen = false, int bufferCount = 2)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        while (_partitions.Count <= partition) _partitions.Add(new Partition(_tapes.CreateTape()));
        Partition from = _partitions[partition];
        if (!from.Tape.IsFinished) Seal(from);
        if (isFrozen && !from.Tape.IsFrozen) from.Tape.Freeze();
        return new HashSpillReader(new LogicalTapeReader(_context, from.Tape, bufferCount, _cancellationToken));
    }

    /// <summary>Frees the room of a partition that was read.</summary>
    /// <param name="partition">The partition.</param>
    public void Discard(int partition)
    {
        if (partition < _partitions.Count && _partitions[partition].Tape.IsFinished) _partitions[partition].Tape.Discard();
    }

    /// <summary>Waits for what is on its way, and removes the files.</summary>
    public void Dispose()
    {
        if (_isDisposed) return;
        _isDisposed = true;
        foreach (BufFileTransfer transfer in _transfers) transfer.Quiesce();
        foreach (SortMemory? block in _flying) block?.Dispose();
        foreach (SortMemory block in _spare) block.Dispose();
        foreach (Partition partition in _partitions) partition.Block?.Dispose();
        _tapes.Dispose();
    }

    private void Put(Partition to, ReadOnlySpan<byte> data)
    {
        while (!data.IsEmpty)
        {
            to.Block ??= RentBlock();
            int part = Math.Min(BlockBytes - to.Filled, data.Length);
            data[..part].CopyTo(new Span<byte>(to.Block.Address + to.Filled, part));
            to.Filled += part;
            to.Tape.LengthBytes += part;
            data = data[part..];
            if (to.Filled == BlockBytes) Send(to);
        }
    }

    private void Send(Partition from)
    {
        SortMemory block = from.Block!;
        if (from.BlocksLeft == 0) from.NextBlock = _tapes.Take(from.Round++, out from.BlocksLeft);
        long place = from.NextBlock++;
        from.BlocksLeft--;
        from.Tape.Add(place);
        int length = (from.Filled + BufFile.AlignmentBytes - 1) / BufFile.AlignmentBytes * BufFile.AlignmentBytes;
        new Span<byte>(block.Address + from.Filled, length - from.Filled).Clear();
        int slot = _next;
        _next = (_next + 1) % Depth;
        Land(slot);
        _tapes.File.StartWrite(_transfers[slot], place * BlockBytes, (nint)block.Address, length);
        _flying[slot] = block;
        from.Block = null;
        from.Filled = 0;
    }

    private void Land(int slot)
    {
        BufFile.WaitForWrite(_transfers[slot], _cancellationToken);
        if (_flying[slot] is { } landed) _spare.Push(landed);
        _flying[slot] = null;
    }

    private SortMemory RentBlock()
    {
        if (_spare.TryPop(out SortMemory? block)) return block;
        _blocks++;
        return new SortMemory(BlockBytes);
    }

    private void Seal(Partition partition)
    {
        if (partition.Filled > 0) Send(partition);
        for (; partition.BlocksLeft > 0; partition.BlocksLeft--) _tapes.Return(partition.NextBlock++);
        for (int slot = 0; slot < Depth; slot++) Land(slot);
        partition.Tape.IsFinished = true;
        if (partition.Block is { } unused)
        {
            _spare.Push(unused);
            partition.Block = null;
        }

        // Nobody fills them now; those that are filled again later are made again.
        while (_spare.TryPop(out SortMemory? block))
        {
            block.Dispose();
            _blocks--;
        }
    }

    private sealed class Partition(LogicalTape tape)
    {
        internal readonly LogicalTape Tape = tape;
        internal SortMemory? Block;
        internal int Filled;
        internal int Round;
        internal int BlocksLeft;
        internal long NextBlock;
        internal long Count;
        internal long Bytes;
    }
}
