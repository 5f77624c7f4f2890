using Sluice.TestPlugins.Injecting;

// The stress tests want the processors for themselves.
[assembly: CollectionBehavior(DisableTestParallelization = true)]

namespace Sluice.Wal.Tests;

/// <summary>Logs for tests: small segments and rings, so that their ends are met often.</summary>
internal static class TestLog
{
    /// <summary>Long enough for anything that does not hang.</summary>
    internal static readonly TimeSpan Watchdog = TimeSpan.FromSeconds(180);

    public static TheoryData<string> Methods => ["sync", "worker", "io_uring"];

    internal static WalOptions Small => new()
    {
        SegmentBytes = 1 << 20,
        RingBytes = 64 << 10,
        SyncForm = WalSyncForm.WriteDatasync,
        ReadAheadBytes = 1 << 20,
        WriteBytesMax = 32 << 10,
        EagerWriteBytes = 16 << 10,
        SystemId = 42,
    };

    internal static AioSystem Start(string method = "io_uring") =>
        AioSystem.Start(new AioSystemOptions { Method = method, HandlesPerContext = 64, SharedContexts = 2 });

    /// <summary>A system whose I/O can be made to go wrong.</summary>
    internal static AioSystem Start(InjectionControl control, string method = "worker")
    {
        IIoMethodFactory inner = method switch
        {
            "sync" => new Methods.Sync.SyncMethodFactory(),
            "io_uring" => new Methods.IoUring.IoUringMethodFactory(),
            _ => new Methods.Worker.WorkerMethodFactory(),
        };
        IoMethodCatalog catalog = new();
        catalog.Add("injecting", new InjectingMethodFactory(inner, control));
        return AioSystem.Start(
            new AioSystemOptions { Method = "injecting", Catalog = catalog, HandlesPerContext = 64, SharedContexts = 2 });
    }

    /// <summary>The content of a record with a number: any length, and every byte tells whether it is the right one.</summary>
    internal static byte[] Body(int number, int length)
    {
        byte[] body = new byte[length];
        uint state = ((uint)number * 2654435761) | 1;
        for (int index = 0; index < length; index++)
        {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            body[index] = (byte)state;
        }

        return body;
    }

    internal static async Task<List<(LogRecord Record, byte[] Body)>> ReadAllAsync(
        AioSystem system, string folder, WalReaderOptions? options = null)
    {
        await using WalReader reader = await WalReader.OpenAsync(
            system, folder, options ?? new WalReaderOptions { ReadAheadBytes = 1 << 20 });
        List<(LogRecord, byte[])> records = [];
        while (await reader.ReadAsync()) records.Add((reader.Current, reader.Current.Body.ToArray()));
        return records;
    }
}
