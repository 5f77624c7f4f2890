namespace Sluice.TempFiles;

/// <summary>
/// What a hash operator has: its memory, its table, and once it spills a writer and a reader of partitions. One flow's.
/// </summary>
internal sealed class SpillSpace : IDisposable
{
    private readonly AioContext _context;
    private readonly TempOwner _owner;
    private readonly CancellationToken _cancellationToken;
    private SpillWriter? _writer;
    private SpillReader? _reader;
    private long _otherBytesRead;
    private long _otherReads;
    private long _otherStalls;
    private uint _ticks;
    private bool _isDisposed;

    internal SpillSpace(AioContext context, TempOwner owner, SpillPlan plan, int fixedBytes, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(owner);
        _context = context;
        _owner = owner;
        _cancellationToken = cancellationToken;
        Plan = plan;
        Memory = new SpillMemory(context.System, plan);
        Table = new RecordTable(Memory, fixedBytes) { BlockLimit = plan.TableBlocksWhileWriting(plan.FanOutMax) };
        Scratch = new NativeScratch();
    }

    internal SpillPlan Plan { get; }

    internal SpillMemory Memory { get; }

    internal RecordTable Table { get; }

    /// <summary>Where a record is written down before it has a place.</summary>
    internal NativeScratch Scratch { get; }

    /// <summary>The writer, made by the first who asks.</summary>
    internal SpillWriter Writer => _writer ??= new SpillWriter(_context, _owner, Memory, _cancellationToken);

    /// <summary>The reader of the partitions in line, made by the first who asks.</summary>
    internal SpillReader Reader =>
        _reader ??= new SpillReader(_context, Writer, Memory, Plan.ReadBlocks, keepsBlocks: false, _cancellationToken);

    /// <summary>What a table may take so that all partitions can be written beside it.</summary>
    internal long TableBytes => (long)Table.BlockLimit * Plan.BlockBytes;

    internal int Partitions { get; set; }

    internal int LevelsMax { get; set; }

    internal int Fallbacks { get; set; }

    internal HashSpillStatistics Statistics => new(
        _writer?.WrittenBytes ?? 0,
        (_reader?.BytesRead ?? 0) + _otherBytesRead,
        _writer?.WriteCount ?? 0,
        (_reader?.ReadCount ?? 0) + _otherReads,
        _writer?.Stalls ?? 0,
        (_reader?.Stalls ?? 0) + _otherStalls,
        Partitions,
        LevelsMax,
        Fallbacks,
        Memory.PeakBytes,
        Plan.BlockBytes,
        Plan.ReadBlocks);

    /// <summary>A reader besides, of a partition that is read more than once.</summary>
    internal SpillReader OpenAgain(SpillPartition partition, int depth)
    {
        SpillReader reader = new(_context, Writer, Memory, depth, keepsBlocks: true, _cancellationToken);
        reader.Add(partition);
        reader.Open(partition);
        return reader;
    }

    /// <summary>Ends a reader that was opened again.</summary>
    internal void Close(SpillReader reader)
    {
        _otherBytesRead += reader.BytesRead;
        _otherReads += reader.ReadCount;
        _otherStalls += reader.Stalls;
        reader.Dispose();
    }

    /// <summary>Now and then looks whether it is to stop.</summary>
    internal void Tick()
    {
        if ((++_ticks & 1023) == 0) _cancellationToken.ThrowIfCancellationRequested();
    }

    /// <summary>Waits for what is on its way, removes the file, frees the memory.</summary>
    public void Dispose()
    {
        if (_isDisposed) return;
        _isDisposed = true;
        _reader?.Dispose();
        _writer?.Dispose();
        Table.Dispose();
        Scratch.Dispose();
        Memory.Dispose();
    }
}
