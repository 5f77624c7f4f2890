using System.Buffers.Binary;
using Sluice.TestPlugins.Injecting;

namespace Sluice.Wal.Tests;

/// <summary>
/// Pages of two relations that are changed through a log of pages, and a model in memory of what they have to be. Each slot of a page
/// counts how often it was changed and adds up what it was changed by, so an order that is wrong or a change made twice shows.
/// </summary>
internal sealed class PageBank : IAsyncDisposable
{
    internal const ushort Kind = 0x8001;
    internal const int Slots = 8;
    internal static readonly RelationId[] Relations =
        [new(RelationId.DefaultTablespace, 5, 16384), new(RelationId.DefaultTablespace, 5, 16385)];

    private readonly StorageManager _storage;

    private PageBank(AioSystem system, string folder, int buffers)
    {
        System = system;
        _storage = new StorageManager(system, folder);
        Log = new PageLog(system, Path.Combine(folder, "wal"));
        Pool = new BufferPool(_storage, new BufferPoolOptions { BufferCount = buffers, LogFlusher = Log });
        Session = Pool.CreateSession("bank");
    }

    internal AioSystem System { get; }

    internal PageLog Log { get; }

    internal BufferPool Pool { get; }

    internal BufferSession Session { get; }

    internal long Replayed { get; private set; }

    internal static WalOptions Options =>
        TestLog.Small with { RingBytes = 128 << 10, ReadAheadBytes = 256 << 10, SyncForm = WalSyncForm.Fdatasync };

    internal static AioSystem Start(string method = "io_uring", InjectionControl? control = null)
    {
        AioSystemOptions options = new() { Method = method, HandlesPerContext = 64, SharedContexts = 2 };
        if (control is not null)
        {
            IoMethodCatalog catalog = new();
            catalog.Add("injecting", new InjectingMethodFactory(new Methods.Worker.WorkerMethodFactory(), control));
            options = new AioSystemOptions { Method = "injecting", Catalog = catalog, HandlesPerContext = 64, SharedContexts = 2 };
        }

        options.Modules.Add(SluiceStorageAioModule.Instance);
        return AioSystem.Start(options);
    }

    internal static string PathOf(string folder, int relation) => Path.Combine(folder, "base", "5", $"{Relations[relation].Number}");

    /// <summary>Opens what stands in a folder, replaying what its log tells; makes it if nothing does.</summary>
    internal static async Task<PageBank> OpenAsync(AioSystem system, string folder, int buffers, int reads, PageRedo? redo = null)
    {
        bool isNew = !File.Exists(PathOf(folder, 0));
        Directory.CreateDirectory(Path.Combine(folder, "base", "5"));
        PageBank bank = new(system, folder, buffers);
        try
        {
            if (isNew && !Directory.Exists(Path.Combine(folder, "wal")))
            {
                foreach (RelationId id in Relations) await bank._storage.Open(id).CreateAsync(RelationFork.Main);
            }

            bank.Replayed = await bank.Log.OpenAsync(bank.Session, redo ?? Redo, Options with { ReplayReads = reads });
            return bank;
        }
        catch
        {
            await bank.DisposeAsync();
            throw;
        }
    }

    internal static void Redo(ushort kind, int index, Span<byte> page, ReadOnlySpan<byte> payload) =>
        Change(page, payload[0] + index, payload[1..]);

    internal static string Show(Span<byte> page)
    {
        List<string> slots = [];
        for (int slot = 0; slot < Slots; slot++) slots.Add($"{BinaryPrimitives.ReadInt64LittleEndian(page[At(slot)..])}");
        return string.Join(' ', slots);
    }

    internal Relation Open(int relation) => _storage.Open(Relations[relation]);

    internal async Task ExtendAsync(int relation, int count)
    {
        BufferPin[] pins = new BufferPin[1];
        for (int number = 0; number < count; number++)
        {
            await Session.ExtendAsync(Open(relation), RelationFork.Main, pins, 0, 1);
            pins[0].Unlock(ContentLockMode.Exclusive);
            pins[0].Release();
        }
    }

    /// <summary>Changes pages, all of one relation and different, by one record.</summary>
    internal async Task<LogPosition> ChangeAsync(int relation, uint[] blocks, int slot, byte[] amounts)
    {
        BufferPin[] pins = new BufferPin[blocks.Length];
        Array.Sort(blocks);
        for (int place = 0; place < blocks.Length; place++)
        {
            pins[place] = await Session.ReadAsync(Open(relation), RelationFork.Main, blocks[place]);
            await pins[place].LockAsync(ContentLockMode.Exclusive);
        }

        byte[] payload = [(byte)slot, .. amounts];
        LogPosition end = await Log.AddAsync(Kind, pins, payload);
        for (int place = 0; place < pins.Length; place++)
        {
            Redo(Kind, place, pins[place].Page, payload);
            pins[place].Unlock(ContentLockMode.Exclusive);
            pins[place].Release();
        }

        return end;
    }

    /// <summary>What every page says.</summary>
    internal async Task<List<string>> ShowAsync()
    {
        List<string> pages = [];
        for (int relation = 0; relation < Relations.Length; relation++)
        {
            uint count = await Open(relation).GetBlockCountAsync(RelationFork.Main);
            for (uint block = 0; block < count; block++)
            {
                using BufferPin pin = await Session.ReadAsync(Open(relation), RelationFork.Main, block);
                pages.Add($"{relation}/{block}: {Show(pin.Page)}");
            }
        }

        return pages;
    }

    internal async Task CheckpointAsync()
    {
        await using Checkpointer checkpointer = new(Pool, new CheckpointerOptions { Log = Log });
        await checkpointer.CheckpointAsync();
    }

    /// <summary>As a process that is killed: what was not written stays so.</summary>
    public async ValueTask DisposeAsync()
    {
        await Log.DisposeAsync();
        await Session.DisposeAsync();
        Pool.Dispose();
        _storage.Dispose();
    }

    private static int At(int slot) => StorageLimits.PageHeaderBytes + ((slot % Slots) * 8);

    // Multiplied as well, so that the order of two changes matters.
    private static void Change(Span<byte> page, int slot, ReadOnlySpan<byte> amounts)
    {
        PageHeader header = new(page);
        if (header.Lower == 0)
        {
            PageHeader.Initialize(page);
            header = new PageHeader(page) { Lower = At(Slots - 1) + 8 };
            _ = header;
        }

        Span<byte> place = page[At(slot)..];
        long value = BinaryPrimitives.ReadInt64LittleEndian(place);
        foreach (byte amount in amounts) value = (value * 31) + amount;
        BinaryPrimitives.WriteInt64LittleEndian(place, value);
    }
}
