namespace Sluice.TempFiles;

/// <summary>
/// Records that many flows write and then many flows read, each block going to exactly one reader: how the flows of a parallel operation
/// hand work
/// on. Any thread; each writer and reader is one flow's.
/// </summary>
/// <remarks>
/// Every writer has a file of its own, so that nobody waits for another. Where the blocks are is kept in memory, and a reader takes the
/// next one by
/// adding to a counter. All writers finish before the first reader reads.
/// </remarks>
public sealed class SharedTupleStore : IDisposable
{
    private readonly Lock _lock = new();
    private readonly TempOwner _owner;
    private readonly List<SharedTupleBlock> _blocks = [];
    private readonly List<BufFile> _files = [];
    private int _openWriters;
    private int _next;
    private bool _isDisposed;

    /// <summary>Makes an empty store.</summary>
    /// <param name="space">Where its files are.</param>
    /// <param name="blockBytes">How much a reader takes at a time; a multiple of 4096. A record that is longer makes a block of its
    /// own.</param>
    /// <param name="name">A name for people: it stands in errors.</param>
    public SharedTupleStore(TempSpace space, int blockBytes = 64 << 10, string name = "shared tuple store")
    {
        ArgumentNullException.ThrowIfNull(space);
        ArgumentOutOfRangeException.ThrowIfLessThan(blockBytes, BufFile.AlignmentBytes);
        ArgumentOutOfRangeException.ThrowIfNotEqual(blockBytes % BufFile.AlignmentBytes, 0, nameof(blockBytes));
        _owner = space.CreateOwner(name);
        BlockBytes = blockBytes;
    }

    /// <summary>How much a reader takes at a time.</summary>
    public int BlockBytes { get; }

    /// <summary>How many blocks were written.</summary>
    public int BlockCount
    {
        get
        {
            lock (_lock) return _blocks.Count;
        }
    }

    /// <summary>Makes a writer with a file of its own.</summary>
    /// <param name="context">Through which it writes.</param>
    /// <param name="cancellationToken">Ends waits.</param>
    public SharedTupleWriter CreateWriter(AioContext context, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(context);
        BufFile file;
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            if (_next != 0) throw new InvalidOperationException(
                "The store is read already: all writers finish before the first reader begins.");
            file = _owner.Space.CreateFile(_owner);
            _files.Add(file);
            _openWriters++;
        }

        return new SharedTupleWriter(this, context, file, cancellationToken);
    }

    /// <summary>Makes a reader, which gets its share of the blocks.</summary>
    /// <param name="context">Through which it reads.</param>
    /// <param name="cancellationToken">Ends waits.</param>
    public SharedTupleReader CreateReader(AioContext context, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(context);
        return new SharedTupleReader(this, context, cancellationToken);
    }

    /// <summary>Lets the blocks be read once more, from the first. Nobody may be reading.</summary>
    public void Rewind() => Volatile.Write(ref _next, 0);

    /// <summary>Removes the files.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            if (_isDisposed) return;
            _isDisposed = true;
            foreach (BufFile file in _files) file.Dispose();
        }
    }

    internal void Publish(IReadOnlyList<SharedTupleBlock> blocks)
    {
        lock (_lock)
        {
            _blocks.AddRange(blocks);
            _openWriters--;
        }
    }

    /// <summary>Takes the next block for one reader.</summary>
    internal bool TryTake(out SharedTupleBlock block)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            if (_openWriters != 0) throw new InvalidOperationException(
                $"{_openWriters} writers have not finished: the store can be read when all have.");
            bool isThere = _next < _blocks.Count;
            block = isThere ? _blocks[_next++] : default;
            return isThere;
        }
    }
}
