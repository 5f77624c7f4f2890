using System.Runtime.CompilerServices;

namespace Sluice.TempFiles;

/// <summary>
/// Reads partitions one after the other, ahead of the consumer and beyond the end of the one at hand: while the last blocks of a
/// partition are consumed, those of the partitions after it are on their way. Reading allocates nothing but to line partitions up.
/// </summary>
/// <remarks>
/// The ring holds the blocks that are read or on their way, in the order in which they will be consumed; the one at hand is its first.
/// Blocks that follow each other in the file as well as in the partition are read together, by the transfer of the first.
/// </remarks>
internal sealed unsafe class SpillReader : IDisposable
{
    private const int ReadBytes = 256 << 10;

    private readonly SpillMemory _memory;
    private readonly SpillWriter _writer;
    private readonly CancellationToken _cancellationToken;
    private readonly NativeScratch _scratch = new();
    private readonly Queue<SpillPartition> _upcoming = new();
    private readonly bool _keepsBlocks;
    private readonly int[] _slots;
    private readonly int[] _blocks;
    private readonly int[] _leaders;
    private readonly BufFileTransfer[] _transfers;
    private readonly IoVector[] _vectors;
    private readonly int _groupMax;
    private int _head;
    private int _count;
    private SpillPartition? _asking;
    private int _askBlock;
    private int _askLeft;
    private SpillPartition? _current;
    private int _blocksLeft;
    private bool _hasBlock;
    private byte* _cursor;
    private byte* _end;
    private bool _isDisposed;

    /// <summary>Makes a reader.</summary>
    /// <param name="context">Through which it reads.</param>
    /// <param name="writer">Who wrote, and to whom blocks go back.</param>
    /// <param name="memory">Where its blocks come from.</param>
    /// <param name="depth">How many blocks are read or on their way at most.</param>
    /// <param name="keepsBlocks">Whether blocks that were read stay in the file.</param>
    /// <param name="cancellationToken">Ends waits.</param>
    internal SpillReader(
        AioContext context, SpillWriter writer, SpillMemory memory, int depth, bool keepsBlocks, CancellationToken cancellationToken)
    {
        _memory = memory;
        _writer = writer;
        _cancellationToken = cancellationToken;
        _keepsBlocks = keepsBlocks;
        _slots = new int[depth];
        _blocks = new int[depth];
        _leaders = new int[depth];
        _transfers = new BufFileTransfer[depth];
        for (int index = 0; index < depth; index++) _transfers[index] = new BufFileTransfer(context);
        _groupMax = Math.Clamp(Math.Min(ReadBytes / memory.BlockBytes, depth / 2), 1, writer.File.VectorsMax);
        _vectors = new IoVector[_groupMax];
    }

    /// <summary>How many bytes were read.</summary>
    internal long BytesRead { get; private set; }

    /// <summary>How many reads were started.</summary>
    internal long ReadCount { get; private set; }

    /// <summary>How often the consumer had to wait.</summary>
    internal long Stalls { get; private set; }

    /// <summary>Lines a partition up. It is finished and in the file.</summary>
    internal void Add(SpillPartition partition)
    {
        if (partition.BlockCount > 0) _upcoming.Enqueue(partition);
    }

    /// <summary>Goes to the next partition in line; the one before was read to its end.</summary>
    internal void Open(SpillPartition partition)
    {
        if (_blocksLeft != 0 || _cursor != _end) throw new InvalidOperationException("The partition before was not read to its end.");
        _current = partition;
        _blocksLeft = partition.BlockCount;
    }

    /// <summary>The next record of the partition.</summary>
    /// <param name="hash">Its hash.</param>
    /// <param name="record">Its bytes; valid until the next call.</param>
    /// <returns>False at the partition's end.</returns>
    internal bool TryRead(out ulong hash, out ReadOnlySpan<byte> record)
    {
        byte* cursor = _cursor;
        long left = _end - cursor;
        if (left >= SpillWriter.RecordHeaderBytes)
        {
            int length = Unsafe.ReadUnaligned<int>(cursor);
            if (left >= SpillWriter.RecordHeaderBytes + length)
            {
                hash = Unsafe.ReadUnaligned<ulong>(cursor + sizeof(int));
                record = new ReadOnlySpan<byte>(cursor + SpillWriter.RecordHeaderBytes, length);
                _cursor = cursor + SpillWriter.RecordHeaderBytes + length;
                return true;
            }
        }

        return TryReadInPieces(out hash, out record);
    }

