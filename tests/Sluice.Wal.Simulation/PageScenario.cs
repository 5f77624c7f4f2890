namespace Sluice.Wal.Simulation;

/// <summary>
/// What scenarios of pages with a log before them have in common: one relation, its pages made and promised by a checkpoint, opened anew
/// after every crash, and flows that live with injected errors until the log has failed.
/// </summary>
public abstract class PageScenario : Scenario
{
    private const string Data = "/data";
    private const string Folder = "/data/wal";
    private const int PagesTogether = 4;
    private const int FailuresMax = 20;
    private const double CalmShare = 0.3;
    private static readonly RelationId s_relation = new(RelationId.DefaultTablespace, 5, 16384);

    private StorageManager _storage = null!;
    private BufferPool _pool = null!;
    private AioContext _context = null!;
    private bool _isCalm;
    private ulong _firstSegment;

    /// <summary>The log of the process of the moment.</summary>
    protected PageLog Log { get; private set; } = null!;

    /// <summary>The pages' relation.</summary>
    protected Relation Relation => _storage.Open(s_relation);

    /// <summary>How many segments were left full behind all processes of the run.</summary>
    internal long SegmentsFilled { get; private set; }

    /// <summary>How many segments were used again.</summary>
    internal long SegmentsRecycled { get; private set; }

    /// <summary>How many pages there are.</summary>
    protected abstract int PageCount { get; }

    /// <summary>For how many of them there is memory.</summary>
    protected abstract int BufferCount { get; }

    /// <summary>Makes a record's change of a page again.</summary>
    protected abstract PageRedo Redo { get; }

    /// <inheritdoc/>
    public override void ConfigureSystem(AioSystemOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Modules.Add(SluiceStorageAioModule.Instance);
    }

    /// <inheritdoc/>
    public override FaultPlan PlanFaults(SimulatedRandom random)
    {
        ArgumentNullException.ThrowIfNull(random);
        _isCalm = random.Chance(CalmShare);
        FaultPlan calm = FaultPlan.None
            .With(FaultKind.Again, 0.02)
            .With(FaultKind.Stall, 0.002)
            .With(new FaultRule(FaultKind.Reorder, 0.4) { LatencyMaximum = TimeSpan.FromMilliseconds(random.Between(1, 20)) });
        if (_isCalm) return calm;
        return calm
            .With(FaultKind.ShortWrite, 0.03)
            .With(FaultKind.ShortRead, 0.05)
            .With(FaultKind.TransientError, 0.002)
            .With(FaultKind.NoSpace, 0.002)
            .With(FaultKind.FlushFailure, 0.005)
            .With(FaultKind.NameError, 0.01);
    }

    /// <inheritdoc/>
    public override async Task SetUpAsync(SimulationRun run)
    {
        ArgumentNullException.ThrowIfNull(run);
        IoFileSystem fileSystem = run.System.FileSystem;
        foreach (string folder in (string[])[Data, $"{Data}/base", $"{Data}/base/5"]) fileSystem.CreateDirectory(folder);
        foreach (string folder in (string[])["/", Data, $"{Data}/base"]) fileSystem.SyncDirectory(folder);
        BufferSession session = await OpenAsync(run);
        await Relation.CreateAsync(RelationFork.Main);
        BufferPin[] pins = new BufferPin[PagesTogether];
        for (int block = 0; block < PageCount;)
        {
            int count = Math.Min(PagesTogether, PageCount - block);
            await session.ExtendAsync(Relation, RelationFork.Main, pins, 0, count);
            for (int index = 0; index < count; index++, block++)
            {
                PageHeader.Initialize(pins[index].Page);
                int used = Fill(pins[index].Page, block);

                // What stands in the hole would be left out of an image.
                PageHeader header = new(pins[index].Page) { Lower = used };
                _ = header;
                pins[index].MarkDirty();
                pins[index].Unlock(ContentLockMode.Exclusive);
                pins[index].Release();
            }
        }

        fileSystem.SyncDirectory($"{Data}/base/5");
        await CheckpointAsync();
        await CloseAsync();
    }

    /// <inheritdoc/>
    public override async Task WorkAsync(SimulationRun run)
    {
        ArgumentNullException.ThrowIfNull(run);
        try
        {
            await Task.WhenAll(StartFlows(run));
        }
        finally
        {
            await CloseAsync();
        }
    }

    /// <summary>Begins the flows of the work.</summary>
    /// <param name="run">The run.</param>
    protected abstract Task[] StartFlows(SimulationRun run);

    /// <summary>Writes what a page holds at first.</summary>
    /// <param name="page">The page, initialised.</param>
    /// <param name="block">Its number.</param>
    /// <returns>Up to where it is used.</returns>
    protected abstract int Fill(Span<byte> page, int block);

