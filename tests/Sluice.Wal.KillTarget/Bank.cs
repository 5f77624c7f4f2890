namespace Sluice.Wal.KillTarget;

/// <summary>
/// Accounts in pages of a relation, changed through a log: a pool far smaller than the relation, so that pages are also written between
/// checkpoints.
/// </summary>
internal sealed class Bank : IAsyncDisposable
{
    internal const ushort TransferKind = 0x8001;

    private readonly StorageManager _storage;
    private readonly BufferSession _session;
    private readonly Checkpointer _checkpointer;

    private Bank(AioSystem system, string folder, ILogFlusher? flusher)
    {
        _storage = new StorageManager(system, folder);
        Log = new PageLog(system, LogFolderOf(folder));
        Pool = new BufferPool(_storage, new BufferPoolOptions { BufferCount = 40, CombineMax = 4, LogFlusher = flusher ?? Log });
        _session = Pool.CreateSession("bank");
        _checkpointer = new Checkpointer(Pool, new CheckpointerOptions { WritesMax = 8, Log = Log });
    }

    internal PageLog Log { get; }

    internal BufferPool Pool { get; }

    /// <summary>How many records were replayed when it was opened.</summary>
    internal long Replayed { get; private set; }

    private Relation Relation => _storage.Open(new RelationId(RelationId.DefaultTablespace, 5, 16384));

    internal static string LogFolderOf(string folder) => Path.Combine(folder, "wal");

    internal static string RelationPathOf(string folder) => Path.Combine(folder, "base", "5", "16384");

    /// <summary>Options of a log whose ends are met often.</summary>
    internal static WalOptions Options(WalSyncForm form) => new()
    {
        SegmentBytes = 1 << 20,
        RingBytes = 128 << 10,
        SyncForm = form,
        SegmentsAhead = 1,
        RecycledSegmentsMax = 2,
        ReadAheadBytes = 1 << 20,
        SystemId = 77,
    };

    /// <summary>Makes the pages and their log.</summary>
    internal static async Task MakeAsync(AioSystem system, string folder, WalOptions options)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(RelationPathOf(folder))!);
        Bank bank = new(system, folder, null);
        await using (bank)
        {
            await bank.Log.OpenAsync(bank._session, Redo, options);
            Relation relation = bank.Relation;
            await relation.CreateAsync(RelationFork.Main);
            BufferPin[] pins = new BufferPin[1];
            for (uint block = 0; block < BankPlan.Pages; block++)
            {
                await bank._session.ExtendAsync(relation, RelationFork.Main, pins, 0, 1);
                BankPlan.Initialize(pins[0].Page, block);
                pins[0].MarkDirty();
                pins[0].Unlock(ContentLockMode.Exclusive);
                pins[0].Release();
            }

            await bank.CheckpointAsync();
        }
    }

    /// <summary>Opens it and recovers.</summary>
    /// <param name="system">The system.</param>
    /// <param name="folder">Its folder.</param>
    /// <param name="options">Of the log.</param>
    /// <param name="redoing">Called before each change that is made again.</param>
    /// <param name="flusher">Makes the flusher that the pool asks; null for the log itself.</param>
    internal static async Task<Bank> OpenAsync(
        AioSystem system, string folder, WalOptions options, Action? redoing = null, ILogFlusher? flusher = null)
    {
        Bank bank = new(system, folder, flusher);
        try
        {
            bank.Replayed = await bank.Log.OpenAsync(
                bank._session,
                (kind, index, page, payload) =>
                {
                    redoing?.Invoke();
                    Redo(kind, index, page, payload);
                },
                options);
            return bank;
        }
        catch
        {
            await bank.DisposeAsync();
            throw;
        }
    }

    internal BufferSession CreateSession(string name) => Pool.CreateSession(name);

    /// <summary>Makes a client's nth transfer; it is in the log, and not yet durable.</summary>
    /// <returns>Where its record ends.</returns>
    internal async Task<LogPosition> TransferAsync(BufferSession session, int client, long number)
    {
        (int from, int to, _) = BankPlan.Of(client, number);
        byte[] payload = new byte[BankPlan.PayloadBytes];
        BankPlan.WritePayload(payload, client, number);
        Relation relation = Relation;
        BufferPin[] pins =
        [
            await session.ReadAsync(relation, RelationFork.Main, (uint)(from / BankPlan.AccountsPerPage)),
            await session.ReadAsync(relation, RelationFork.Main, (uint)(to / BankPlan.AccountsPerPage)),
            await session.ReadAsync(relation, RelationFork.Main, (uint)(BankPlan.AccountPages + client)),
        ];

        // In order of blocks, so that two transfers never wait for each other.
        int first = from < to ? 0 : 1;
        await pins[first].LockAsync(ContentLockMode.Exclusive);
        await pins[1 - first].LockAsync(ContentLockMode.Exclusive);
        await pins[2].LockAsync(ContentLockMode.Exclusive);
        try
        {
            LogPosition end = await Log.AddAsync(TransferKind, pins, payload);
            for (int index = 0; index < pins.Length; index++) BankPlan.Change(index, pins[index].Page, payload);
            return end;
        }
        finally
        {
            foreach (BufferPin pin in pins)
            {
                pin.Unlock(ContentLockMode.Exclusive);
                pin.Release();
            }
        }
    }

    internal Task CheckpointAsync() => _checkpointer.CheckpointAsync();

    /// <summary>The number of each client's last transfer, and all balances.</summary>
    internal async Task<(long[] Numbers, long[] Balances)> ReadAsync()
    {
        long[] numbers = new long[BankPlan.Clients];
        long[] balances = new long[BankPlan.AccountPages * BankPlan.AccountsPerPage];
        for (int block = 0; block < BankPlan.Pages; block++)
        {
            using BufferPin pin = await _session.ReadAsync(Relation, RelationFork.Main, (uint)block);
            if (block >= BankPlan.AccountPages) numbers[block - BankPlan.AccountPages] = BankPlan.Read(pin.Page, 0);
            else
            {
                int first = block * BankPlan.AccountsPerPage;
                for (int slot = 0; slot < BankPlan.AccountsPerPage; slot++) balances[first + slot] = BankPlan.Read(pin.Page, slot);
            }
        }

        return (numbers, balances);
    }

    /// <summary>Closes the log; what is dirty in the pool is dropped, as if the process had been killed.</summary>
    public async ValueTask DisposeAsync()
    {
        await _checkpointer.DisposeAsync();
        await _session.DisposeAsync();
        try
        {
            await Log.DisposeAsync();
        }
        finally
        {
            Pool.Dispose();
            _storage.Dispose();
        }
    }

    private static void Redo(ushort kind, int index, Span<byte> page, ReadOnlySpan<byte> payload)
    {
        if (kind != TransferKind) throw new InvalidOperationException($"There is a record of kind {kind:X4}, and the bank makes none.");
        BankPlan.Change(index, page, payload);
    }
}
