namespace Sluice.Storage.Simulation;

/// <summary>
/// Pages that change in a small pool, checkpoints, relations that come, grow and go, on a disk that loses power anywhere. After every crash each
/// page has the version that was durable or a newer one, and a valid checksum, unless it was being written: then it may be torn, which a log of
/// page images would repair, as the check does.
/// </summary>
/// <remarks>
/// What is promised: when a checkpoint has completed, every page is durable in the version that it had when the checkpoint began; every relation
/// that was there is there, and as long; the name of a dropped one stays until a checkpoint that began later has completed.
/// </remarks>
public abstract class StorageScenario : Scenario
{
    private const string DataDirectory = "/data";
    private const uint Database = 5;
    private const uint SegmentBlocks = 12;
    private const int BlocksMax = 40;

    private readonly Dictionary<uint, RelationModel> _relations = [];
    private uint _nextNumber = 16384;
    private bool _isPoisoned;
    private CheckpointPromise? _running;

    /// <summary>How often each kind of work is done, out of all of them.</summary>
    protected sealed record Weights(int Change, int Extend, int Bulk, int Create, int Drop, int Read);

    /// <summary>What the scenario is about.</summary>
    protected abstract Weights Mix { get; }

    /// <summary>How many files may be open at once.</summary>
    protected virtual int OpenFilesMax => 64;

    /// <summary>How often a checkpoint is made instead of something else.</summary>
    protected virtual double CheckpointShare => 0.25;

    /// <summary>The storage of this life of the process.</summary>
    private protected StorageManager Storage { get; private set; } = null!;

    private protected BufferPool Pool { get; private set; } = null!;

    private protected BufferSession Session { get; private set; } = null!;

    private protected Checkpointer Checkpointer { get; private set; } = null!;

    /// <inheritdoc/>
    public override void ConfigureSystem(AioSystemOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Modules.Add(SluiceStorageAioModule.Instance);

        // Fewer than the flows on the loop would like: they wait for one another.
        options.HandlesPerContext = 6;
    }

    /// <inheritdoc/>
    public override FaultPlan PlanFaults(SimulatedRandom random)
    {
        ArgumentNullException.ThrowIfNull(random);
        FaultPlan plan = FaultPlan.None.With(FaultKind.Reorder, 0.4).With(FaultKind.ShortWrite, 0.05).With(FaultKind.ShortRead, 0.05).With(FaultKind.Again, 0.03);
        if (random.Chance(0.4)) plan = plan.With(FaultKind.TransientError, 0.01);
        if (random.Chance(0.3)) plan = plan.With(FaultKind.NoSpace, 0.01);
        if (random.Chance(0.3)) plan = plan.With(FaultKind.FlushFailure, 0.03);
        return plan;
    }

    /// <inheritdoc/>
    public override async Task SetUpAsync(SimulationRun run)
    {
        ArgumentNullException.ThrowIfNull(run);
        run.System.FileSystem.CreateDirectory(DataDirectory);
        run.System.FileSystem.CreateDirectory($"{DataDirectory}/base");
        run.System.FileSystem.SyncDirectory("/");
        run.System.FileSystem.SyncDirectory(DataDirectory);
        Open(run);
        for (int index = 0; index < 2; index++)
        {
            RelationModel model = await CreateAsync();
            await ExtendAsync(run, model, 1 + run.Random.Next(BlocksMax));
        }

        await CheckpointAsync(run);
    }

    /// <inheritdoc/>
    public override async Task CheckAsync(SimulationRun run)
    {
        ArgumentNullException.ThrowIfNull(run);
        _isPoisoned = false;

        // What the process before left in the cache is durable from here on, as after any crash.
        await DataDirectorySync.SyncAsync(AioLoop.Current!.Context, DataDirectory);
        Open(run);
        CheckpointPromise? running = _running;
        _running = null;

        // A name that it was to remove is gone: then the crash hit it after it had made everything durable, and it counts.
        if (running is not null && running.Dropped.Any(model => model.IsDurable && !model.MayBeRemoved && !run.System.FileSystem.Exists(PathOf(model, 0)))) running.Keep();
        foreach (RelationModel model in _relations.Values.OrderBy(static model => model.Number).ToArray()) await CheckRelationAsync(run, model);
        await CheckpointAsync(run);
    }

