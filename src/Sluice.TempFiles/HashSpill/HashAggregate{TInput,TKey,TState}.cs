using System.Numerics;
using System.Runtime.CompilerServices;

namespace Sluice.TempFiles;

/// <summary>
/// Groups records by key within a budget of memory, however many groups there are. Groups that no room is left for go to temporary
/// files, cut into partitions by hash, and are completed partition by partition at the end.
/// </summary>
/// <remarks>
/// <para>When the memory is full, the groups that are in it stay and go on taking records, so those that come often cost no I/O. A
/// record of any other group is written as a state of its own, and combined with the others of its group when its partition is read. A
/// partition with more groups than fit is treated the same way, by bits of the hash that were not used yet.</para>
/// <para>Every pass over a partition completes one group at least, so there is an end even when no bit divides the rest.</para>
/// <para>States without references are kept in native memory, in place. Others are objects, of which a state tells about how large it
/// is; when they have grown too large together, groups leave memory as states to be combined later.</para>
/// <para>Belongs to the flow that uses its context, and blocks for I/O. After an exception, its own or one of the user's code,
/// everything is removed and only <see cref="Dispose"/> may be called. Allocates nothing per record.</para>
/// </remarks>
/// <typeparam name="TInput">The records that come in.</typeparam>
/// <typeparam name="TKey">What the records of a group have in common.</typeparam>
/// <typeparam name="TState">What is kept of a group.</typeparam>
public sealed unsafe class HashAggregate<TInput, TKey, TState> : IDisposable
    where TInput : allows ref struct
    where TKey : allows ref struct
{
    private readonly ITempCodec<TKey> _keyCodec;
    private readonly ITempCodec<TState>? _stateCodec;
    private readonly IAggregator<TInput, TKey, TState> _aggregator;
    private readonly SpillSpace _space;
    private readonly RecordTable _table;
    private readonly Queue<AggregatePart> _parts = new();
    private GroupObjects<TState> _objects = new();
    private SpillPartition[] _partitions = [];
    private bool _isSpilling;
    private bool _isFinished;
    private bool _isInside;
    private bool _endsWhenLeft;
    private bool _isEnded;
    private int _usedBits;
    private int _fanOut = 1;
    private int _fanOutWanted;
    private int _resident;
    private int _level;

    /// <summary>Makes an aggregate.</summary>
    /// <param name="context">Through which it does I/O.</param>
    /// <param name="owner">To whom its temporary files are accounted.</param>
    /// <param name="keyCodec">Turns keys into bytes and back.</param>
    /// <param name="stateCodec">Turns states into bytes and back; may be null when the state is a value without references.</param>
    /// <param name="aggregator">What groups are and what is kept of them.</param>
    /// <param name="options">How much memory; null for the defaults.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public HashAggregate(
        AioContext context,
        TempOwner owner,
        ITempCodec<TKey> keyCodec,
        ITempCodec<TState>? stateCodec,
        IAggregator<TInput, TKey, TState> aggregator,
        HashSpillOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(owner);
        ArgumentNullException.ThrowIfNull(keyCodec);
        ArgumentNullException.ThrowIfNull(aggregator);
        if (AreObjects) ArgumentNullException.ThrowIfNull(stateCodec);
        options ??= new HashSpillOptions();
        _keyCodec = keyCodec;
        _stateCodec = stateCodec;
        _aggregator = aggregator;
        SpillPlan plan = SpillPlan.For(options.MemoryBytes, options.BlockBytes);
        int stateBytes = AreObjects ? sizeof(long) : (Unsafe.SizeOf<TState>() + 7) & ~7;
        if (stateBytes > plan.BlockBytes / 4)
        {
            throw new ArgumentException(
                $"A state of {stateBytes} bytes is too large to be kept in blocks of {plan.BlockBytes}: make it a class.");
        }

        _space = new SpillSpace(context, owner, plan, stateBytes, cancellationToken);
        _table = _space.Table;
        _fanOutWanted = plan.FanOutMax;
    }

    /// <summary>What it has done so far.</summary>
    public HashSpillStatistics Statistics => _space.Statistics;

    private static bool AreObjects => RuntimeHelpers.IsReferenceOrContainsReferences<TState>();

    /// <summary>Takes a record.</summary>
    /// <param name="input">The record.</param>
    /// <exception cref="AioException">A write failed.</exception>
    /// <exception cref="TempSpaceFullException">There is no room for temporary data.</exception>
    public void Add(in TInput input)
    {
        RequireOpen();
        Enter();
        try
        {
            TKey key = _aggregator.KeyOf(input);
            ulong hash = HashBits.Mix(_aggregator.Hash(key));
            byte* entry = Find(hash, key);
            if (entry != null)
            {
                _aggregator.Accumulate(ref StateOf(entry), input);
                if (AreObjects) CountAgain(entry);
            }
            else
            {
                TState state = _aggregator.Start(input);
                int length = _space.Scratch.Encode(_keyCodec, key, sizeof(int)).Length - sizeof(int);
                if (!TryAddGroup(hash, _space.Scratch.All.Slice(sizeof(int), length), state)) Spill(hash, length, state);
            }

            _space.Tick();
        }
        catch
        {
            End();
            throw;
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>Gives every group, in no order, and removes the temporary files.</summary>
    /// <param name="consumer">Takes them.</param>
    /// <exception cref="AioException">A read or write failed.</exception>
    /// <exception cref="TempSpaceFullException">There is no room for temporary data.</exception>
    public void Finish(GroupConsumer<TKey, TState> consumer)
    {
        ArgumentNullException.ThrowIfNull(consumer);
        RequireOpen();
        Enter();
        try
        {
            EndPass(consumer);
            while (_parts.TryDequeue(out AggregatePart? part)) Run(part, consumer);
            End();
            _isFinished = true;
        }
        catch
        {
            End();
            throw;
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>Waits for I/O on its way, removes the files and frees the memory. What was not finished is given up.</summary>
    public void Dispose()
    {
        if (_isInside) _endsWhenLeft = true;
        else End();
    }

    private void Enter()
    {
        if (_isInside) throw new InvalidOperationException("The aggregate is used by code that it calls: that may only dispose it.");
        _isInside = true;
    }

    private void Leave()
    {
        _isInside = false;
        if (_endsWhenLeft) End();
    }

    private void End()
    {
        _isEnded = true;
        _objects = new GroupObjects<TState>();
        _space.Dispose();
    }

    private void RequireOpen()
    {
        if (_isFinished) throw new InvalidOperationException("The aggregate is finished: no more records can be added.");
        ObjectDisposedException.ThrowIf(_isEnded, this);
    }

    private int LeafOf(ulong hash) => (int)(hash >> _usedBits) & (_fanOut - 1);

    private ref TState StateOf(byte* entry)
    {
        byte* place = RecordTable.FixedOf(entry);
        if (AreObjects) return ref _objects[*(int*)place];
        return ref Unsafe.AsRef<TState>(place);
    }

    private byte* Find(ulong hash, in TKey key)
    {
        byte* entry = _table.First(hash);
        while (entry != null && !_aggregator.AreEqual(_keyCodec.Decode(_table.RecordOf(entry)), key))
        {
            entry = RecordTable.Next(entry, hash);
        }

        return entry;
    }

    private bool TryAddGroup(ulong hash, ReadOnlySpan<byte> key, in TState state)
    {
        if (_isSpilling) return false;
        byte* entry = IsFull ? null : _table.TryAdd(hash, key, isForced: _table.Count == 0);
        if (entry == null)
        {
            StartSpilling();
            return false;
        }

        byte* place = RecordTable.FixedOf(entry);
        if (!AreObjects)
        {
            Unsafe.AsRef<TState>(place) = state;
            return true;
        }

        *(int*)place = _objects.Add(state);
        *(int*)(place + sizeof(int)) = 0;
        CountAgain(entry);
        return true;
    }

    private bool IsFull =>
        AreObjects && _table.Count > 0 && _objects.Bytes + ((long)_table.BlockCount * _space.Plan.BlockBytes) > _space.TableBytes;

    // An object may have grown; when all have grown too large together, groups leave until there is room, or one is left.
    private void CountAgain(byte* entry)
    {
        int* counted = (int*)(RecordTable.FixedOf(entry) + sizeof(int));
        int bytes = Math.Max(_aggregator.GetMemoryBytes(StateOf(entry)), 0) + GroupObjects<TState>.PlaceBytes;
        _objects.Bytes += bytes - *counted;
        *counted = bytes;
        while (IsFull && _table.Count > 1)
        {
            StartSpilling();
            _resident -= Math.Max(1, _resident / 4);
            Eviction eviction = new(this, _table.Count);
            _table.Compact(ref eviction);
        }
    }

    private void StartSpilling()
    {
        if (_isSpilling) return;
        _isSpilling = true;
        _fanOut = _fanOutWanted;
        _resident = _fanOut;
        _partitions = new SpillPartition[_fanOut];
        for (int leaf = 0; leaf < _fanOut; leaf++) _partitions[leaf] = new SpillPartition();
        _space.LevelsMax = Math.Max(_space.LevelsMax, _level + 1);
        if (_fanOut == 1) _space.Fallbacks++;
    }

    // The key is in the scratch already, behind the place for its length.
    private void Spill(ulong hash, int keyBytes, in TState state)
    {
        int head = sizeof(int) + keyBytes;
        ReadOnlySpan<byte> record;
        if (AreObjects)
        {
            record = _space.Scratch.Encode(_stateCodec!, state, head);
        }
        else
        {
            Span<byte> whole = _space.Scratch.Get(head + Unsafe.SizeOf<TState>());
            Unsafe.WriteUnaligned(ref whole[head], state);
            record = whole;
        }

        Unsafe.WriteUnaligned(ref _space.Scratch.All[0], keyBytes);
        _space.Writer.Append(_partitions[LeafOf(hash)], hash, record);
    }

    private void EndPass(GroupConsumer<TKey, TState> consumer)
    {
        TableCursor cursor = _table.Entries();
        while (_table.MoveNext(ref cursor))
        {
            consumer(_keyCodec.Decode(_table.RecordOf(cursor.Entry)), StateOf(cursor.Entry));
            _space.Tick();
        }

        _table.Clear();
        _objects.Clear();
        if (!_isSpilling) return;
        _isSpilling = false;
        foreach (SpillPartition partition in _partitions) _space.Writer.Finish(partition);
        _space.Writer.WaitForAll();
        int bits = _usedBits + BitOperations.Log2((uint)_fanOut);
        foreach (SpillPartition partition in _partitions)
        {
            if (partition.RecordCount == 0) continue;
            _parts.Enqueue(new AggregatePart(partition, bits, _level + 1));
            _space.Reader.Add(partition);
        }

        _partitions = [];
    }

    private void Run(AggregatePart part, GroupConsumer<TKey, TState> consumer)
    {
        SpillPartition partition = part.Partition;
        _space.Partitions++;
        _level = part.Level;
        _usedBits = part.UsedBits;
        _fanOut = 1;
        long estimate = _table.Estimate(partition.RecordCount, partition.RecordBytes);
        _fanOutWanted = HashBits.CanCut(partition.DifferingBits, _usedBits)
            ? Math.Max(2, _space.Plan.FanOutFor(estimate, _space.TableBytes))
            : 1;
        SpillReader reader = _space.Reader;
        reader.Open(partition);
        while (reader.TryRead(out ulong hash, out ReadOnlySpan<byte> record))
        {
            Take(hash, record);
            _space.Tick();
        }

        EndPass(consumer);
    }

    private void Take(ulong hash, ReadOnlySpan<byte> record)
    {
        int keyBytes = Unsafe.ReadUnaligned<int>(in record[0]);
        ReadOnlySpan<byte> keyPart = record.Slice(sizeof(int), keyBytes);
        byte* entry = Find(hash, _keyCodec.Decode(keyPart));
        if (entry == null && _isSpilling)
        {
            _space.Writer.Append(_partitions[LeafOf(hash)], hash, record);
            return;
        }

        ReadOnlySpan<byte> statePart = record[(sizeof(int) + keyBytes)..];
        TState state = AreObjects ? _stateCodec!.Decode(statePart) : Unsafe.ReadUnaligned<TState>(in statePart[0]);
        if (entry != null)
        {
            _aggregator.Combine(ref StateOf(entry), state);
            if (AreObjects) CountAgain(entry);
        }
        else if (!TryAddGroup(hash, keyPart, state))
        {
            _space.Writer.Append(_partitions[LeafOf(hash)], hash, record);
        }
    }

    private void Evict(byte* entry)
    {
        ulong hash = RecordTable.HashOf(entry);
        ReadOnlySpan<byte> key = _table.RecordOf(entry);
        key.CopyTo(_space.Scratch.Get(sizeof(int) + key.Length)[sizeof(int)..]);
        Spill(hash, key.Length, StateOf(entry));
        byte* place = RecordTable.FixedOf(entry);
        _objects.Bytes -= *(int*)(place + sizeof(int));
        _objects.Remove(*(int*)place);
    }

    private struct Eviction(HashAggregate<TInput, TKey, TState> aggregate, long left) : ITableFilter
    {
        public bool Keep(RecordTable table, byte* entry)
        {
            if (left == 1 || aggregate.LeafOf(RecordTable.HashOf(entry)) < aggregate._resident) return true;
            left--;
            aggregate.Evict(entry);
            return false;
        }
    }
}
