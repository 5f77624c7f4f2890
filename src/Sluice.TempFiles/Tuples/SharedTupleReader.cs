namespace Sluice.TempFiles;

/// <summary>
/// Reads its share of a <see cref="SharedTupleStore"/>: while the records of one block are used the next is on its way. Belongs to one
/// flow.
/// </summary>
public sealed unsafe class SharedTupleReader : IDisposable
{
    private readonly SharedTupleStore _store;
    private readonly CancellationToken _cancellationToken;
    private readonly BufFileTransfer[] _transfers;
    private readonly SortMemory[] _memory = new SortMemory[2];
    private readonly SharedTupleBlock[] _blocks = new SharedTupleBlock[2];
    private readonly bool[] _hasBlock = new bool[2];
    private int _slot;
    private byte* _at;
    private byte* _end;
    private byte* _record;
    private int _length;
    private bool _isStarted;
    private bool _isDisposed;

    internal SharedTupleReader(SharedTupleStore store, AioContext context, CancellationToken cancellationToken)
    {
        _store = store;
        _cancellationToken = cancellationToken;
        _transfers = [new BufFileTransfer(context), new BufFileTransfer(context)];
        for (int slot = 0; slot < _memory.Length; slot++) _memory[slot] = new SortMemory(store.BlockBytes);
    }

    /// <summary>The record at hand; valid until the reader moves.</summary>
    public ReadOnlySpan<byte> Current => new(_record, _length);

    /// <summary>How many blocks it took.</summary>
    public int BlocksTaken { get; private set; }

    /// <summary>Goes to the next record of this reader's share.</summary>
    /// <returns>False when every block was taken, by this reader or another.</returns>
    /// <exception cref="AioException">A read failed.</exception>
    public bool MoveNext()
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (!_isStarted)
        {
            _isStarted = true;
            Start(0);
            _slot = 1;
        }

        if (_at == _end && !NextBlock()) return false;
        _length = RecordFrame.IsLong(*_at) ? RecordFrame.ReadLong(_at) : *_at;
        _record = _at + RecordFrame.HeaderBytes(_length);
        _at = _record + _length;
        return true;
    }

    /// <summary>Waits for what is on its way and frees the memory. A block that was taken and not used is nobody's then.</summary>
    public void Dispose()
    {
        if (_isDisposed) return;
        _isDisposed = true;
        foreach (BufFileTransfer transfer in _transfers) transfer.Quiesce();
        foreach (SortMemory memory in _memory) memory.Dispose();
    }

    private bool NextBlock()
    {
        int used = _slot;
        _slot = 1 - _slot;
        if (!_hasBlock[_slot]) return false;
        Start(used);
        BufFile.WaitForRead(_transfers[_slot], _cancellationToken);
        _at = _memory[_slot].Address;
        _end = _at + _blocks[_slot].UsedBytes;
        _hasBlock[_slot] = false;
        return true;
    }

    private void Start(int slot)
    {
        _hasBlock[slot] = _store.TryTake(out SharedTupleBlock block);
        if (!_hasBlock[slot]) return;
        BlocksTaken++;
        int length = (block.UsedBytes + BufFile.AlignmentBytes - 1) / BufFile.AlignmentBytes * BufFile.AlignmentBytes;
        if (length > _memory[slot].LengthBytes) _memory[slot].Replace(length);
        _blocks[slot] = block;
        block.File.StartRead(_transfers[slot], block.OffsetBytes, (nint)_memory[slot].Address, length);
    }
}