    /// <inheritdoc/>
    public override async Task WorkAsync(SimulationRun run)
    {
        ArgumentNullException.ThrowIfNull(run);
        run.Start(_ => ChangeAllTheTimeAsync(run));
        run.Start(_ => ChangeAllTheTimeAsync(run));
        run.Start(_ => WriteInTheBackgroundAsync(run));
        while (run.HasMoreWork && !_isPoisoned)
        {
            try
            {
                if (run.Random.Chance(CheckpointShare)) await CheckpointAsync(run);
                else await DoSomethingAsync(run);
            }
            catch (Exception exception) when (IsInjected(run, exception))
            {
                // It did not work, and nothing was promised.
            }

            await Task.Yield();
        }
    }

    /// <summary>Makes a checkpoint. Nothing is promised when it throws.</summary>
    private protected virtual async Task MakeCheckpointAsync() => await Checkpointer.CheckpointAsync();

    private protected IEnumerable<Relation> OpenRelations() =>
        _relations.Values.Where(static model => !model.IsDropped).OrderBy(static model => model.Number).Select(model => Storage.Open(IdOf(model)));

    private bool IsInjected(SimulationRun run, Exception exception)
    {
        if (run.IsDead || exception is not (AioException or StorageException)) return false;
        _isPoisoned |= Storage.SyncRequests.IsPoisoned;
        return true;
    }

    private void Open(SimulationRun run)
    {
        AioContext context = AioLoop.Current!.Context;
        Storage = run.Own(new StorageManager(run.System, DataDirectory, new StorageOptions { SegmentBlocks = SegmentBlocks, OpenFilesMax = OpenFilesMax }));
        Pool = run.Own(new BufferPool(Storage, new BufferPoolOptions { BufferCount = 32, CombineMax = 4 }));
        Session = run.Own(Pool.CreateSession("work", new BufferSessionOptions { Context = context }));
        Checkpointer = run.Own(new Checkpointer(Pool, new CheckpointerOptions { WritesMax = 6 }));
    }

    private static RelationId IdOf(RelationModel model) => new(RelationId.DefaultTablespace, Database, model.Number);

    private async Task CheckpointAsync(SimulationRun run)
    {
        // What is there when it begins is what it promises.
        CheckpointPromise promise = new(_relations.Values);
        _running = promise;
        try
        {
            await MakeCheckpointAsync();
        }
        finally
        {
            // One that a crash ends may have come to the end of its work.
            if (!run.IsDead) _running = null;
        }

        if (!run.IsDead) promise.Keep();
    }

    private async Task DoSomethingAsync(SimulationRun run)
    {
        Weights mix = Mix;
        RelationModel[] models = [.. _relations.Values.Where(static model => !model.IsDropped).OrderBy(static model => model.Number)];
        int choice = run.Random.Next(mix.Change + mix.Extend + mix.Bulk + mix.Create + mix.Drop + mix.Read);
        RelationModel? model = models.Length == 0 ? null : models[run.Random.Next(models.Length)];
        if ((choice -= mix.Create) < 0 || model is null)
        {
            if (models.Length < 6) await CreateAsync();
        }
        else if ((choice -= mix.Extend) < 0)
        {
            await ExtendAsync(run, model, 1 + run.Random.Next(6));
        }
        else if ((choice -= mix.Bulk) < 0)
        {
            await BulkWriteAsync(run);
        }
        else if ((choice -= mix.Drop) < 0)
        {
            if (models.Length > 1) await DropAsync(run, model);
        }
        else if (choice < mix.Read)
        {
            await ScanAsync(run, model);
        }
        else
        {
            await ChangeAsync(run, Session, model);
        }
    }

