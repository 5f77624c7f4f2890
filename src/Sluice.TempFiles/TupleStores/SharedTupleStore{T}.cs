using System.Numerics;

namespace Sluice.TempFiles;

/// <summary>
/// Records that several participants write at the same time and several then read, each record by exactly one of them. A participant is
/// a thread or a session with a context of its own, and has a writer or a reader of its own. Any thread.
/// </summary>
/// <remarks>
/// <para>Writers fill blocks; a full block stays in memory as long as the store may keep one more, and goes to the one temporary file
/// of all otherwise. Readers claim whole blocks, a few ahead, fewer when few are left, so that the last are shared out too; what a
/// reader has claimed and not begun when it is disposed goes back to the others.</para>
/// <para>Invariants, all under the lock: (a) a chunk is in the list from when its writer has completed it; (b) it is claimed by at most
/// one reader between two rewinds: the index only grows, and chunks given back are claimed first; (c) nobody reads while anybody
/// writes, so a reader never meets a block that is not yet in the file; (d) memory is freed by whoever is last: the store or a
/// participant.</para>
/// <para>When one participant fails, the file is removed at once; that one gets the error, and the others one that names it, when they
/// next need a block.</para>
/// </remarks>
/// <typeparam name="T">The records.</typeparam>
public sealed class SharedTupleStore<T> : IDisposable
    where T : allows ref struct
{
    // What participants need for their I/O comes on top of what stays, and is made a few blocks at a time.
    private const int BlocksBeside = 64;

    private readonly Lock _lock = new();
    private readonly TempOwner _owner;
    private readonly SpillMemory _memory;
    private readonly List<SharedChunk> _chunks = [];
    private readonly List<SharedChunk> _givenBack = [];
    private readonly long _keptMax;
    private BufFile? _file;
    private Exception? _failure;
    private long _kept;
    private long _nextBlock;
    private int _nextChunk;
    private int _writers;
    private int _readers;
    private long _count;
    private bool _isDisposed;

    /// <summary>Makes an empty store.</summary>
    /// <param name="owner">To whom its temporary file is accounted.</param>
    /// <param name="codec">Turns records into bytes and back; used by several threads at once.</param>
    /// <param name="options">How much memory; null for the defaults.</param>
    public SharedTupleStore(TempOwner owner, ITempCodec<T> codec, SharedTupleStoreOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(owner);
        ArgumentNullException.ThrowIfNull(codec);
        options ??= new SharedTupleStoreOptions();
        ArgumentOutOfRangeException.ThrowIfNegative(options.MemoryBytes, nameof(options));
        if (options.BlockBytes < BufFile.AlignmentBytes || !BitOperations.IsPow2(options.BlockBytes))
        {
            throw new ArgumentOutOfRangeException(
                nameof(options), options.BlockBytes, $"The size of a block is a power of two from {BufFile.AlignmentBytes}.");
        }

        _owner = owner;
        Codec = codec;
        BlockBytes = options.BlockBytes;
        _keptMax = options.MemoryBytes / BlockBytes;
        int blocks = (int)Math.Min(_keptMax + BlocksBeside, int.MaxValue / 2);
        _memory = new SpillMemory(owner.Space.System, new SpillPlan(BlockBytes, blocks, 0, 0, 0));
    }

    /// <summary>How many records were written by writers that have finished.</summary>
    public long Count
    {
        get
        {
            lock (_lock) return _count;
        }
    }

    /// <summary>How many bytes went to the temporary file.</summary>
    public long BytesWritten
    {
        get
        {
            lock (_lock) return _nextBlock * BlockBytes;
        }
    }

    internal BufFile? File => Volatile.Read(ref _file);

    internal ITempCodec<T> Codec { get; }

    internal int BlockBytes { get; }

    /// <summary>Makes a writer. Before anybody reads.</summary>
    /// <param name="context">Through which it writes.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="InvalidOperationException">Somebody reads, or has read.</exception>
    public SharedTupleWriter<T> CreateWriter(AioContext context, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(context);
        lock (_lock)
        {
            Require();
            if (_readers != 0 || _nextChunk != 0)
            {
                throw new InvalidOperationException("Records were read already: nothing more can be written.");
            }

            _file ??= _owner.Space.CreateFile(_owner);
            _writers++;
        }

        return new SharedTupleWriter<T>(this, context, cancellationToken);
    }

    /// <summary>Makes a reader, which gets its share of what nobody has read. After every writer has finished.</summary>
    /// <param name="context">Through which it reads.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="InvalidOperationException">A writer has not finished.</exception>
    public SharedTupleReader<T> CreateReader(AioContext context, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(context);
        lock (_lock)
        {
            Require();
            if (_writers != 0)
            {
                throw new InvalidOperationException(
                    $"Writers that have not finished: {_writers}. Finish or dispose them before reading.");
            }

            _readers++;
        }

        return new SharedTupleReader<T>(this, context, cancellationToken);
    }

    /// <summary>Lets all records be read once more. While nobody reads.</summary>
    /// <exception cref="InvalidOperationException">There are readers.</exception>
    public void Rewind()
    {
        lock (_lock)
        {
            Require();
            if (_readers != 0) throw new InvalidOperationException($"Readers that were not disposed: {_readers}.");
            _nextChunk = 0;
            _givenBack.Clear();
        }
    }

    /// <summary>Removes the file, and frees the memory when the last participant is disposed. Their next call fails.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            if (_isDisposed) return;
            _isDisposed = true;
            _file?.Dispose();
            FreeIfLast();
        }
    }

    /// <summary>Takes memory for a block.</summary>
    internal int Take(out nint address)
    {
        lock (_lock)
        {
            Require();
            int slot = _memory.Take();
            address = _memory.AddressOf(slot);
            return slot;
        }
    }

    internal void Return(int slot)
    {
        lock (_lock) _memory.Return(slot);
    }

    /// <summary>Makes a full block part of the store if one more may stay in memory: then the memory is the store's.</summary>
    internal bool TryKeep(nint address, int bytes)
    {
        lock (_lock)
        {
            Require();
            if (_kept >= _keptMax) return false;
            _kept++;
            _chunks.Add(new SharedChunk(address, 0, bytes));
            return true;
        }
    }

    /// <summary>Finds a place in the file for records.</summary>
    internal BufFile Place(int bytes, out long block)
    {
        lock (_lock)
        {
            Require();
            block = _nextBlock;
            _nextBlock += (bytes + BlockBytes - 1) / BlockBytes;
            _chunks.Add(new SharedChunk(0, block, bytes));
            return _file!;
        }
    }

    /// <summary>Claims a chunk.</summary>
    /// <param name="claimed">How many the reader has claimed and not begun.</param>
    /// <param name="claimedMax">How many it may have.</param>
    /// <param name="chunk">The chunk.</param>
    /// <param name="file">Where it is, unless it is in memory.</param>
    internal bool TryClaim(int claimed, int claimedMax, out SharedChunk chunk, out BufFile? file)
    {
        lock (_lock)
        {
            Require();
            file = _file;
            chunk = default;
            int left = _chunks.Count - _nextChunk + _givenBack.Count;
            if (left == 0 || claimed >= Math.Clamp(left / (2 * _readers), 1, claimedMax)) return false;
            if (_givenBack.Count > 0)
            {
                chunk = _givenBack[^1];
                _givenBack.RemoveAt(_givenBack.Count - 1);
            }
            else
            {
                chunk = _chunks[_nextChunk++];
            }

            return true;
        }
    }

    internal void GiveBack(SharedChunk chunk)
    {
        lock (_lock) _givenBack.Add(chunk);
    }

    internal void EndWriter(long count)
    {
        lock (_lock)
        {
            _count += count;
            _writers--;
            FreeIfLast();
        }
    }

    internal void EndReader()
    {
        lock (_lock)
        {
            _readers--;
            FreeIfLast();
        }
    }

    /// <summary>Notes that a participant failed, and removes the file.</summary>
    /// <param name="failure">What it got.</param>
    /// <returns>What its user shall get: when the file was gone already, not that it is gone, but why.</returns>
    internal Exception Fail(Exception failure)
    {
        lock (_lock)
        {
            _file?.Dispose();
            if (_failure is null) _failure = failure;
            else if (failure is ObjectDisposedException && !_isDisposed) return AnotherFailed(_failure);
            return failure;
        }
    }

    private void Require()
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (_failure is { } failure) throw AnotherFailed(failure);
    }

    private static InvalidOperationException AnotherFailed(Exception failure) =>
        new($"Another participant of the store failed, and its records are gone: {failure.Message}", failure);

    private void FreeIfLast()
    {
        if (_isDisposed && _writers == 0 && _readers == 0) _memory.Dispose();
    }
}
