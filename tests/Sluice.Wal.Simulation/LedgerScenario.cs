using System.Buffers.Binary;

namespace Sluice.Wal.Simulation;

/// <summary>
/// Accounts in pages of a relation, transfers through the log, checkpoints all the time, killed anywhere: the sum of all balances stays, no transfer is
/// there half, and none that was acknowledged is lost. Torn pages are repaired from their images.
/// </summary>
[Scenario("wal-ledger", "Transfers between pages through the log: none acknowledged is lost, none is there half", Operations = 150, Crashes = 4)]
public sealed class LedgerScenario : Scenario
{
    private const string Data = "/data";
    private const string Folder = "/data/wal";
    private const int Pages = 6;
    private const int Accounts = Pages * 4;
    private const long Balance = 1000;
    private const ushort TransferKind = 0x8001;
    private static readonly RelationId s_relation = new(RelationId.DefaultTablespace, 5, 16384);

    // How often each account was changed by what was acknowledged; a page tells how often it was changed at all.
    private readonly int[] _acknowledged = new int[Accounts];
    private readonly int[] _attempted = new int[Accounts];
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
        return FaultPlan.None.With(FaultKind.Reorder, 0.4).With(FaultKind.ShortWrite, 0.03).With(FaultKind.ShortRead, 0.05).With(FaultKind.Again, 0.02);
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
        BufferPin[] pins = new BufferPin[Pages];
        await session.ExtendAsync(relation, RelationFork.Main, pins, 0, Pages);
        foreach (BufferPin pin in pins)
        {
            PageHeader.Initialize(pin.Page);
            for (int slot = 0; slot < 4; slot++) BinaryPrimitives.WriteInt64LittleEndian(pin.Page[At(slot)..], Balance);

            // What stands in the hole would be left out of an image.
            PageHeader header = new(pin.Page) { Lower = At(4) };
            _ = header;
            pin.MarkDirty();
            pin.Unlock(ContentLockMode.Exclusive);
            pin.Release();
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
        for (uint block = 0; block < Pages; block++)
        {
            using BufferPin pin = await session.ReadAsync(relation, RelationFork.Main, block);
            for (int slot = 0; slot < 4; slot++)
            {
                int account = ((int)block * 4) + slot;
                sum += BinaryPrimitives.ReadInt64LittleEndian(pin.Page[At(slot)..]);
                int changes = BinaryPrimitives.ReadInt32LittleEndian(pin.Page[(At(slot) + 8)..]);
                run.Expect(changes >= _acknowledged[account], $"Account {account} was changed {_acknowledged[account]} times as acknowledged, and {changes} are there.");
                run.Expect(changes <= _attempted[account], $"Account {account} was changed {changes} times, and only {_attempted[account]} changes were made.");
                _acknowledged[account] = changes;
                _attempted[account] = changes;
            }
        }

        run.Expect(sum == Accounts * Balance, $"The sum of all balances is {sum} and was {Accounts * Balance}: a transfer is there half.");
        await CheckpointAsync();
    }