    private async Task ChangeAllTheTimeAsync(SimulationRun run)
    {
        await using BufferSession session = Pool.CreateSession("changes", new BufferSessionOptions { Context = Session.Context });
        while (run.HasMoreWork && !_isPoisoned)
        {
            RelationModel[] models = [.. _relations.Values.Where(static model => !model.IsDropped && model.Pages.Count != 0).OrderBy(static model => model.Number)];
            try
            {
                if (models.Length != 0) await ChangeAsync(run, session, models[run.Random.Next(models.Length)]);
            }
            catch (Exception exception) when (IsInjected(run, exception))
            {
                // Nothing was changed.
            }

            await run.Time.DelayAsync(TimeSpan.FromMicroseconds(20 + run.Random.Next(500)));
        }
    }

    private async Task WriteInTheBackgroundAsync(SimulationRun run)
    {
        await using BackgroundWriter writer = new(Pool, new BackgroundWriterOptions { PagesMax = 6, WritesMax = 2 });
        while (run.HasMoreWork && !_isPoisoned)
        {
            try
            {
                await writer.RunRoundAsync();
            }
            catch (Exception exception) when (IsInjected(run, exception))
            {
                // The pages are dirty as before.
            }

            await run.Time.DelayAsync(TimeSpan.FromMilliseconds(1));
        }
    }

    private async Task ChangeAsync(SimulationRun run, BufferSession session, RelationModel model)
    {
        if (model.Pages.Count == 0) return;
        uint block = (uint)run.Random.Next(model.Pages.Count);
        model.Users++;
        try
        {
            using BufferPin pin = await session.ReadAsync(Storage.Open(IdOf(model)), RelationFork.Main, block);
            await pin.LockAsync(ContentLockMode.Exclusive);

            // The process that died does not know that it has: what it changes in memory is nobody's.
            if (!run.IsDead)
            {
                PageContent.Fill(pin.Page, model.Number, block, model[block].Next());
                pin.MarkDirty();
            }

            pin.Unlock(ContentLockMode.Exclusive);
        }
        finally
        {
            model.Users--;
        }
    }

    private async Task<RelationModel> CreateAsync()
    {
        RelationModel model = new(_nextNumber++);
        await Storage.Open(IdOf(model)).CreateAsync(RelationFork.Main);
        _relations.Add(model.Number, model);
        return model;
    }

    private async Task ExtendAsync(SimulationRun run, RelationModel model, int count)
    {
        count = Math.Min(count, BlocksMax - model.Pages.Count);
        BulkExtender extender = new(Storage.Open(IdOf(model)), RelationFork.Main, stepMin: Math.Clamp(count, 1, 6));
        for (int index = 0; index < count; index++)
        {
            using BufferPin pin = await extender.TakeAsync(Session);
            try
            {
                if (run.IsDead) return;
                uint block = pin.BlockNumber;
                model.Grow((int)block + 1);
                PageContent.Fill(pin.Page, model.Number, block, model[block].Next());
                pin.MarkDirty();
            }
            finally
            {
                pin.Unlock(ContentLockMode.Exclusive);
            }
        }
    }