    /// <summary>Waits for what is on its way and gives the memory back. What was not read stays in the file.</summary>
    public void Dispose()
    {
        if (_isDisposed) return;
        _isDisposed = true;
        foreach (BufFileTransfer transfer in _transfers) transfer.Quiesce();
        for (; _count > 0; _count--)
        {
            _memory.Return(_slots[_head]);
            _head = (_head + 1) % _slots.Length;
        }

        _scratch.Dispose();
    }

    private bool TryReadInPieces(out ulong hash, out ReadOnlySpan<byte> record)
    {
        hash = 0;
        record = default;
        if (_cursor == _end && !NextBlock()) return false;
        byte* header = stackalloc byte[SpillWriter.RecordHeaderBytes];
        Copy(new Span<byte>(header, SpillWriter.RecordHeaderBytes));
        hash = Unsafe.ReadUnaligned<ulong>(header + sizeof(int));
        int length = Unsafe.ReadUnaligned<int>(header);
        if (_end - _cursor >= length)
        {
            record = new ReadOnlySpan<byte>(_cursor, length);
            _cursor += length;
            return true;
        }

        Span<byte> whole = _scratch.Get(length);
        Copy(whole);
        record = whole;
        return true;
    }

    private void Copy(Span<byte> destination)
    {
        while (!destination.IsEmpty)
        {
            if (_cursor == _end && !NextBlock()) throw new InvalidOperationException("A partition ends in the middle of a record.");
            int length = (int)Math.Min(destination.Length, _end - _cursor);
            new ReadOnlySpan<byte>(_cursor, length).CopyTo(destination);
            _cursor += length;
            destination = destination[length..];
        }
    }

    private bool NextBlock()
    {
        if (_hasBlock) Leave();
        if (_blocksLeft == 0) return false;
        TopUp();
        int leader = _leaders[_head];
        BufFileTransfer transfer = _transfers[leader];
        if (transfer.IsPending)
        {
            if (!transfer.IsDone) Stalls++;
            BufFile.WaitForRead(transfer, _cancellationToken);

            // The others of this read have arrived with it; the transfer may soon serve another read, which is not theirs to wait for.
            for (int index = 0, entry = _head; index < _count && _leaders[entry] == leader; index++)
            {
                _leaders[entry] = entry;
                entry = entry + 1 == _slots.Length ? 0 : entry + 1;
            }
        }

        _hasBlock = true;
        _blocksLeft--;
        _cursor = (byte*)_memory.AddressOf(_slots[_head]);
        _end = _cursor + (_blocksLeft == 0 ? _current!.TailBytes : _memory.BlockBytes);
        return true;
    }

    private void Leave()
    {
        if (!_keepsBlocks) _writer.ReturnBlock(_blocks[_head]);
        _memory.Return(_slots[_head]);
        _head = (_head + 1) % _slots.Length;
        _count--;
        _hasBlock = false;
        _cursor = _end = null;
    }

    private void TopUp()
    {
        // Asked for when a group has room, so that blocks that follow each other can be asked for together.
        if (_count > 0 && _slots.Length - _count < _groupMax) return;
        while (_count < _slots.Length)
        {
            if (_askLeft == 0)
            {
                if (!_upcoming.TryDequeue(out _asking)) return;
                _askBlock = _asking.FirstBlock;
                _askLeft = _asking.BlockCount;
            }

            if (!AskForGroup()) return;
        }
    }

    private bool AskForGroup()
    {
        int first = _askBlock;
        int leader = (_head + _count) % _slots.Length;
        int length = 0;
        int group = 0;
        while (group < _groupMax && _count < _slots.Length && _askLeft > 0 && _askBlock == first + group)
        {
            int slot = _memory.TryTake();
            if (slot < 0)
            {
                if (_count > 0) break;
                slot = _writer.TakeSlot();
            }

            int entry = (_head + _count) % _slots.Length;
            int bytes = _askLeft == 1 ? SpillWriter.RoundUp(_asking!.TailBytes) : _memory.BlockBytes;
            _slots[entry] = slot;
            _blocks[entry] = _askBlock;
            _leaders[entry] = leader;
            _vectors[group++] = new IoVector(_memory.AddressOf(slot), (nuint)bytes);
            length += bytes;
            _count++;
            _askBlock = _writer.NextBlock(_askBlock);
            _askLeft--;
        }

        if (group == 0) return false;
        _writer.File.StartRead(_transfers[leader], (long)first * _memory.BlockBytes, _vectors.AsSpan(0, group));
        BytesRead += length;
        ReadCount++;
        return true;
    }
}
