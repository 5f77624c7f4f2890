using System.Numerics;
using System.Runtime.CompilerServices;

namespace Sluice.TempFiles;

/// <summary>
/// Records in memory, found by their hash: a table of chains, all of it in blocks of the operator's budget. One flow's; allocates
/// nothing once the blocks are there.
/// </summary>
/// <remarks>
/// <para>An entry is a header, a fixed part whose size is the table's, and the record. It lies within one block; a record that no block
/// has room for is in blocks of its own, linked by their first eight bytes, and the entry has the first one's slot in its place.</para>
/// <para>Buckets are in blocks too, so that there is one budget and nothing else. The table grows by doubling the buckets while it may
/// have the blocks, and lives with longer chains when it may not.</para>
/// <para>Compacting moves entries only towards the beginning: filling blocks in order with some of the entries never comes to a later
/// place than filling them with all did. So it needs no memory.</para>
/// </remarks>
internal sealed unsafe class RecordTable : IDisposable
{
    private const int NextOffset = 0;
    private const int HashOffset = 8;
    private const int LengthOffset = 16;
    private const int FlagsOffset = 20;
    private const int HeaderBytes = 24;
    private const int LinkBytes = 8;
    private const int MatchedFlag = 1;
    private const int LargeFlag = 2;

    private readonly SpillMemory _memory;
    private readonly NativeScratch _scratch = new();
    private readonly int _fixedBytes;
    private readonly int _bucketShift;
    private readonly int _bucketsPerBlock;
    private int[] _slots = new int[16];
    private nint[] _ends = new nint[16];
    private int _slotCount;
    private int[] _bucketSlots = new int[16];
    private nint[] _bucketBlocks = new nint[16];
    private int _bucketBlockCount;
    private int _largeBlockCount;
    private ulong _bucketMask;
    private long _growAt;
    private byte* _cursor;
    private byte* _end;

    /// <summary>Makes an empty table.</summary>
    /// <param name="memory">Where its blocks come from.</param>
    /// <param name="fixedBytes">How many bytes each entry has besides the record; a multiple of 8.</param>
    internal RecordTable(SpillMemory memory, int fixedBytes = 0)
    {
        _memory = memory;
        _fixedBytes = fixedBytes;
        _bucketsPerBlock = memory.BlockBytes / sizeof(nint);
        _bucketShift = BitOperations.Log2((uint)_bucketsPerBlock);
        BlockLimit = int.MaxValue;
    }

    /// <summary>How many blocks it may have.</summary>
    internal int BlockLimit { get; set; }

    /// <summary>How many records there are.</summary>
    internal long Count { get; private set; }

    /// <summary>How many blocks it has.</summary>
    internal int BlockCount => _slotCount + _bucketBlockCount + _largeBlockCount;

    /// <summary>How many bytes a table with so many records of so many bytes together takes, about.</summary>
    internal long Estimate(long records, long recordBytes)
    {
        long buckets = (long)BitOperations.RoundUpToPowerOf2((ulong)Math.Max(records, 1)) * sizeof(nint);
        return recordBytes + (records * (HeaderBytes + _fixedBytes + 4)) + buckets + _memory.BlockBytes;
    }

    /// <summary>Adds a record.</summary>
    /// <param name="hash">Its hash.</param>
    /// <param name="record">Its bytes; copied.</param>
    /// <param name="isForced">Whether it must be taken although the limit is reached: then the table is beyond it.</param>
    /// <returns>The entry; null when there is no room.</returns>
    internal byte* TryAdd(ulong hash, ReadOnlySpan<byte> record, bool isForced = false)
    {
        if (_bucketBlockCount == 0 && !TryAddFirstBuckets(isForced)) return null;
        int size = (HeaderBytes + _fixedBytes + record.Length + 7) & ~7;
        byte* entry = _cursor;
        if (_end - entry < size)
        {
            if (size > _memory.BlockBytes) return TryAddLarge(hash, record, isForced);
            if (!TryAddBlock(isForced)) return null;
            entry = _cursor;
        }

        _cursor = entry + size;
        record.CopyTo(new Span<byte>(entry + HeaderBytes + _fixedBytes, record.Length));
        Link(entry, hash, record.Length, flags: 0);
        return entry;
    }

    /// <summary>The first entry that has the hash, or null.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal byte* First(ulong hash)
    {
        if (_bucketBlockCount == 0) return null;
        byte* entry = *(byte**)BucketOf(hash);
        while (entry != null && *(ulong*)(entry + HashOffset) != hash) entry = *(byte**)entry;
        return entry;
    }

    /// <summary>The entry after another that has the hash, or null.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static byte* Next(byte* entry, ulong hash)
    {
        do entry = *(byte**)(entry + NextOffset);
        while (entry != null && *(ulong*)(entry + HashOffset) != hash);
        return entry;
    }

    internal static ulong HashOf(byte* entry) => *(ulong*)(entry + HashOffset);

    /// <summary>The entry's fixed part.</summary>
    internal static byte* FixedOf(byte* entry) => entry + HeaderBytes;