    private async Task BulkWriteAsync(SimulationRun run)
    {
        if (_relations.Values.Count(static model => !model.IsDropped) > 6) return;
        RelationModel model = new(_nextNumber++);
        Relation relation = Storage.Open(IdOf(model));
        await relation.CreateAsync(RelationFork.Main);
        bool isImmediate = run.Random.Chance(0.5);
        await using BulkWriter writer = new(relation, RelationFork.Main, new BulkWriterOptions
        {
            PagesMax = 12,
            CombineBlocksMax = 4,
            WritesMax = 3,
            Preallocates = run.Random.Chance(0.5),
            Durability = isImmediate ? BulkDurability.Immediate : BulkDurability.Coordinated,
            Checkpointer = Checkpointer,
        });
        int count = 1 + run.Random.Next(BlocksMax);
        long began = Checkpointer.StartedCount;
        for (int index = 0; index < count; index++)
        {
            uint block = run.Random.Chance(0.2) ? (uint)run.Random.Next(BlocksMax) : (uint)index;
            BulkPage page = await writer.RentAsync();
            model.Grow((int)block + 1);
            PageContent.Fill(page.Page, model.Number, block, model[block].Next());
            await writer.WriteAsync(block, page);
        }

        await writer.CompleteAsync();
        if (run.IsDead) return;

        // Its pages are on disk, and in no pool. When a checkpoint has started meanwhile, or that was asked for, they are durable.
        if (isImmediate || Checkpointer.StartedCount != began)
        {
            model.IsDurable = isImmediate;
            model.DurableBlocks = isImmediate ? model.Pages.Count : 0;
            foreach (PageModel page in model.Pages) page.Durable = page.Newest;
        }

        _relations.Add(model.Number, model);
    }

    private async Task DropAsync(SimulationRun run, RelationModel model)
    {
        // As a lock on the relation would see to: nobody uses it, and nobody begins to.
        if (model.Users != 0) return;
        model.IsDropped = true;
        RelationKey key = new(IdOf(model));
        await Session.DropAsync(key);
        await Storage.Open(key).UnlinkAsync(RelationFork.Main);
        if (run.IsDead) return;
        run.Expect(model.MayBeRemoved || run.System.FileSystem.Exists(PathOf(model, 0)), $"The name of {model.Number} went before the checkpoint after its drop.");
    }

    private async Task ScanAsync(SimulationRun run, RelationModel model)
    {
        bool isBackwards = run.Random.Chance(0.3);
        uint count = (uint)model.Pages.Count;
        BlockSource source = isBackwards ? BlockSource.Backwards(0, count) : BlockSource.Range(0, count);
        using ReadStream stream = new(Session, Storage.Open(IdOf(model)), RelationFork.Main, source, new ReadStreamOptions { IosMax = 4, CombineBlocksMax = 4 });
        uint index = 0;
        while (true)
        {
            using BufferPin pin = await stream.NextAsync();
            if (!pin.HasPage || run.IsDead) break;
            uint block = isBackwards ? count - 1 - index : index;
            index++;
            run.Expect(pin.BlockNumber == block, $"A scan of {model.Number} gave block {pin.BlockNumber} instead of {block}.");
            await pin.LockAsync(ContentLockMode.Share);
            uint version = (uint)PageHeader.LogPositionOf(pin.Page).Value;
            bool isRight = run.IsDead || version == model[block].Newest;
            pin.Unlock(ContentLockMode.Share);
            run.Expect(isRight, $"Block {block} of {model.Number} is read as version {version}, and was last changed to {model[block].Newest}.");
        }
    }

    private async Task CheckRelationAsync(SimulationRun run, RelationModel model)
    {
        bool exists = run.System.FileSystem.Exists(PathOf(model, 0));
        if (model.IsDropped)
        {
            run.Expect(exists || model.MayBeRemoved || !model.IsDurable, $"The name of {model.Number} is gone, and no checkpoint has completed since its drop.");

            // From here on it may go: a crash may hit the removal as well.
            model.MayBeRemoved = true;
            if (exists) Remove(run, model);
            _relations.Remove(model.Number);
            return;
        }

        run.Expect(exists || !model.IsDurable, $"Relation {model.Number} was durable and is gone.");
        if (!exists)
        {
            _relations.Remove(model.Number);
            return;
        }

        uint blocks = await Storage.Open(IdOf(model)).GetBlockCountAsync(RelationFork.Main);
        run.Expect(blocks >= model.DurableBlocks, $"Relation {model.Number} has {blocks} blocks, and {model.DurableBlocks} were durable.");
        await RemoveBeyondAsync(run, model, blocks);
        model.Grow((int)blocks);
        model.Shrink((int)blocks);
        List<uint> uncertain = [];
        await CheckPagesAsync(run, model, uncertain);
        model.DurableBlocks = (int)blocks;
        model.IsDurable = true;
        foreach (uint block in uncertain) await RepairAsync(model, block);
    }

