using System.Numerics;

namespace Sluice.TempFiles;

/// <summary>
/// Records by hash in native memory of a fixed size: what they take is known to the byte. Not for several threads at once.
/// </summary>
internal sealed unsafe class RecordHashTable : IDisposable
{
    // Next, length, hash; then the bytes, to a multiple of eight.
    private const int HeaderBytes = 16;
    private const int BytesPerBucket = 32;
    private const long UnitBytes = 8;

    private readonly SortMemory _records;
    private readonly SortMemory _buckets;
    private readonly uint _mask;
    private readonly long _limit;
    private long _used = UnitBytes;

    internal RecordHashTable(long memoryBytes)
    {
        long buckets = 1L << BitOperations.Log2((ulong)Math.Clamp(memoryBytes / (BytesPerBucket + sizeof(uint)), 64, 1L << 30));
        _buckets = new SortMemory(buckets * sizeof(uint));
        _mask = (uint)(buckets - 1);
        _limit = Math.Min(Math.Max(memoryBytes - _buckets.LengthBytes, 4096), uint.MaxValue * UnitBytes);
        _records = new SortMemory(_limit);
        ClearBuckets();
    }

    internal long Count { get; private set; }

    /// <summary>How much memory it has.</summary>
    internal long MemoryBytes => _records.LengthBytes + _buckets.LengthBytes;

    /// <summary>Adds a record, if there is room below a limit, or nothing is there yet.</summary>
    internal bool TryAdd(ulong hash, ReadOnlySpan<byte> record, long reservedBytes)
    {
        long needed = (HeaderBytes + (long)record.Length + UnitBytes - 1) / UnitBytes * UnitBytes;
        if (_used + needed > _limit - reservedBytes)
        {
            if (Count != 0) return false;

            // One record that is longer than the budget.
            if (_used + needed > _records.LengthBytes) _records.Grow(_used + needed, _used);
        }

        byte* at = _records.Address + _used;
        uint* bucket = (uint*)_buckets.Address + (hash & _mask);
        *(uint*)at = *bucket;
        *(int*)(at + sizeof(uint)) = record.Length;
        *(ulong*)(at + UnitBytes) = hash;
        record.CopyTo(new Span<byte>(at + HeaderBytes, record.Length));
        *bucket = (uint)(_used / UnitBytes);
        _used += needed;
        Count++;
        return true;
    }

    /// <summary>The first record of a hash, or after another of it; 0 when there is none.</summary>
    internal uint Find(ulong hash, uint after, out ReadOnlySpan<byte> record)
    {
        uint place = after == 0 ? ((uint*)_buckets.Address)[hash & _mask] : *(uint*)(_records.Address + (after * UnitBytes));
        while (place != 0)
        {
            byte* at = _records.Address + (place * UnitBytes);
            if (*(ulong*)(at + UnitBytes) == hash)
            {
                record = new ReadOnlySpan<byte>(at + HeaderBytes, *(int*)(at + sizeof(uint)));
                return place;
            }

            place = *(uint*)at;
        }

        record = default;
        return 0;
    }

    /// <summary>Takes out the records for which it is said.</summary>
    /// <param name="isMoved">Told hash and record; whether it goes.</param>
    /// <returns>How many went.</returns>
    internal long RemoveWhere(RecordPredicate isMoved)
    {
        ClearBuckets();
        long from = UnitBytes;
        long to = UnitBytes;
        long removed = 0;
        while (from < _used)
        {
            byte* at = _records.Address + from;
            int length = *(int*)(at + sizeof(uint));
            ulong hash = *(ulong*)(at + UnitBytes);
            long size = (HeaderBytes + (long)length + UnitBytes - 1) / UnitBytes * UnitBytes;
            if (isMoved(hash, new ReadOnlySpan<byte>(at + HeaderBytes, length)))
            {
                removed++;
            }
            else
            {
                byte* place = _records.Address + to;
                Buffer.MemoryCopy(at, place, size, size);
                uint* bucket = (uint*)_buckets.Address + (hash & _mask);
                *(uint*)place = *bucket;
                *bucket = (uint)(to / UnitBytes);
                to += size;
            }

            from += size;
        }

        _used = to;
        Count -= removed;
        return removed;
    }

    internal void Clear()
    {
        ClearBuckets();
        _used = UnitBytes;
        Count = 0;
        if (_records.LengthBytes > _limit) _records.Replace(_limit);
    }

    public void Dispose()
    {
        _records.Dispose();
        _buckets.Dispose();
    }

    private void ClearBuckets()
    {
        byte* address = _buckets.Address;
        for (long at = 0; at < _buckets.LengthBytes; at += 1 << 30)
        {
            new Span<byte>(address + at, (int)Math.Min(1 << 30, _buckets.LengthBytes - at)).Clear();
        }
    }
}

/// <summary>Says something about a record.</summary>
internal delegate bool RecordPredicate(ulong hash, ReadOnlySpan<byte> record);