    /// <inheritdoc/>
    public override async Task WorkAsync(SimulationRun run)
    {
        ArgumentNullException.ThrowIfNull(run);
        try
        {
            Task[] flows = [TransferAllTheTimeAsync(run), TransferAllTheTimeAsync(run), TransferAllTheTimeAsync(run), CheckpointAllTheTimeAsync(run)];
            await Task.WhenAll(flows);
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

    // Count in front of the balance's end: both change together, or neither.
    private static int At(int slot) => StorageLimits.PageHeaderBytes + (slot * 16);

    private static void Change(Span<byte> page, int slot, long amount)
    {
        Span<byte> account = page[At(slot)..];
        BinaryPrimitives.WriteInt64LittleEndian(account, BinaryPrimitives.ReadInt64LittleEndian(account) + amount);
        BinaryPrimitives.WriteInt32LittleEndian(account[8..], BinaryPrimitives.ReadInt32LittleEndian(account[8..]) + 1);
    }

    private static void Redo(ushort kind, int index, Span<byte> page, ReadOnlySpan<byte> payload)
    {
        long amount = BinaryPrimitives.ReadInt64LittleEndian(payload);
        Change(page, payload[8 + index], index == 0 ? -amount : amount);
    }

    private async Task<BufferSession> OpenAsync(SimulationRun run)
    {
        _context = AioLoop.Current!.Context;
        _storage = run.Own(new StorageManager(run.System, Data, new StorageOptions { OpenFilesMax = 8 }));
        _log = new PageLog(run.System, Folder);
        _pool = run.Own(new BufferPool(_storage, new BufferPoolOptions { BufferCount = 16, CombineMax = 4, LogFlusher = _log }));
        BufferSession session = run.Own(_pool.CreateSession("check", new BufferSessionOptions { Context = _context }));
        await _log.OpenAsync(session, Redo, new WalOptions
        {
            SegmentBytes = 1 << 20,
            RingBytes = 128 << 10,
            SyncForm = WalSyncForm.Fdatasync,
            Direct = false,
            SegmentsAhead = 1,
            RecycledSegmentsMax = 2,
            ReadAheadBytes = 512 << 10,
            SystemId = 9,
        });
        return session;
    }

    private async Task CheckpointAsync()
    {
        await using Checkpointer checkpointer = new(_pool, new CheckpointerOptions { WritesMax = 4, Log = _log });
        await checkpointer.CheckpointAsync();
    }

    private async Task CheckpointAllTheTimeAsync(SimulationRun run)
    {
        while (run.HasMoreWork && _log.Log!.Failure is null)
        {
            await run.Time.DelayAsync(TimeSpan.FromMilliseconds(1 + run.Random.Next(10)));
            try
            {
                await CheckpointAsync();
            }
            catch (AioException) when (!run.IsDead)
            {
                // A page could not be written whole; it stays dirty, and recovery begins where it did.
            }
        }
    }

    private async Task TransferAllTheTimeAsync(SimulationRun run)
    {
        await using BufferSession session = _pool.CreateSession("transfers", new BufferSessionOptions { Context = _context });
        Relation relation = _storage.Open(s_relation);
        BufferPin[] pins = new BufferPin[2];
        byte[] payload = new byte[10];
        while (run.HasMoreWork && _log.Log!.Failure is null)
        {
            int from = run.Random.Next(Accounts);
            int to = run.Random.Next(Accounts);
            if (from / 4 == to / 4)
            {
                await run.Time.DelayAsync(TimeSpan.FromMicroseconds(10));
                continue;
            }

            pins[0] = await session.ReadAsync(relation, RelationFork.Main, (uint)(from / 4));
            pins[1] = await session.ReadAsync(relation, RelationFork.Main, (uint)(to / 4));

            // In order of blocks, so that two transfers never wait for each other.
            int first = from < to ? 0 : 1;
            await pins[first].LockAsync(ContentLockMode.Exclusive);
            await pins[1 - first].LockAsync(ContentLockMode.Exclusive);
            LogPosition end;
            try
            {
                long amount = 1 + run.Random.Next(50);
                BinaryPrimitives.WriteInt64LittleEndian(payload, amount);
                payload[8] = (byte)(from % 4);
                payload[9] = (byte)(to % 4);
                _attempted[from]++;
                _attempted[to]++;
                end = await _log.AddAsync(TransferKind, pins, payload);
                Change(pins[0].Page, from % 4, -amount);
                Change(pins[1].Page, to % 4, amount);
            }
            finally
            {
                foreach (BufferPin pin in pins)
                {
                    pin.Unlock(ContentLockMode.Exclusive);
                    pin.Release();
                }
            }

            // Changes of one account become durable in order of the log, so counting suffices.
            int fromCount = _attempted[from];
            int toCount = _attempted[to];
            await _log.FlushAsync(end);
            if (run.IsDead) return;
            _acknowledged[from] = Math.Max(_acknowledged[from], Math.Min(fromCount, _acknowledged[from] + 1));
            _acknowledged[to] = Math.Max(_acknowledged[to], Math.Min(toCount, _acknowledged[to] + 1));
        }
    }
}
