using System.Diagnostics;
using Sluice.Storage;

namespace Sluice.Tool.Bench.Storage;

/// <summary>The storage scenarios, one run each.</summary>
internal static class StorageRuns
{
    /// <summary>A scan, or a bitmap of it, over and over until the time is up; one pass at least.</summary>
    internal static void Scan(
        StorageHost host, BenchRequest request, uint blocks, StorageMeter meter, double seconds, CancellationToken cancellationToken)
    {
        using BufferSession session = host.Pool.CreateSession("scan");
        AccessRing ring = AccessRing.ForBulkRead(host.Pool, request.Depth * request.CombinePages);
        ReadStreamOptions options = new() { IosMax = request.Depth, CombineBlocksMax = request.CombinePages, IsFull = true, Ring = ring };

        // Compiled, and pools filled, before anything is measured; by a stream of its own, so that what is measured are whole passes.
        if (!request.IsCold) WarmUp(session, host, () => SourceOf(request, blocks), options, seconds, cancellationToken);
        do
        {
            if (request.IsCold) host.Forget();
            using ReadStream stream = new(session, host.Relation, RelationFork.Main, SourceOf(request, blocks), options);
            meter.Begin();
            long count = 0;
            while (true)
            {
                // Looking at the clock for every page would cost some percent of a scan of the page cache: every seventh is timed, so that
                // no place within a read is preferred.
                bool isTimed = count % 7 == 0;
                long before = isTimed ? Stopwatch.GetTimestamp() : 0;
                if (!Next(stream)) break;
                if (isTimed) meter.Latencies.Record(Stopwatch.GetTimestamp() - before);
                count++;
            }

            meter.End(count);
        }
        while (meter.Seconds < seconds && !cancellationToken.IsCancellationRequested);
    }

    /// <summary>Pages are made dirty, unmeasured, and written by a checkpoint, measured; until the time is up, once at least.</summary>
    internal static void Checkpoint(
        StorageHost host, BenchRequest request, uint blocks, StorageMeter meter, double seconds, CancellationToken cancellationToken)
    {
        using BufferSession session = host.Pool.CreateSession("dirty");
        Checkpointer checkpointer = new(
            host.Pool,
            new CheckpointerOptions
            {
                WritesMax = request.Depth,
                CombineBlocksMax = request.CombinePages,
                WriteBackBlocks = request.IsDirect ? 0 : 32,
            });
        uint[] dirty = ChooseBlocks(blocks, request.Pages, request.RunPages);

        // The first is not measured: it compiles the code and makes the lists, which the ones after it use again.
        for (int round = -1; round <= 0 || (meter.Seconds < seconds && !cancellationToken.IsCancellationRequested); round++)
        {
            MakeDirty(session, host, dirty, round + 1);
            if (round >= 0) meter.Begin();
            CheckpointResult result = checkpointer.CheckpointAsync(CheckpointFlags.None, cancellationToken).GetAwaiter().GetResult();
            if (round < 0) continue;
            meter.End(result.PagesWritten);
            meter.Latencies.Record((long)(result.TotalTime.TotalSeconds * Stopwatch.Frequency));
        }

        StorageHost.Wait(checkpointer.DisposeAsync());
    }

    /// <summary>Grows a relation through the pool until it is as long as asked, over and over.</summary>
    internal static void Extend(
        StorageHost host, BenchRequest request, uint blocks, StorageMeter meter, double seconds, CancellationToken cancellationToken)
    {
        using BufferSession session = host.Pool.CreateSession("extend");
        AccessRing ring = AccessRing.ForBulkWrite(host.Pool);
        byte[] template = StoragePages.Make();
        while (meter.Seconds < seconds && !cancellationToken.IsCancellationRequested)
        {
            Relation relation = host.MakeEmpty(16385, blocks);
            BulkExtender extender = new(relation, RelationFork.Main, stepMin: Math.Min(request.CombinePages, BulkExtender.StepMax));
            meter.Begin();
            long count = 0;
            for (; count < blocks && !cancellationToken.IsCancellationRequested; count++)
            {
                long before = Stopwatch.GetTimestamp();
                using BufferPin pin = StorageHost.Wait(extender.TakeAsync(session, ring, cancellationToken));
                StoragePages.Fill(pin.Page, template, pin.BlockNumber);
                pin.MarkDirty();
                pin.Unlock(ContentLockMode.Exclusive);
                meter.Latencies.Record(Stopwatch.GetTimestamp() - before);
            }

            StorageHost.Wait(session.FlushAsync(relation.Key, null, cancellationToken));
            meter.End(count);
            StorageHost.Wait(session.DropAsync(relation.Key, cancellationToken));
        }
    }

