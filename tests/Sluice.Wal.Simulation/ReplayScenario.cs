using System.Buffers.Binary;

namespace Sluice.Wal.Simulation;

/// <summary>
/// Changes of far more pages than there is memory for, seldom a checkpoint: recovery reads pages ahead, evicts changed ones while it is still reading the
/// log, and is itself killed. Each record changes three pages by one; so the sum of all is divisible by three, and no page goes back behind what was
/// acknowledged.
/// </summary>
[Scenario("wal-replay", "Recovery of more pages than there is memory for: nothing acknowledged is lost, no record is there half or twice", Operations = 200, Crashes = 4)]
public sealed class ReplayScenario : Scenario
{
    private const string Data = "/data";
    private const string Folder = "/data/wal";
    private const int Pages = 60;
    private const int Buffers = 24;
    private const ushort Kind = 0x8002;
    private static readonly RelationId s_relation = new(RelationId.DefaultTablespace, 5, 16384);

    private readonly long[] _acknowledged = new long[Pages];
    private readonly long[] _attempted = new long[Pages];
    private StorageManager _storage = null!;
    private BufferPool _pool = null!;
    private PageLog _log = null!;
    private AioContext _context = null!;

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

        // No short reads: two in a row of one page are an error of the read, and that is another scenario's.
        return FaultPlan.None.With(FaultKind.Reorder, 0.4).With(FaultKind.ShortWrite, 0.03).With(FaultKind.Again, 0.02);
    }

    /// <inheritdoc/>
    public override async Task SetUpAsync(SimulationRun run)
    {
        ArgumentNullException.ThrowIfNull(run);
        IoFileSystem fileSystem = run.System.FileSystem;
        foreach (string folder in (string[])[Data, $"{Data}/base", $"{Data}/base/5"]) fileSystem.CreateDirectory(folder);
        foreach (string folder in (string[])["/", Data, $"{Data}/base"]) fileSystem.SyncDirectory(folder);
        BufferSession session = await OpenAsync(run);
        Relation relation = _storage.Open(s_relation);
        await relation.CreateAsync(RelationFork.Main);
        BufferPin[] pins = new BufferPin[4];
        for (int done = 0; done < Pages; done += pins.Length)
        {
            await session.ExtendAsync(relation, RelationFork.Main, pins, 0, pins.Length);
            foreach (BufferPin pin in pins)
            {
                PageHeader.Initialize(pin.Page);

                // What stands in the hole would be left out of an image.
                PageHeader header = new(pin.Page) { Lower = StorageLimits.PageHeaderBytes + sizeof(long) };
                _ = header;
                pin.MarkDirty();
                pin.Unlock(ContentLockMode.Exclusive);
                pin.Release();
            }
        }

        fileSystem.SyncDirectory($"{Data}/base/5");
        await CheckpointAsync();
        await _log.DisposeAsync();
    }

    /// <inheritdoc/>
    public override async Task CheckAsync(SimulationRun run)
    {
        ArgumentNullException.ThrowIfNull(run);
        await DataDirectorySync.SyncAsync(AioLoop.Current!.Context, Data);
        BufferSession session = await OpenAsync(run);
        Relation relation = _storage.Open(s_relation);
        long sum = 0;
        for (int block = 0; block < Pages; block++)
        {
            using BufferPin pin = await session.ReadAsync(relation, RelationFork.Main, (uint)block);
            long count = CountOf(pin.Page);
            sum += count;
            run.Expect(count >= _acknowledged[block], $"Page {block} was changed {_acknowledged[block]} times as acknowledged, and {count} are there.");
            run.Expect(count <= _attempted[block], $"Page {block} was changed {count} times, and only {_attempted[block]} changes were made.");
            _acknowledged[block] = count;
            _attempted[block] = count;
        }

        run.Expect(sum % 3 == 0, $"The changes of all pages are {sum}, and each record makes three: one is there in part.");

        // Seldom, so that the next recovery has the records of several lives to replay.
        if (run.Random.Next(3) == 0) await CheckpointAsync();
    }

    /// <inheritdoc/>
    public override async Task WorkAsync(SimulationRun run)
    {
        ArgumentNullException.ThrowIfNull(run);
        try
        {
            await Task.WhenAll(ChangeAllTheTimeAsync(run), ChangeAllTheTimeAsync(run));
        }
        finally
        {
            try
            {
                await _log.DisposeAsync();
            }
            catch (WalException)
            {
                // It had failed; that was told to everybody who waited.
            }
        }
    }

    private static long CountOf(Span<byte> page) => BinaryPrimitives.ReadInt64LittleEndian(page[StorageLimits.PageHeaderBytes..]);

    private static void Redo(ushort kind, int index, Span<byte> page, ReadOnlySpan<byte> payload) =>
        BinaryPrimitives.WriteInt64LittleEndian(page[StorageLimits.PageHeaderBytes..], CountOf(page) + 1);

    private async Task<BufferSession> OpenAsync(SimulationRun run)
    {
        _context = AioLoop.Current!.Context;
        _storage = run.Own(new StorageManager(run.System, Data, new StorageOptions { OpenFilesMax = 8 }));
        _log = run.Own(new PageLog(run.System, Folder));
        _pool = run.Own(new BufferPool(_storage, new BufferPoolOptions { BufferCount = Buffers, CombineMax = 4, LogFlusher = _log }));
        BufferSession session = run.Own(_pool.CreateSession("check", new BufferSessionOptions { Context = _context }));
        await _log.OpenAsync(session, Redo, new WalOptions
        {
            SegmentBytes = 1 << 20,
            RingBytes = 128 << 10,
            SyncForm = WalSyncForm.Fdatasync,
            Direct = false,
            SegmentsAhead = 1,
            RecycledSegmentsMax = 2,
            ReadAheadBytes = 256 << 10,
            ReplayReads = run.Random.Next(5) * 2,
            SystemId = 11,
        });
        return session;
    }

    private async Task CheckpointAsync()
    {
        await using Checkpointer checkpointer = new(_pool, new CheckpointerOptions { WritesMax = 4, Log = _log });
        await checkpointer.CheckpointAsync();
    }

    private async Task ChangeAllTheTimeAsync(SimulationRun run)
    {
        await using BufferSession session = _pool.CreateSession("changes", new BufferSessionOptions { Context = _context });
        Relation relation = _storage.Open(s_relation);
        BufferPin[] pins = new BufferPin[3];
        long[] counts = new long[pins.Length];
        while (run.HasMoreWork && _log.Log!.Failure is null)
        {
            // In order of blocks, so that two flows never wait for each other.
            int first = run.Random.Next(Pages - 9);
            int[] blocks = [first, first + 1 + run.Random.Next(4), first + 5 + run.Random.Next(4)];
            int locked = 0;
            LogPosition end;
            try
            {
                while (locked < pins.Length)
                {
                    pins[locked] = await session.ReadAsync(relation, RelationFork.Main, (uint)blocks[locked]);
                    await pins[locked++].LockAsync(ContentLockMode.Exclusive);
                }

                foreach (int block in blocks) _attempted[block]++;
                end = await _log.AddAsync(Kind, pins, default);
                for (int place = 0; place < pins.Length; place++)
                {
                    Redo(Kind, place, pins[place].Page, default);
                    counts[place] = CountOf(pins[place].Page);
                }
            }
            finally
            {
                // Also when a read fails: the other flow may wait for what this one has locked.
                for (int place = 0; place < locked; place++)
                {
                    pins[place].Unlock(ContentLockMode.Exclusive);
                    pins[place].Release();
                }
            }

            if (run.Random.Next(4) != 0) continue;
            await _log.FlushAsync(end);
            if (run.IsDead) return;
            for (int place = 0; place < pins.Length; place++) _acknowledged[blocks[place]] = Math.Max(_acknowledged[blocks[place]], counts[place]);
        }
    }
}
