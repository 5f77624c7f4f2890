namespace Sluice.TempFiles;

/// <summary>
/// A hybrid hash join: one side is put in a table, the other looks its keys up. When the table outgrows the memory, the number of batches
/// is doubled:
/// a batch goes on in memory, the others to spill files, and are joined one by one afterwards. Belongs to one flow at a time; blocks.
/// </summary>
/// <remarks>
/// <para>Batch of a record: the lowest bits of its hash, as many as there are doublings. Doubling therefore moves a record of batch b to
/// b or to a later
/// one, never back; records that were spilled before are moved on when their batch is read.</para>
/// <para>A batch that doubling does not make smaller, because its keys are too few, or for which the buffers of more batches would leave
/// no room, is
/// joined in parts: as much of it as fits in memory at a time, the other side being read once for each part.</para>
/// <para>After anything failed everything is given up: no file and no I/O stays behind.</para>
/// </remarks>
/// <typeparam name="TBuild">The side that is put in the table.</typeparam>
/// <typeparam name="TProbe">The side that looks its keys up.</typeparam>
/// <typeparam name="TKey">The keys.</typeparam>
public sealed class HashJoin<TBuild, TProbe, TKey> : IDisposable
    where TKey : notnull
{
    private const int BlockBytesMax = 32 << 10;

    private readonly AioContext _context;
    private readonly HashJoinSide<TBuild, TKey> _build;
    private readonly HashJoinSide<TProbe, TKey> _probe;
    private readonly Action<TBuild, TProbe> _matched;
    private readonly Action<TProbe>? _unmatched;
    private readonly IEqualityComparer<TKey> _comparer;
    private readonly CancellationToken _cancellationToken;
    private readonly RecordHashTable _table;
    private readonly int _batchesMax;
    private bool _mayDouble = true;
    private bool _isZeroSpilled;
    private bool _isBuilt;
    private bool _isDisposed;

    /// <summary>Makes a join.</summary>
    /// <param name="space">Where it spills to.</param>
    /// <param name="build">How records of the table's side become bytes and come back.</param>
    /// <param name="buildKey">Their keys.</param>
    /// <param name="probe">How records of the other side become bytes and come back.</param>
    /// <param name="probeKey">Their keys.</param>
    /// <param name="matched">Gets every pair with equal keys, in no order.</param>
    /// <param name="unmatched">Gets the records of the other side that have no pair, for an outer join; null for an inner one.</param>
    /// <param name="options">How; null for the defaults.</param>
    /// <param name="comparer">Compares keys; null for their own.</param>
    /// <param name="name">A name for people: it stands in errors.</param>
    /// <param name="cancellationToken">Gives everything up.</param>
    public HashJoin(
        TempSpace space,
        IRecordCodec<TBuild> build,
        Func<TBuild, TKey> buildKey,
        IRecordCodec<TProbe> probe,
        Func<TProbe, TKey> probeKey,
        Action<TBuild, TProbe> matched,
        Action<TProbe>? unmatched = null,
        HashOperatorOptions? options = null,
        IEqualityComparer<TKey>? comparer = null,
        string name = "hash join",
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(space);
        ArgumentNullException.ThrowIfNull(matched);
        options = HashOperatorOptions.Check(options);
        _comparer = comparer ?? EqualityComparer<TKey>.Default;
        _matched = matched;
        _unmatched = unmatched;
        _cancellationToken = cancellationToken;
        TempOwner owner = space.CreateOwner(name);
        int block = (int)Math.Clamp(options.MemoryBytes / 256 / 4096 * 4096, BufFile.AlignmentBytes, BlockBytesMax);

        // The buffers of both sides may take half of the memory.
        _batchesMax = (int)Math.Clamp(1L << System.Numerics.BitOperations.Log2((ulong)Math.Max(2, (options.MemoryBytes / 4 / block) - 4)),
            2, 1 << 16);
        _context = space.System.CreateContext(name);
        _build = new HashJoinSide<TBuild, TKey>(build, buildKey, _comparer, new HashSpill(owner, _context, block, cancellationToken));
        _probe = new HashJoinSide<TProbe, TKey>(probe, probeKey, _comparer, new HashSpill(owner, _context, block, cancellationToken));
        _table = new RecordHashTable(options.MemoryBytes);
    }

    /// <summary>How many batches there are.</summary>
    public int Batches { get; private set; } = 1;

    /// <summary>How often part of a batch was joined by itself, because the batch could not be split.</summary>
    public long PartsJoined { get; private set; }

    /// <summary>Adds a record to the table's side. Before the first of the other side.</summary>
    /// <param name="value">The record.</param>
    public void AddBuild(TBuild value)
    {
        if (_isBuilt) throw new InvalidOperationException("The other side has begun: the table's side comes first.");
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        try
        {
            ulong hash = _build.Encode(value, out ReadOnlySpan<byte> record);
            Route(hash, record, batch: 0);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Looks up the key of a record of the other side. Its pairs may be given now or later.</summary>
    /// <param name="value">The record.</param>
    public void Probe(TProbe value)
    {
        _isBuilt = true;
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        try
        {
            ulong hash = _probe.Encode(value, out ReadOnlySpan<byte> record);
            int batch = BatchOf(hash);
            if (batch != 0 || _isZeroSpilled) _probe.Spill.Write(batch, hash, record);
            else if (!LookUp(hash, value)) _unmatched?.Invoke(value);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Joins what was spilled. Nothing can be added afterwards.</summary>
    public void Finish()
    {
        _isBuilt = true;
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        try
        {
            for (int batch = _isZeroSpilled ? 0 : 1; batch < Batches; batch++)
            {
                _cancellationToken.ThrowIfCancellationRequested();
                _table.Clear();
                JoinBatch(batch);
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Waits for what is on its way, and removes every file.</summary>
    public void Dispose()
    {
        if (_isDisposed) return;
        _isDisposed = true;
        _build.Dispose();
        _probe.Dispose();
        _table.Dispose();
        _context.Dispose();
    }

    private int BatchOf(ulong hash) => (int)((hash >> 32) & (ulong)(Batches - 1));

    private long ReservedBytes => _build.Spill.MemoryBytes + _probe.Spill.MemoryBytes;

    // A record of the build side, while a batch is in memory.
    private void Route(ulong hash, ReadOnlySpan<byte> record, int batch)
    {
        while (true)
        {
            int target = BatchOf(hash);
            if (target != batch || (batch == 0 && _isZeroSpilled))
            {
                _build.Spill.Write(target, hash, record);
                return;
            }

            if (_table.TryAdd(hash, record, ReservedBytes)) return;
            if (TryDouble(batch)) continue;

            // Only the first batch comes here: the others are joined in parts by whoever loads them.
            _isZeroSpilled = true;
            _table.RemoveWhere((moved, bytes) =>
            {
                _build.Spill.Write(0, moved, bytes);
                return true;
            });
        }
    }

    // True when some of what is in memory went away.
    private bool TryDouble(int batch)
    {
        while (_mayDouble && Batches < _batchesMax)
        {
            Batches *= 2;
            long before = _table.Count;
            long moved = _table.RemoveWhere((hash, bytes) =>
            {
                int target = BatchOf(hash);
                if (target == batch) return false;
                _build.Spill.Write(target, hash, bytes);
                return true;
            });
            if (moved == before || moved == 0)
            {
                // All have the same bits: another doubling would only cost buffers. One more is tried while there is hope.
                _mayDouble = !HasOneHash();
            }

            if (moved != 0) return true;
        }

        return false;
    }

    private bool HasOneHash()
    {
        ulong first = 0;
        bool isFirst = true;
        bool isSame = true;
        _table.RemoveWhere((hash, _) =>
        {
            if (isFirst) first = hash;
            isFirst = false;
            isSame &= hash == first;
            return false;
        });
        return isSame;
    }

    private void JoinBatch(int batch)
    {
        // What one batch could not be split by may split another.
        _mayDouble = true;

        if (_build.Spill.CountOf(batch) == 0 && _probe.Spill.CountOf(batch) == 0) return;
        using HashSpillReader build = _build.Spill.Open(batch);
        bool isWhole = Load(build, batch, hasRecord: false);
        if (isWhole)
        {
            using HashSpillReader probe = _probe.Spill.Open(batch);
            ScanProbe(probe, batch, isFirst: true, null, null);
            return;
        }

        JoinInParts(build, batch);
    }

    private void JoinInParts(HashSpillReader build, int batch)
    {
        // The other side is moved on to later batches once, with the first part: there must be no more of them afterwards.
        _mayDouble = false;
        BitList? found = _unmatched is null ? null : new BitList();
        bool isFirst = true;
        bool isWhole = false;
        while (true)
        {
            PartsJoined++;
            using (HashSpillReader probe = _probe.Spill.Open(batch, isFrozen: true)) ScanProbe(probe, batch, isFirst, found, null);
            isFirst = false;
            if (isWhole) break;
            _table.Clear();
            isWhole = Load(build, batch, hasRecord: true);
        }

        if (found is not null)
        {
            using HashSpillReader probe = _probe.Spill.Open(batch, isFrozen: true);
            ScanProbe(probe, batch, isFirst: false, null, found);
        }

        _probe.Spill.Discard(batch);
    }

    // Returns false when the memory is full, the reader being at a record that has no room.
    private bool Load(HashSpillReader build, int batch, bool hasRecord)
    {
        while (true)
        {
            if (!hasRecord && !build.MoveNext()) return true;
            hasRecord = false;
            int target = BatchOf(build.Hash);
            if (target != batch)
            {
                _build.Spill.Write(target, build.Hash, build.Current);
                continue;
            }

            while (!_table.TryAdd(build.Hash, build.Current, ReservedBytes))
            {
                if (!TryDouble(batch)) return false;
                target = BatchOf(build.Hash);
                if (target == batch) continue;
                _build.Spill.Write(target, build.Hash, build.Current);
                break;
            }
        }
    }

    // With marks: notes which records found a pair. With lonely: gives those that never did.
    private void ScanProbe(HashSpillReader probe, int batch, bool isFirst, BitList? marks, BitList? lonely)
    {
        for (long number = 0; probe.MoveNext(); number++)
        {
            int target = BatchOf(probe.Hash);
            if (target != batch)
            {
                if (isFirst) _probe.Spill.Write(target, probe.Hash, probe.Current);
                continue;
            }

            if (lonely is not null)
            {
                if (!lonely[number]) _unmatched!(_probe.Codec.Decode(probe.Current));
                continue;
            }

            TProbe value = _probe.Codec.Decode(probe.Current);
            if (LookUp(probe.Hash, value)) marks?.Set(number);
            else if (marks is null && isFirst) _unmatched?.Invoke(value);
        }
    }

    private bool LookUp(ulong hash, TProbe value)
    {
        TKey? key = default;
        bool hasKey = false;
        bool isFound = false;
        uint place = 0;
        while ((place = _table.Find(hash, place, out ReadOnlySpan<byte> record)) != 0)
        {
            if (!hasKey) key = _probe.KeyOf(value);
            hasKey = true;
            TBuild candidate = _build.Codec.Decode(record);
            if (!_comparer.Equals(_build.KeyOf(candidate), key)) continue;
            isFound = true;
            _matched(candidate, value);
        }

        return isFound;
    }
}
