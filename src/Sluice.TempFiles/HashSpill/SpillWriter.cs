using System.Runtime.CompilerServices;

namespace Sluice.TempFiles;

/// <summary>
/// Writes many partitions into one temporary file, behind the producer. A block that is full is queued; queued blocks get places that
/// follow each other in the file, whichever partition they are of, and go there together in one large write. Blocks that were read are
/// used again, lowest first.
/// </summary>
/// <remarks>
/// <para>A record is twelve bytes, its length and its hash, and then its bytes; it may go on in the partition's next block.</para>
/// <para>A block's memory is free when the write it went by is over. Writes are over in the order of the ring: the oldest is waited
/// for.</para>
/// </remarks>
internal sealed unsafe class SpillWriter : IDisposable
{
    internal const int RecordHeaderBytes = 12;

    // From this length on a larger write gains nothing measurable.
    private const int WriteBytes = 256 << 10;
    private const int RunBlocks = 64;

    private readonly AioContext _context;
    private readonly SpillMemory _memory;
    private readonly CancellationToken _cancellationToken;
    private readonly BlockMap _map = new();
    private readonly Write[] _writes;
    private readonly int _groupMax;
    private readonly int _inFlightMax;
    private int[] _next = new int[64];
    private long _runBlock;
    private int _runLeft;
    private int _oldest;
    private int _writeCount;
    private int _inFlightBlocks;
    private Write _group;
    private bool _isDisposed;

    internal SpillWriter(AioContext context, TempOwner owner, SpillMemory memory, CancellationToken cancellationToken)
    {
        _context = context;
        _memory = memory;
        _cancellationToken = cancellationToken;
        File = owner.Space.CreateFile(owner);
        _inFlightMax = memory.Plan.WriteBlocks;
        _groupMax = Math.Clamp(Math.Min(WriteBytes / memory.BlockBytes, _inFlightMax / 2), 1, File.VectorsMax);
        _writes = new Write[_inFlightMax + 1];
        for (int index = 0; index < _writes.Length; index++) _writes[index] = new Write(context, _groupMax);
        _group = _writes[0];
    }

    internal BufFile File { get; }

    /// <summary>How many bytes were written.</summary>
    internal long WrittenBytes { get; private set; }

    /// <summary>How many writes were started.</summary>
    internal long WriteCount { get; private set; }

    /// <summary>How often the producer had to wait.</summary>
    internal long Stalls { get; private set; }

    /// <summary>How many blocks of the file are in use, those taken ahead among them.</summary>
    internal long BlocksInUse => _map.InUse;

    /// <summary>Adds a record.</summary>
    internal void Append(SpillPartition partition, ulong hash, ReadOnlySpan<byte> record)
    {
        int needed = RecordHeaderBytes + record.Length;
        byte* cursor = partition.Cursor;
        if (partition.End - cursor >= needed)
        {
            Unsafe.WriteUnaligned(cursor, record.Length);
            Unsafe.WriteUnaligned(cursor + sizeof(int), hash);
            record.CopyTo(new Span<byte>(cursor + RecordHeaderBytes, record.Length));
            partition.Cursor = cursor + needed;
        }
        else
        {
            AppendInPieces(partition, hash, record);
        }

        partition.Count(hash, record.Length);
    }

    /// <summary>Ends a partition: what is in memory of it is queued.</summary>
    internal void Finish(SpillPartition partition)
    {
        if (partition.Slot < 0) return;
        int used = (int)(partition.Cursor - (byte*)_memory.AddressOf(partition.Slot));
        partition.TailBytes = used;
        Queue(partition, RoundUp(used));
        partition.Cursor = partition.End = null;
    }

    /// <summary>Waits until all that was queued is in the file.</summary>
    internal void WaitForAll()
    {
        Flush();
        while (_writeCount > 0) WaitForOldest();
        for (; _runLeft > 0; _runLeft--) _map.Return(_runBlock++);
    }

    /// <summary>The block after a block.</summary>
    internal int NextBlock(int block) => _next[block];

    /// <summary>Gives back a block that was read.</summary>
    internal void ReturnBlock(int block) => _map.Return(block);

    /// <summary>Gives back a partition that nobody will read.</summary>
    internal void Drop(SpillPartition partition)
    {
        if (partition.Slot >= 0) _memory.Return(partition.Slot);
        partition.Slot = -1;
        partition.Cursor = partition.End = null;
        int block = partition.FirstBlock;
        for (int index = 0; index < partition.BlockCount; index++)
        {
            int next = _next[block];
            _map.Return(block);
            block = next;
        }

        partition.FirstBlock = -1;
        partition.BlockCount = 0;
    }