    internal static bool IsMatched(byte* entry) => (*(int*)(entry + FlagsOffset) & MatchedFlag) != 0;

    internal static void SetMatched(byte* entry) => *(int*)(entry + FlagsOffset) |= MatchedFlag;

    /// <summary>The entry's record; of one that is larger than a block valid until the next such call.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal ReadOnlySpan<byte> RecordOf(byte* entry)
    {
        int length = *(int*)(entry + LengthOffset);
        return (*(int*)(entry + FlagsOffset) & LargeFlag) == 0
            ? new ReadOnlySpan<byte>(entry + HeaderBytes + _fixedBytes, length)
            : Assemble(entry, length);
    }

    /// <summary>The first entry of all, or null.</summary>
    internal TableCursor Entries() => new() { Block = -1 };

    /// <summary>Goes to the next entry of all.</summary>
    internal bool MoveNext(ref TableCursor cursor)
    {
        if (cursor.Entry != null) cursor.Entry += SizeOf(cursor.Entry);
        while (cursor.Block < 0 || (nint)cursor.Entry == EndOf(cursor.Block))
        {
            if (++cursor.Block >= _slotCount) return false;
            cursor.Entry = (byte*)_memory.AddressOf(_slots[cursor.Block]);
        }

        return true;
    }

    /// <summary>Removes what a filter does not want to keep, and gives blocks back that become free.</summary>
    internal void Compact<TFilter>(ref TFilter filter)
        where TFilter : struct, ITableFilter, allows ref struct
    {
        if (_slotCount == 0) return;
        _ends[_slotCount - 1] = (nint)_cursor;
        for (int index = 0; index < _bucketBlockCount; index++) new Span<byte>((void*)_bucketBlocks[index], _memory.BlockBytes).Clear();
        Count = 0;
        int target = 0;
        byte* to = (byte*)_memory.AddressOf(_slots[0]);
        byte* toEnd = to + _memory.BlockBytes;
        for (int block = 0; block < _slotCount; block++)
        {
            byte* from = (byte*)_memory.AddressOf(_slots[block]);
            nint end = _ends[block];
            while ((nint)from < end)
            {
                int size = SizeOf(from);
                if (filter.Keep(this, from))
                {
                    if (toEnd - to < size)
                    {
                        _ends[target++] = (nint)to;
                        to = (byte*)_memory.AddressOf(_slots[target]);
                        toEnd = to + _memory.BlockBytes;
                    }

                    if (to != from) Buffer.MemoryCopy(from, to, size, size);
                    from += size;
                    Relink(to);
                    to += size;
                }
                else
                {
                    FreeLarge(from);
                    from += size;
                }
            }
        }

        // Count is what stays, so the buckets are at most as many as before.
        for (int index = target + 1; index < _slotCount; index++) _memory.Return(_slots[index]);
        _slotCount = target + 1;
        _cursor = to;
        _end = toEnd;
    }

    /// <summary>Removes everything and gives all blocks back.</summary>
    internal void Clear()
    {
        if (_largeBlockCount > 0)
        {
            TableCursor cursor = Entries();
            while (MoveNext(ref cursor)) FreeLarge(cursor.Entry);
        }

        for (int index = 0; index < _slotCount; index++) _memory.Return(_slots[index]);
        for (int index = 0; index < _bucketBlockCount; index++) _memory.Return(_bucketSlots[index]);
        _slotCount = 0;
        _bucketBlockCount = 0;
        _cursor = _end = null;
        Count = 0;
    }

    public void Dispose() => _scratch.Dispose();

    private nint EndOf(int block) => block == _slotCount - 1 ? (nint)_cursor : _ends[block];

    private int SizeOf(byte* entry)
    {
        bool isLarge = (*(int*)(entry + FlagsOffset) & LargeFlag) != 0;
        return (HeaderBytes + _fixedBytes + (isLarge ? LinkBytes : *(int*)(entry + LengthOffset)) + 7) & ~7;
    }

    // The bits by which records are dealt out to partitions are the low ones; a partition's records differ in all the others.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private nint BucketOf(ulong hash)
    {
        ulong bucket = (hash * 0x9E37_79B9_7F4A_7C15UL >> 20) & _bucketMask;
        return _bucketBlocks[bucket >> _bucketShift] + (nint)((bucket & (ulong)(_bucketsPerBlock - 1)) * (ulong)sizeof(nint));
    }

    private void Link(byte* entry, ulong hash, int length, int flags)
    {
        *(ulong*)(entry + HashOffset) = hash;
        *(int*)(entry + LengthOffset) = length;
        *(int*)(entry + FlagsOffset) = flags;
        Relink(entry);
        if (Count > _growAt) Grow();
    }

    private void Relink(byte* entry)
    {
        byte** bucket = (byte**)BucketOf(*(ulong*)(entry + HashOffset));
        *(byte**)entry = *bucket;
        *bucket = entry;
        Count++;
    }

    private bool TryTake(bool isForced, out int slot)
    {
        slot = -1;
        if (BlockCount < BlockLimit || isForced) slot = _memory.TryTake();
        if (slot < 0 && isForced) slot = _memory.Take();
        return slot >= 0;
    }