    /// <summary>Writes a relation past the pool and makes it durable, over and over; once at least.</summary>
    internal static void BulkWrite(
        StorageHost host, BenchRequest request, uint blocks, StorageMeter meter, double seconds, CancellationToken cancellationToken)
    {
        byte[] template = StoragePages.Make();
        BulkWriterOptions options = new()
        {
            Durability = BulkDurability.Immediate,
            CombineBlocksMax = request.CombinePages,
            WritesMax = request.Depth,
            PagesMax = Math.Max(64, request.CombinePages * (request.Depth + 2)),
        };
        for (int round = 0; round == 0 || (meter.Seconds < seconds && !cancellationToken.IsCancellationRequested); round++)
        {
            Relation relation = host.MakeEmpty(16386, blocks);
            meter.Begin();
            using (BulkWriter writer = new(relation, RelationFork.Main, options))
            {
                for (uint block = 0; block < blocks; block++)
                {
                    long before = Stopwatch.GetTimestamp();
                    BulkPage page = writer.Rent();
                    StoragePages.Fill(page.Page, template, block);
                    writer.Write(block, page);
                    meter.Latencies.Record(Stopwatch.GetTimestamp() - before);
                }

                writer.Complete();
            }

            meter.End(blocks);
        }
    }

    private static BlockSource SourceOf(BenchRequest request, uint blocks) => request.Scenario == Scenario.Bitmap
        ? BlockSource.EveryNth(0, blocks, (uint)request.Every)
        : BlockSource.Range(0, blocks);

    // For a second, unless less is measured than that: what is measured is a long scan, compiled as well as it will be.
    private static void WarmUp(
        BufferSession session, StorageHost host, Func<BlockSource> source, ReadStreamOptions options, double seconds,
        CancellationToken cancellationToken)
    {
        long until = Stopwatch.GetTimestamp() + (long)(Stopwatch.Frequency * Math.Min(1, seconds));
        do
        {
            using ReadStream stream = new(session, host.Relation, RelationFork.Main, source(), options);
            while (Next(stream) && Stopwatch.GetTimestamp() < until) cancellationToken.ThrowIfCancellationRequested();
        }
        while (Stopwatch.GetTimestamp() < until);
    }

    private static bool Next(ReadStream stream)
    {
        using BufferPin pin = stream.Next();
        return pin.HasPage;
    }

    private static uint[] ChooseBlocks(uint blocks, int pages, int run)
    {
        Random random = new(7);
        int runs = (pages + run - 1) / run;
        uint places = blocks / (uint)run;
        HashSet<uint> chosen = [];
        while (chosen.Count < Math.Min(runs, (int)places)) chosen.Add((uint)random.NextInt64(places));
        return
        [
            .. chosen.Order().SelectMany(place => Enumerable.Range(0, run).Select(index => (place * (uint)run) + (uint)index)).Take(pages),
        ];
    }

    private static void MakeDirty(BufferSession session, StorageHost host, uint[] blocks, int round)
    {
        using ReadStream stream = new(
            session, host.Relation, RelationFork.Main, BlockSource.List(blocks), new ReadStreamOptions { IsFull = true });
        while (true)
        {
            using BufferPin pin = stream.Next();
            if (!pin.HasPage) return;
            pin.Lock(ContentLockMode.Exclusive);
            PageHeader header = new(pin.Page) { LogPosition = new LogPosition((ulong)round + 1) };
            pin.MarkDirty();
            pin.Unlock(ContentLockMode.Exclusive);
        }
    }
}
