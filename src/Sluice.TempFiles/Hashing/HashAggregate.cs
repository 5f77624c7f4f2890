using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Sluice.TempFiles;

/// <summary>
/// Groups inputs by key and folds each group into a state. When the groups outgrow the memory those that are there go on being folded,
/// and inputs
/// of others go to spill files by the bits of their hashes; each file is then aggregated in the same way. Belongs to one flow at a time;
/// blocks.
/// </summary>
/// <remarks>
/// Every pass finishes the groups that it has in memory, at least one, so it ends under any budget and with any skew: inputs of one key
/// alone are never
/// spilled more than once after their group was begun. After anything failed everything is given up: no file and no I/O stays behind.
/// </remarks>
/// <typeparam name="TInput">The inputs.</typeparam>
/// <typeparam name="TKey">The keys.</typeparam>
/// <typeparam name="TState">The states of groups.</typeparam>
public sealed class HashAggregate<TInput, TKey, TState> : IDisposable
    where TKey : notnull
{
    private const int BlockBytesMax = 32 << 10;
    private const int PartitionsMax = 64;

    // What a dictionary adds to an entry: hash code, link, and its share of the buckets and of the room it keeps for growing.
    private const int EntryBytes = 24;

    private readonly IRecordCodec<TInput> _codec;
    private readonly RecordEncoder<TInput> _encoder;
    private readonly Func<TInput, TKey> _keyOf;
    private readonly Func<TKey, TState> _begin;
    private readonly AggregateStep<TState, TInput> _step;
    private readonly Func<TKey, TState, long>? _extraBytes;
    private readonly IEqualityComparer<TKey> _comparer;
    private readonly CancellationToken _cancellationToken;
    private readonly TempOwner _owner;
    private readonly AioContext _context;
    private readonly Dictionary<TKey, TState> _groups;
    private readonly Stack<Pending> _pending = new();
    private readonly List<HashSpill> _spills = [];
    private readonly long _memoryBytes;
    private readonly int _blockBytes;
    private readonly int _partitions;
    private readonly int _partitionBits;
    private HashSpill? _spill;
    private long _groupBytes;
    private int _level;
    private bool _isOver;
    private bool _isDisposed;

    /// <summary>Makes an aggregation.</summary>
    /// <param name="space">Where it spills to.</param>
    /// <param name="codec">How inputs become bytes and come back.</param>
    /// <param name="keyOf">Their keys.</param>
    /// <param name="begin">Makes the state of a new group.</param>
    /// <param name="step">Takes an input into the state of its group.</param>
    /// <param name="options">How; null for the defaults.</param>
    /// <param name="extraBytes">What a key and its first state take on the heap, beyond their own size; null when nothing.</param>
    /// <param name="comparer">Compares keys; null for their own.</param>
    /// <param name="name">A name for people: it stands in errors.</param>
    /// <param name="cancellationToken">Gives everything up.</param>
    public HashAggregate(
        TempSpace space,
        IRecordCodec<TInput> codec,
        Func<TInput, TKey> keyOf,
        Func<TKey, TState> begin,
        AggregateStep<TState, TInput> step,
        HashOperatorOptions? options = null,
        Func<TKey, TState, long>? extraBytes = null,
        IEqualityComparer<TKey>? comparer = null,
        string name = "hash aggregate",
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(space);
        ArgumentNullException.ThrowIfNull(codec);
        ArgumentNullException.ThrowIfNull(keyOf);
        ArgumentNullException.ThrowIfNull(begin);
        ArgumentNullException.ThrowIfNull(step);
        options = HashOperatorOptions.Check(options);
        _codec = codec;
        _encoder = new RecordEncoder<TInput>(codec);
        _keyOf = keyOf;
        _begin = begin;
        _step = step;
        _extraBytes = extraBytes;
        _comparer = comparer ?? EqualityComparer<TKey>.Default;
        _cancellationToken = cancellationToken;
        _memoryBytes = options.MemoryBytes;
        _groups = new Dictionary<TKey, TState>(_comparer);
        _blockBytes = (int)Math.Clamp(options.MemoryBytes / 256 / 4096 * 4096, BufFile.AlignmentBytes, BlockBytesMax);

        // A quarter of the memory for the blocks that are filled; always two partitions, or nothing would become smaller.
        _partitionBits = System.Numerics.BitOperations.Log2((uint)Math.Clamp(options.MemoryBytes / 4 / _blockBytes, 2, PartitionsMax));
        _partitions = 1 << _partitionBits;
        _owner = space.CreateOwner(name);
        _context = space.System.CreateContext(name);
    }

    /// <summary>How many inputs were spilled, each time counted.</summary>
    public long SpilledCount { get; private set; }

    /// <summary>How often a spill file had to be split again at most.</summary>
    public int Depth { get; private set; }

    /// <summary>Adds an input.</summary>
    /// <param name="input">The input.</param>
    public void Add(TInput input)
    {
        if (_isOver) throw new InvalidOperationException("The input of the aggregation was ended.");
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        try
        {
            Take(input);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Ends the input and gives every group once, in no order.</summary>
    /// <param name="emit">Gets key and state.</param>
    public void Finish(Action<TKey, TState> emit)
    {
        ArgumentNullException.ThrowIfNull(emit);
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        _isOver = true;
        try
        {
            EndPass(emit);
            while (_pending.TryPop(out Pending pending))
            {
                _cancellationToken.ThrowIfCancellationRequested();
                _level = pending.Level;
                Depth = Math.Max(Depth, _level);
                using (HashSpillReader reader = pending.Spill.Open(pending.Partition))
                {
                    while (reader.MoveNext()) Take(_codec.Decode(reader.Current));
                }

                // The last of a level: the file is not needed any more.
                if (pending.IsLast)
                {
                    pending.Spill.Dispose();
                    _spills.Remove(pending.Spill);
                }

                EndPass(emit);
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
        foreach (HashSpill spill in _spills) spill.Dispose();
        _groups.Clear();
        _context.Dispose();
    }

    private void Take(TInput input)
    {
        TKey key = _keyOf(input);
        ref TState there = ref CollectionsMarshal.GetValueRefOrNullRef(_groups, key);
        if (!Unsafe.IsNullRef(ref there))
        {
            _step(ref there, input);
            return;
        }

        long limit = _memoryBytes - (_spill?.MemoryBytes ?? 0);
        bool hasRoom = _groups.Count == 0 || (_spill is null && _groupBytes < limit);
        if (hasRoom)
        {
            TState state = _begin(key);
            _groupBytes += Unsafe.SizeOf<TKey>() + Unsafe.SizeOf<TState>() + EntryBytes + (_extraBytes?.Invoke(key, state) ?? 0);
            _step(ref state, input);
            _groups.Add(key, state);
            return;
        }

        _spill ??= AddSpill();
        ulong hash = HashBits.Of(key, _comparer);
        int shift = Math.Max(0, 64 - ((_level + 1) * _partitionBits));
        _spill.Write((int)((hash >> shift) & (ulong)(_partitions - 1)), hash, _encoder.Encode(input));
        SpilledCount++;
    }

    private HashSpill AddSpill()
    {
        HashSpill spill = new(_owner, _context, _blockBytes, _cancellationToken);
        _spills.Add(spill);
        return spill;
    }

    private void EndPass(Action<TKey, TState> emit)
    {
        foreach ((TKey key, TState state) in _groups) emit(key, state);
        _groups.Clear();
        _groups.TrimExcess();
        _groupBytes = 0;
        if (_spill is null) return;
        bool isLast = true;
        for (int partition = 0; partition < _partitions; partition++)
        {
            if (_spill.CountOf(partition) == 0) continue;

            // A stack: what is pushed first is read last.
            _pending.Push(new Pending(_spill, partition, _level + 1, isLast));
            isLast = false;
        }

        _spill = null;
    }

    private readonly record struct Pending(HashSpill Spill, int Partition, int Level, bool IsLast);
}