    private bool TryAddBlock(bool isForced)
    {
        if (!TryTake(isForced, out int slot)) return false;
        if (_slotCount == _slots.Length)
        {
            Array.Resize(ref _slots, _slotCount * 2);
            Array.Resize(ref _ends, _slotCount * 2);
        }

        if (_slotCount > 0) _ends[_slotCount - 1] = (nint)_cursor;
        _slots[_slotCount++] = slot;
        _cursor = (byte*)_memory.AddressOf(slot);
        _end = _cursor + _memory.BlockBytes;
        return true;
    }

    private bool TryAddFirstBuckets(bool isForced)
    {
        if (!TryTake(isForced, out int slot)) return false;
        AddBucketBlock(slot);
        _bucketMask = (ulong)_bucketsPerBlock - 1;
        _growAt = _bucketsPerBlock;
        return true;
    }

    private void AddBucketBlock(int slot)
    {
        if (_bucketBlockCount == _bucketBlocks.Length)
        {
            Array.Resize(ref _bucketSlots, _bucketBlockCount * 2);
            Array.Resize(ref _bucketBlocks, _bucketBlockCount * 2);
        }

        nint address = _memory.AddressOf(slot);
        new Span<byte>((void*)address, _memory.BlockBytes).Clear();
        _bucketSlots[_bucketBlockCount] = slot;
        _bucketBlocks[_bucketBlockCount++] = address;
    }

    private byte* TryAddLarge(ulong hash, ReadOnlySpan<byte> record, bool isForced)
    {
        int size = HeaderBytes + _fixedBytes + LinkBytes;
        int payload = _memory.BlockBytes - LinkBytes;
        int blocks = (int)(((long)record.Length + payload - 1) / payload);
        if (!isForced && BlockCount + blocks + 1 > BlockLimit) return null;
        if (_end - _cursor < size && !TryAddBlock(isForced)) return null;
        int length = record.Length;
        int first = -1;
        int last = -1;
        for (int index = 0; index < blocks; index++)
        {
            if (!TryTake(isForced, out int slot))
            {
                FreeChain(first);
                return null;
            }

            byte* address = (byte*)_memory.AddressOf(slot);
            *(int*)address = -1;
            _largeBlockCount++;
            if (last < 0) first = slot;
            else *(int*)_memory.AddressOf(last) = slot;
            last = slot;
            int count = Math.Min(payload, record.Length);
            record[..count].CopyTo(new Span<byte>(address + LinkBytes, count));
            record = record[count..];
        }

        byte* entry = _cursor;
        _cursor = entry + size;
        *(int*)(entry + HeaderBytes + _fixedBytes) = first;
        Link(entry, hash, length, LargeFlag);
        return entry;
    }

    private ReadOnlySpan<byte> Assemble(byte* entry, int length)
    {
        Span<byte> whole = _scratch.Get(length);
        int slot = *(int*)(entry + HeaderBytes + _fixedBytes);
        for (int at = 0; at < length;)
        {
            byte* address = (byte*)_memory.AddressOf(slot);
            int count = Math.Min(length - at, _memory.BlockBytes - LinkBytes);
            new ReadOnlySpan<byte>(address + LinkBytes, count).CopyTo(whole[at..]);
            at += count;
            slot = *(int*)address;
        }

        return whole;
    }

    private void FreeLarge(byte* entry)
    {
        if ((*(int*)(entry + FlagsOffset) & LargeFlag) != 0) FreeChain(*(int*)(entry + HeaderBytes + _fixedBytes));
    }

    private void FreeChain(int slot)
    {
        while (slot >= 0)
        {
            int next = *(int*)_memory.AddressOf(slot);
            _memory.Return(slot);
            _largeBlockCount--;
            slot = next;
        }
    }

    // Twice as many buckets: what was in bucket b is then in b and in b plus the old number.
    private void Grow()
    {
        int more = _bucketBlockCount;
        if (BlockCount + more > BlockLimit)
        {
            _growAt = long.MaxValue;
            return;
        }

        for (int index = 0; index < more; index++)
        {
            int slot = _memory.TryTake();
            if (slot < 0)
            {
                while (_bucketBlockCount > more) _memory.Return(_bucketSlots[--_bucketBlockCount]);
                _growAt = long.MaxValue;
                return;
            }

            AddBucketBlock(slot);
        }

        _growAt *= 2;
        _bucketMask = (_bucketMask << 1) | 1;
        for (int block = 0; block < more; block++)
        {
            byte** buckets = (byte**)_bucketBlocks[block];
            for (int index = 0; index < _bucketsPerBlock; index++)
            {
                byte* entry = buckets[index];
                buckets[index] = null;
                while (entry != null)
                {
                    byte* next = *(byte**)entry;
                    byte** bucket = (byte**)BucketOf(*(ulong*)(entry + HashOffset));
                    *(byte**)entry = *bucket;
                    *bucket = entry;
                    entry = next;
                }
            }
        }
    }
}
