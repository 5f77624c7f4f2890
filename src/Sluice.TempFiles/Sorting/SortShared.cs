namespace Sluice.TempFiles;

/// <summary>What the flows of one sort share: the tapes, the runs that are done, and what is counted. Any thread.</summary>
internal sealed class SortShared : IDisposable
{
    private readonly Lock _lock = new();
    private readonly List<SortRun> _runs = [];
    private LogicalTapeSet? _tapes;
    private long _memoryBytes;
    private long _memoryBytesPeak;
    private bool _isDisposed;

    internal SortShared(TempOwner owner, SortPlan plan, bool isUnique, long limit, CancellationToken cancellationToken)
    {
        Owner = owner;
        Plan = plan;
        IsUnique = isUnique;
        Limit = limit;
        CancellationToken = cancellationToken;
    }

    internal TempOwner Owner { get; }

    internal SortPlan Plan { get; }

    internal bool IsUnique { get; }

    internal long Limit { get; }

    internal CancellationToken CancellationToken { get; }

    /// <summary>The tapes; made by whoever needs them first.</summary>
    internal LogicalTapeSet Tapes
    {
        get
        {
            lock (_lock)
            {
                ObjectDisposedException.ThrowIf(_isDisposed, this);
                return _tapes ??= new LogicalTapeSet(Owner, Plan.BlockBytes);
            }
        }
    }

    /// <summary>Whether anything was written to a tape.</summary>
    internal bool HasSpilled
    {
        get
        {
            lock (_lock) return _runs.Count != 0;
        }
    }

    /// <summary>The most bytes of buffers and records there ever were.</summary>
    internal long MemoryBytesPeak => Volatile.Read(ref _memoryBytesPeak);

    /// <summary>How many runs were built.</summary>
    internal int RunsBuilt { get; private set; }

    /// <summary>How many bytes were written to runs when they were built.</summary>
    internal long SpilledBytes { get; private set; }

    internal void AddRun(SortRun run)
    {
        lock (_lock)
        {
            _runs.Add(run);
            RunsBuilt++;
            SpilledBytes += run.Tape.LengthBytes;
        }
    }

    /// <summary>Takes the runs, in the order of the input.</summary>
    internal List<SortRun> TakeRuns()
    {
        lock (_lock)
        {
            List<SortRun> runs = [.. _runs.OrderBy(static run => run.Sequence)];
            _runs.Clear();
            return runs;
        }
    }

    /// <summary>Counts memory that was taken or, negative, given back.</summary>
    internal void CountMemory(long bytes)
    {
        lock (_lock)
        {
            _memoryBytes += bytes;
            if (_memoryBytes > _memoryBytesPeak) Volatile.Write(ref _memoryBytesPeak, _memoryBytes);
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _isDisposed = true;
            _tapes?.Dispose();
        }
    }
}