    /// <summary>Takes a block of memory, waiting for writes if it must.</summary>
    internal int TakeSlot()
    {
        while (true)
        {
            int slot = _memory.TryTake();
            if (slot >= 0) return slot;
            if (_writeCount == 0) Flush();
            if (_writeCount == 0) return _memory.Take();
            WaitForOldest();
        }
    }

    /// <summary>Waits for what is on its way and removes the file. The memory stays with its budget.</summary>
    public void Dispose()
    {
        if (_isDisposed) return;
        _isDisposed = true;
        foreach (Write write in _writes) write.Transfer.Quiesce();
        File.Dispose();
    }

    internal static int RoundUp(int bytes) => (bytes + BufFile.AlignmentBytes - 1) / BufFile.AlignmentBytes * BufFile.AlignmentBytes;

    private void AppendInPieces(SpillPartition partition, ulong hash, ReadOnlySpan<byte> record)
    {
        byte* header = stackalloc byte[RecordHeaderBytes];
        Unsafe.WriteUnaligned(header, record.Length);
        Unsafe.WriteUnaligned(header + sizeof(int), hash);
        AppendBytes(partition, new ReadOnlySpan<byte>(header, RecordHeaderBytes));
        AppendBytes(partition, record);
    }

    private void AppendBytes(SpillPartition partition, ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            if (partition.Cursor == partition.End)
            {
                if (partition.Slot >= 0) Queue(partition, _memory.BlockBytes);
                int slot = TakeSlot();
                partition.Slot = slot;
                partition.Cursor = (byte*)_memory.AddressOf(slot);
                partition.End = partition.Cursor + _memory.BlockBytes;
                partition.TailBytes = 0;
            }

            int length = (int)Math.Min(bytes.Length, partition.End - partition.Cursor);
            bytes[..length].CopyTo(new Span<byte>(partition.Cursor, length));
            partition.Cursor += length;
            bytes = bytes[length..];
        }
    }

    // The block is the writer's from here on.
    private void Queue(SpillPartition partition, int lengthBytes)
    {
        _cancellationToken.ThrowIfCancellationRequested();
        int slot = partition.Slot;
        partition.Slot = -1;
        partition.Cursor = partition.End = null;
        if (_runLeft == 0) _runBlock = _map.Take(RunBlocks, out _runLeft);
        int block = checked((int)_runBlock++);
        _runLeft--;
        if (block >= _next.Length) Array.Resize(ref _next, Math.Max(block + 1, _next.Length * 2));
        _next[block] = -1;
        if (partition.LastBlock >= 0 && partition.BlockCount > 0) _next[partition.LastBlock] = block;
        else partition.FirstBlock = block;
        partition.LastBlock = block;
        partition.BlockCount++;

        if (_group.Count > 0 && block != _group.FirstBlock + _group.Count) Flush();
        if (_group.Count == 0) _group.FirstBlock = block;
        _group.Slots[_group.Count] = slot;
        _group.Vectors[_group.Count] = new IoVector(_memory.AddressOf(slot), (nuint)lengthBytes);
        _group.Count++;

        // A short block is the last of its write: what follows it in the file is at the next block's place.
        if (_group.Count == _groupMax || lengthBytes != _memory.BlockBytes) Flush();
    }

    private void Flush()
    {
        Write group = _group;
        if (group.Count == 0) return;
        while (_writeCount > 0 && (_inFlightBlocks + group.Count > _inFlightMax || _writeCount == _writes.Length - 1)) WaitForOldest();
        File.StartWrite(group.Transfer, (long)group.FirstBlock * _memory.BlockBytes, group.Vectors.AsSpan(0, group.Count));
        for (int index = 0; index < group.Count; index++) WrittenBytes += (long)group.Vectors[index].LengthBytes;
        WriteCount++;
        _inFlightBlocks += group.Count;
        _writeCount++;
        _group = _writes[(_oldest + _writeCount) % _writes.Length];
    }

    private void WaitForOldest()
    {
        Write write = _writes[_oldest];
        if (!write.Transfer.IsDone) Stalls++;
        BufFile.WaitForWrite(write.Transfer, _cancellationToken);
        for (int index = 0; index < write.Count; index++) _memory.Return(write.Slots[index]);
        _inFlightBlocks -= write.Count;
        write.Count = 0;
        _oldest = (_oldest + 1) % _writes.Length;
        _writeCount--;
    }

    private sealed class Write(AioContext context, int groupMax)
    {
        internal readonly BufFileTransfer Transfer = new(context);
        internal readonly int[] Slots = new int[groupMax];
        internal readonly IoVector[] Vectors = new IoVector[groupMax];
        internal int FirstBlock;
        internal int Count;
    }
}