    /// <summary>How the log is made and opened.</summary>
    /// <param name="run">The run.</param>
    /// <param name="options">The sizes that everybody has.</param>
    protected abstract WalOptions Adjust(SimulationRun run, WalOptions options);

    /// <summary>
    /// Opens everything as a program does after a crash: what may stand in caches is made durable, and the log is replayed.
    /// </summary>
    /// <param name="run">The run.</param>
    /// <returns>By which pages are read.</returns>
    protected async Task<BufferSession> RecoverAsync(SimulationRun run)
    {
        await DataDirectorySync.SyncAsync(AioLoop.Current!.Context, Data);
        return await OpenAsync(run);
    }

    /// <summary>A way into the pool for one flow.</summary>
    /// <param name="name">Whose.</param>
    protected BufferSession CreateSession(string name) => _pool.CreateSession(name, new BufferSessionOptions { Context = _context });

    /// <summary>Makes a checkpoint.</summary>
    protected async Task CheckpointAsync()
    {
        await using Checkpointer checkpointer = new(_pool, new CheckpointerOptions { WritesMax = 4, Log = Log });
        await checkpointer.CheckpointAsync();
    }

    /// <summary>
    /// Does something again and again until the work shall end or the log has failed. It may fail where errors are injected: nothing of it
    /// was acknowledged then. Where none are, it may not.
    /// </summary>
    /// <param name="run">The run.</param>
    /// <param name="step">What is done.</param>
    protected async Task RepeatAsync(SimulationRun run, Func<Task> step)
    {
        int failures = 0;
        while (run.HasMoreWork && Log.Log!.Failure is null && failures < FailuresMax)
        {
            try
            {
                await step();
            }
            catch (Exception exception) when (!_isCalm && exception is AioException or WalException or StorageException)
            {
                failures++;
                await run.Time.DelayAsync(TimeSpan.FromMilliseconds(1));
            }
        }
    }

    /// <summary>
    /// Reads pages and locks them exclusively, changes them, and gives them back whatever happens: others may wait for them.
    /// </summary>
    /// <param name="session">Of this flow.</param>
    /// <param name="blocks">Which pages, ascending: so that two flows never wait for each other.</param>
    /// <param name="pins">Room for them.</param>
    /// <param name="change">Adds the record and changes the pages; what it returns is how far the log has to be durable for it.</param>
    protected async Task<LogPosition> ChangeAsync(
        BufferSession session, int[] blocks, BufferPin[] pins, Func<ValueTask<LogPosition>> change)
    {
        int pinned = 0;
        int locked = 0;
        try
        {
            for (; pinned < pins.Length; pinned++)
            {
                pins[pinned] = await session.ReadAsync(Relation, RelationFork.Main, (uint)blocks[pinned]);
            }

            for (; locked < pins.Length; locked++) await pins[locked].LockAsync(ContentLockMode.Exclusive);
            return await change();
        }
        finally
        {
            while (locked > 0) pins[--locked].Unlock(ContentLockMode.Exclusive);
            while (pinned > 0) pins[--pinned].Release();
        }
    }

    private async Task<BufferSession> OpenAsync(SimulationRun run)
    {
        _context = AioLoop.Current!.Context;
        _storage = run.Own(new StorageManager(run.System, Data, new StorageOptions { OpenFilesMax = 8 }));
        Log = run.Own(new PageLog(run.System, Folder));
        _pool = run.Own(new BufferPool(_storage, new BufferPoolOptions { BufferCount = BufferCount, CombineMax = 4, LogFlusher = Log }));
        BufferSession session = run.Own(CreateSession("check"));
        await Log.OpenAsync(session, Redo, Adjust(run, new WalOptions
        {
            SegmentBytes = 1 << 20,
            RingBytes = 128 << 10,
            SyncForm = WalSyncForm.Fdatasync,
            Direct = false,
            SegmentsAhead = 1,
            RecycledSegmentsMax = 2,
            ReadAheadBytes = 512 << 10,
        }));
        _firstSegment = Log.Log!.InsertPosition.Value / (ulong)Log.Log.SegmentBytes;
        return session;
    }

    private async Task CloseAsync()
    {
        if (Log.Log is { } log)
        {
            SegmentsFilled += (long)((log.InsertPosition.Value / (ulong)log.SegmentBytes) - _firstSegment);
            SegmentsRecycled += log.ReadStatistics().SegmentsRecycled;
        }

        try
        {
            await Log.DisposeAsync();
        }
        catch (WalException)
        {
            // It had failed; that was told to everybody who waited.
        }
    }
}