    private async Task CheckPagesAsync(SimulationRun run, RelationModel model, List<uint> uncertain)
    {
        byte[] page = new byte[StorageLimits.PageBytes];
        for (uint segment = 0; segment * SegmentBlocks < model.Pages.Count; segment++)
        {
            await using AioFile file = await AioFile.OpenAsync(run.System, PathOf(model, segment));
            for (uint block = segment * SegmentBlocks; block < Math.Min((segment + 1) * SegmentBlocks, (uint)model.Pages.Count); block++)
            {
                await file.ReadAsync(page, (long)(block % SegmentBlocks) * StorageLimits.PageBytes);
                PageModel known = model[block];
                uint? found = PageContent.Identify(page, model.Number, block);
                if (found is null)
                {
                    run.Expect(known.Highest > known.Durable, $"Block {block} of {model.Number} is torn, and nothing was written to it since version {known.Durable} was durable.");
                    uncertain.Add(block);
                    continue;
                }

                run.Expect(found >= known.Durable, $"Block {block} of {model.Number} has version {found}, and {known.Durable} was durable.");
                run.Expect(found <= known.Highest, $"Block {block} of {model.Number} has version {found}, which was never made.");
                known.Newest = found.Value;
                if (found != known.Durable) uncertain.Add(block);
            }
        }
    }

    // As recovery does with the page images of a log, for whatever changed since the last checkpoint: a page that looks right may be in the
    // cache only, clean since a flush that failed, and no flush would bring it to the disk.
    private async Task RepairAsync(RelationModel model, uint block)
    {
        Relation relation = Storage.Open(IdOf(model));
        using BufferPin pin = await Session.ReadAsync(relation, RelationFork.Main, block, ReadFlags.ZeroOnError);
        await pin.LockAsync(ContentLockMode.Exclusive);
        PageContent.Fill(pin.Page, model.Number, block, model[block].Next());
        pin.MarkDirty();
        pin.Unlock(ContentLockMode.Exclusive);
    }

    // Half a block at the end, and a segment behind one that lost its length, hold nobody's blocks, and would come back with what was in them
    // when the relation grows. A log knows of every block that was written, so recovery would give the relation its length again; without
    // one they go. For good: a crash must not bring them back under what is written next.
    private static async Task RemoveBeyondAsync(SimulationRun run, RelationModel model, uint blocks)
    {
        uint last = blocks / SegmentBlocks;
        for (uint segment = last + 1; segment <= BlocksMax / SegmentBlocks; segment++)
        {
            if (!run.System.FileSystem.Exists(PathOf(model, segment))) continue;
            run.System.FileSystem.Remove(PathOf(model, segment));
            run.System.FileSystem.SyncDirectory(Path.GetDirectoryName(PathOf(model, segment))!);
        }

        if (!run.System.FileSystem.Exists(PathOf(model, last))) return;
        await using AioFile file = await AioFile.OpenAsync(run.System, PathOf(model, last), new IoOpenOptions { Access = IoAccess.ReadWrite });
        long wholeBytes = (long)(blocks % SegmentBlocks) * StorageLimits.PageBytes;
        if (file.GetLength() == wholeBytes) return;
        await file.SetLengthAsync(wholeBytes);
        await file.FlushAsync();
    }

    private static void Remove(SimulationRun run, RelationModel model)
    {
        for (uint segment = 0; run.System.FileSystem.Exists(PathOf(model, segment)); segment++) run.System.FileSystem.Remove(PathOf(model, segment));
    }

    private static string PathOf(RelationModel model, uint segment)
    {
        string path = string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{DataDirectory}/base/{Database}/{model.Number}");
        return segment == 0 ? path : string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{path}.{segment}");
    }
}
