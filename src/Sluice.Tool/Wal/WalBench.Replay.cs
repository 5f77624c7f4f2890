using System.Buffers.Binary;
using System.Diagnostics;
using Sluice.Storage;
using Sluice.Wal;

namespace Sluice.Tool.Wal;

/// <summary>Replay of a log of pages: changes of random pages, of which an eighth has room, are made again after a crash.</summary>
internal static partial class WalBench
{
    private const ushort ChangeKind = 0x8001;
    private const int Changers = 16;
    private static readonly RelationId s_relation = new(RelationId.DefaultTablespace, 5, 16384);

    private static async Task<WalBenchResult> ReplayAsync(
        AioSystem system, string folder, WalBenchRequest request, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(Path.Combine(folder, "base", "5"));
        WalSyncForm form = await MakePagesAsync(system, folder, request, cancellationToken);
        cancellationToken.ThrowIfCancellationRequested();
        using StorageManager storage = new(system, folder, new StorageOptions { Direct = request.Options.Direct ?? true });
        await using PageLog log = new(system, Path.Combine(folder, "wal"));
        using BufferPool pool = new(storage, new BufferPoolOptions { BufferCount = BuffersOf(request), LogFlusher = log });
        await using BufferSession session = pool.CreateSession("replay");
        TimeSpan cpu = Process.GetCurrentProcess().TotalProcessorTime;
        long allocated = GC.GetTotalAllocatedBytes();
        long started = Stopwatch.GetTimestamp();
        long records = await log.OpenAsync(session, Redo, request.Options with { SyncForm = form });
        double seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        cpu = Process.GetCurrentProcess().TotalProcessorTime - cpu;
        return new WalBenchResult(request, system.MethodName, form, seconds, records, log.Log!.Recovery.BytesRead)
        {
            CpuMicroseconds = cpu.TotalMicroseconds,
            AllocatedBytes = GC.GetTotalAllocatedBytes() - allocated,
        };
    }

    // As a process that is killed: everything is in the log, and some of it in the pages.
    private static async Task<WalSyncForm> MakePagesAsync(
        AioSystem system, string folder, WalBenchRequest request, CancellationToken cancellationToken)
    {
        using StorageManager storage = new(system, folder, new StorageOptions { Direct = request.Options.Direct ?? true });
        await using PageLog log = new(system, Path.Combine(folder, "wal"));
        using BufferPool pool = new(storage, new BufferPoolOptions { BufferCount = BuffersOf(request), LogFlusher = log });
        await using BufferSession session = pool.CreateSession("make");
        Relation relation = storage.Open(s_relation);
        await relation.CreateAsync(RelationFork.Main);
        await log.OpenAsync(session, Redo, request.Options);
        BufferPin[] pins = new BufferPin[16];
        for (int done = 0; done < request.Pages; done += pins.Length)
        {
            await session.ExtendAsync(relation, RelationFork.Main, pins, 0, pins.Length);
            foreach (BufferPin pin in pins)
            {
                PageHeader.Initialize(pin.Page);
                PageHeader header = new(pin.Page) { Lower = StorageLimits.PageHeaderBytes + sizeof(long) };
                _ = header;
                pin.MarkDirty();
                pin.Unlock(ContentLockMode.Exclusive);
                pin.Release();
            }
        }

        await using (Checkpointer checkpointer = new(pool, new CheckpointerOptions { Log = log })) await checkpointer.CheckpointAsync();
        ulong end = log.InsertedUpTo.Value + (ulong)request.SizeBytes;
        Task Change(int seed) =>
            Task.Run(() => ChangeAsync(pool, relation, log, request, end, seed, cancellationToken), CancellationToken.None);
        Task[] changers = [.. Enumerable.Range(1, Changers).Select(Change)];
        await Task.WhenAll(changers);
        await log.FlushAsync(log.InsertedUpTo, CancellationToken.None);
        return log.Log!.SyncForm;
    }

    private static async Task ChangeAsync(
        BufferPool pool, Relation relation, PageLog log, WalBenchRequest request, ulong end, int seed, CancellationToken cancellationToken)
    {
        await using BufferSession session = pool.CreateSession("change");
        Random random = new(seed);
        BufferPin[] pins = new BufferPin[1];
        byte[] payload = new byte[request.RecordBytes];
        while (log.InsertedUpTo.Value < end && !cancellationToken.IsCancellationRequested)
        {
            pins[0] = await session.ReadAsync(
                relation, RelationFork.Main, (uint)random.Next(request.Pages), cancellationToken: CancellationToken.None);
            await pins[0].LockAsync(ContentLockMode.Exclusive, CancellationToken.None);
            await log.AddAsync(ChangeKind, pins, payload);
            Redo(ChangeKind, 0, pins[0].Page, payload);
            pins[0].Unlock(ContentLockMode.Exclusive);
            pins[0].Release();
        }
    }

    private static int BuffersOf(WalBenchRequest request) => Math.Max(256, request.Pages / 8);

    private static void Redo(ushort kind, int index, Span<byte> page, ReadOnlySpan<byte> payload)
    {
        Span<byte> count = page[StorageLimits.PageHeaderBytes..];
        BinaryPrimitives.WriteInt64LittleEndian(count, BinaryPrimitives.ReadInt64LittleEndian(count) + 1);
    }
}
