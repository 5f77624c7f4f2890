using Sluice.Storage.Tests.Support;
using Sluice.TestPlugins.Injecting;

namespace Sluice.Storage.Tests.Bulk;

/// <summary>What was handed to a bulk writer is there when it says so: in any order, with gaps, short writes and failures.</summary>
public sealed class BulkWriterTests
{
    public static TheoryData<string, bool> Ways
    {
        get
        {
            TheoryData<string, bool> ways = [];
            foreach (string method in (string[])["sync", "worker", "io_uring"])
            {
                ways.Add(method, true);
                ways.Add(method, false);
            }

            return ways;
        }
    }

    public static TheoryData<string, bool, int> Failures
    {
        get
        {
            TheoryData<string, bool, int> failures = [];
            foreach (string method in (string[])["sync", "worker", "io_uring"])
            {
                foreach (bool isBlocking in (bool[])[true, false])
                {
                    failures.Add(method, isBlocking, Errno.EIO);
                    failures.Add(method, isBlocking, Errno.ENOSPC);
                }
            }

            return failures;
        }
    }

    [Theory]
    [MemberData(nameof(StorageRig.Methods), MemberType = typeof(StorageRig))]
    public async Task PagesInOrderAreWrittenLarge(string method)
    {
        using StorageRig rig = StorageRig.Start(method, new StorageOptions { SegmentBlocks = 1000 });
        Relation relation = await rig.MakeAsync();
        await using (BulkWriter writer = new(relation))
        {
            for (uint block = 0; block < 2500; block++) await WriteAsync(writer, relation, block, isBlocking: false);
            await writer.CompleteAsync();
            Assert.Equal(2500, writer.PageCount);

            // The handles have 16 vectors here.
            Assert.InRange(writer.WriteCount, 2500 / 16, (2500 / 16) + 6);
        }

        await ExpectAsync(rig, relation, Enumerable.Range(0, 2500).ToDictionary(static block => (uint)block, static _ => 0u), 2500);
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task AnyOrderGapsAndSecondVersionsGiveTheLastOfEach(string method, bool isBlocking)
    {
        for (int seed = 0; seed < 8; seed++)
        {
            Random random = new(seed);
            using StorageRig rig = StorageRig.Start(method, new StorageOptions { SegmentBlocks = 70 });
            uint before = (uint)random.Next(0, 100);
            Relation relation = await rig.MakeAsync(blocks: before);
            Dictionary<uint, uint> versions = Enumerable.Range(0, (int)before).ToDictionary(static block => (uint)block, static _ => 0u);
            using Injection shortened = rig.Control.Replace(
                static result => result / 2,
                request =>
                {
                    lock (random) return request.Operation == IoOperation.Write && request.LengthBytes > StorageLimits.PageBytes && random.Next(4) == 0;
                });
            BulkWriterOptions options = new() { PagesMax = random.Next(1, 80), CombineBlocksMax = random.Next(1, 20), WritesMax = random.Next(1, 8), Preallocates = random.Next(2) == 0 };
            uint highest = before;
            await using (BulkWriter writer = new(relation, RelationFork.Main, options))
            {
                uint at = 0;
                int count;
                lock (random) count = random.Next(1, 500);
                for (int index = 0; index < count; index++)
                {
                    lock (random) at = random.Next(4) == 0 ? (uint)random.Next(300) : at + 1;
                    versions[at] = versions.GetValueOrDefault(at) + 1;
                    highest = Math.Max(highest, at + 1);
                    await WriteAsync(writer, relation, at, isBlocking, versions[at]);
                }

                if (isBlocking) writer.Complete();
                else await writer.CompleteAsync();
            }

            await ExpectAsync(rig, relation, versions, highest);
        }
    }

    [Theory]
    [MemberData(nameof(Failures))]
    public async Task AFailedWriteIsReportedAndNothingIsComplete(string method, bool isBlocking, int errno)
    {
        using StorageRig rig = StorageRig.Start(method);
        Relation relation = await rig.MakeAsync();
        using Injection failing = rig.Control.Replace(_ => -errno, static request => request.Operation == IoOperation.Write && request.OffsetBytes > 50 * StorageLimits.PageBytes, times: 1);
        await using BulkWriter writer = new(relation, RelationFork.Main, new BulkWriterOptions { PagesMax = 64 });
        AioException failure = await Assert.ThrowsAsync<AioException>(async () =>
        {
            for (uint block = 0; block < 1000; block++) await WriteAsync(writer, relation, block, isBlocking);
            if (isBlocking) writer.Complete();
            else await writer.CompleteAsync();
        });
        Assert.Equal(errno, failure.Errno);

        // It stays that way.
        await Assert.ThrowsAsync<AioException>(() => writer.CompleteAsync());
        await Assert.ThrowsAsync<AioException>(async () => await writer.RentAsync());
    }

    [Theory]
    [MemberData(nameof(Failures))]
    public async Task WhatFoundNoRoomIsWrittenWhenThereIsRoom(string method, bool isBlocking, int errno)
    {
        // Space that could not be taken ahead: nothing is lost by that, and the pages that were handed over wait in the queue.
        foreach (int allocateAbove in (int[])[-1, 8])
        {
            using StorageRig rig = StorageRig.Start(method, new StorageOptions { AllocateAboveBlocks = allocateAbove });
            Relation relation = await rig.MakeAsync();
            IoOperation operation = allocateAbove < 0 ? IoOperation.Write : IoOperation.Allocate;
            await using BulkWriter writer = new(relation, RelationFork.Main, new BulkWriterOptions { PagesMax = 64, CombineBlocksMax = 4 });
            uint block = 0;
            using (rig.Control.Replace(_ => -errno, request => request.Operation == operation))
            {
                AioException failure = await Assert.ThrowsAsync<AioException>(async () =>
                {
                    while (true) await WriteAsync(writer, relation, block++, isBlocking);
                });
                Assert.Equal(errno, failure.Errno);
                Assert.Equal(4u, block);
            }

            for (; block < 300; block++) await WriteAsync(writer, relation, block, isBlocking);
            await writer.CompleteAsync();
            await ExpectAsync(rig, relation, Enumerable.Range(0, 300).ToDictionary(static block => (uint)block, static _ => 0u), 300);
        }
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task WritesThatComeShortAreGoneOnWith(string method, bool isBlocking)
    {
        foreach (int keptBytes in (int[])[StorageLimits.PageBytes, (3 * StorageLimits.PageBytes) - 1])
        {
            using StorageRig rig = StorageRig.Start(method);
            Relation relation = await rig.MakeAsync();
            await using (BulkWriter writer = new(relation, RelationFork.Main, new BulkWriterOptions { PagesMax = 64 }))
            {
                using Injection cut = rig.Control.Replace(
                    result => Math.Min(result, keptBytes), static request => request.Operation == IoOperation.Write);
                for (uint block = 0; block < 300; block++) await WriteAsync(writer, relation, block, isBlocking);
                if (isBlocking) writer.Complete();
                else await writer.CompleteAsync();
                Assert.InRange(cut.Count, 300 * StorageLimits.PageBytes / keptBytes, long.MaxValue);
            }

            await ExpectAsync(rig, relation, Enumerable.Range(0, 300).ToDictionary(static block => (uint)block, static _ => 0u), 300);
        }
    }

    [Theory]
    [InlineData("sync", 24, 3, 3, 15)]
    [InlineData("worker", 24, 3, 3, 15)]
    [InlineData("io_uring", 24, 3, 3, 15)]
    [InlineData("sync", 8, 8, 2, 8)]
    [InlineData("worker", 8, 8, 2, 8)]
    [InlineData("io_uring", 8, 8, 2, 8)]
    public async Task WritesGoBehindTheProducerAsManyAsAllowedInAsMuchMemory(
        string method, int pagesMax, int writesMax, int writesInFlight, int pagesHandedOver)
    {
        using StorageRig rig = StorageRig.Start(method);
        Relation relation = await rig.MakeAsync(blocks: 200);
        int submitted = 0;
        rig.Control.Submitting = request =>
        {
            if (request.Operation == IoOperation.Write) Interlocked.Increment(ref submitted);
        };
        await using BulkWriter writer = new(
            relation, RelationFork.Main, new BulkWriterOptions { PagesMax = pagesMax, CombineBlocksMax = 4, WritesMax = writesMax });
        using Injection stall = rig.Control.Stall(static request => request.Operation == IoOperation.Write);
        uint block = 0;

        // The producer goes on while not one write has ended, until writes or memory are used up.
        for (; block < pagesHandedOver; block++)
        {
            await WriteAsync(writer, relation, block, isBlocking: false, version: 1).WaitAsync(StorageRig.Watchdog);
        }

        Assert.Equal(writesInFlight, Volatile.Read(ref submitted));
        Task next = Task.Run(() => WriteAsync(writer, relation, block, isBlocking: false, version: 1));

        // It cannot go on, however long it is given; a machine that is slow proves nothing against it.
        Assert.NotSame(next, await Task.WhenAny(next, Task.Delay(TimeSpan.FromMilliseconds(100))));
        Assert.Equal(writesInFlight, Volatile.Read(ref submitted));
        stall.Release();
        await next.WaitAsync(StorageRig.Watchdog);
        for (block++; block < 200; block++) await WriteAsync(writer, relation, block, isBlocking: false, version: 1);
        await writer.CompleteAsync();
        Assert.Equal(50, submitted);
        await ExpectAsync(rig, relation, Enumerable.Range(0, 200).ToDictionary(static block => (uint)block, static _ => 1u), 200);
    }

    [Theory]
    [MemberData(nameof(StorageRig.Methods), MemberType = typeof(StorageRig))]
    public async Task AFailedSyncIsReported(string method)
    {
        using StorageRig rig = StorageRig.Start(method);
        Relation relation = await rig.MakeAsync();
        using Injection failing = rig.Control.Replace(static _ => -Errno.EIO, static request => request.Operation is IoOperation.Fsync or IoOperation.Fdatasync);
        await using BulkWriter writer = new(relation, RelationFork.Main, new BulkWriterOptions { Durability = BulkDurability.Immediate });
        await WriteAsync(writer, relation, 0, isBlocking: false);
        await Assert.ThrowsAnyAsync<Exception>(() => writer.CompleteAsync());
    }

    [Fact]
    public async Task WithoutACheckpointMeanwhileTheNextOneSyncs()
    {
        using StorageRig rig = StorageRig.Start("worker");
        using BufferPool pool = new(rig.Storage, new BufferPoolOptions { BufferCount = 32 });
        await using Checkpointer checkpointer = new(pool);
        Relation relation = await rig.MakeAsync();
        await checkpointer.CheckpointAsync();
        Assert.Equal(0, rig.Storage.SyncRequests.PendingCount);
        int syncs = 0;
        using Injection watch = rig.Control.Delay(request =>
        {
            if (request.Operation is IoOperation.Fsync or IoOperation.Fdatasync) Interlocked.Increment(ref syncs);
            return false;
        });
        await using (BulkWriter writer = new(relation, RelationFork.Main, new BulkWriterOptions { Checkpointer = checkpointer }))
        {
            await WriteAsync(writer, relation, 0, isBlocking: false);
            await writer.CompleteAsync();
        }

        Assert.Equal((0, 1), (syncs, rig.Storage.SyncRequests.PendingCount));

        // A checkpoint that starts while the writer is at work may pass over its pages.
        await using (BulkWriter writer = new(relation, RelationFork.Main, new BulkWriterOptions { Checkpointer = checkpointer }))
        {
            await checkpointer.CheckpointAsync();
            int before = syncs;
            await WriteAsync(writer, relation, 1, isBlocking: false);
            await writer.CompleteAsync();
            Assert.Equal(before + 1, syncs);
        }
    }

    [Fact]
    public async Task TheLogComesBeforeThePages()
    {
        using StorageRig rig = StorageRig.Start("io_uring");
        Relation relation = await rig.MakeAsync();
        CountingLog log = new();
        LogPosition highest = default;
        bool isEarly = false;
        using Injection watch = rig.Control.Delay(request =>
        {
            isEarly |= request.Operation == IoOperation.Write && log.FlushedUpTo < new LogPosition((ulong)(request.OffsetBytes / StorageLimits.PageBytes) + 1);
            return false;
        });
        await using BulkWriter writer = new(relation, RelationFork.Main, new BulkWriterOptions { LogFlusher = log });
        for (uint block = 0; block < 200; block++)
        {
            BulkPage page = await writer.RentAsync();
            Support.Pages.Fill(page.Page, relation.Id.Number, block);
            highest = new LogPosition(block + 1);
            PageHeader header = new(page.Page) { LogPosition = highest };
            await writer.WriteAsync(block, page);
        }

        await writer.CompleteAsync();
        Assert.False(isEarly);
        Assert.Equal(highest, log.FlushedUpTo);
    }

    [Fact]
    public async Task APageIsHandedOverOnce()
    {
        using StorageRig rig = StorageRig.Start("sync");
        Relation relation = await rig.MakeAsync();
        using BulkWriter writer = new(relation, RelationFork.Main, new BulkWriterOptions { PagesMax = 2 });
        BulkPage page = writer.Rent();
        writer.Write(0, page);
        Assert.Throws<InvalidOperationException>(() => writer.Write(1, page));
        BulkPage second = writer.Rent();
        BulkPage third = writer.Rent();
        Assert.Throws<InvalidOperationException>(() => writer.Rent());
        writer.Return(second);
        writer.Return(third);
    }

    [Theory]
    [InlineData("sync")]
    [InlineData("worker")]
    [InlineData("io_uring")]
    public async Task APageCostsNoMemory(string method)
    {
        using StorageRig rig = StorageRig.Start(method, configure: options =>
        {
            options.Method = method;
            options.Catalog = null;
        });
        Relation relation = await rig.MakeAsync();
        using BulkWriter writer = new(relation, RelationFork.Main, new BulkWriterOptions { ExpectedBlocks = 20_000 });
        uint block = 0;
        Write(4000);
        long least = long.MaxValue;
        for (int round = 0; round < 3; round++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            Write(4000);
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        Assert.Equal(0, least);

        void Write(int count)
        {
            for (int index = 0; index < count; index++) writer.Write(block++, writer.Rent());
        }
    }

    private static async Task WriteAsync(BulkWriter writer, Relation relation, uint block, bool isBlocking, uint version = 0)
    {
        BulkPage page = isBlocking ? writer.Rent() : await writer.RentAsync();
        Support.Pages.Fill(page.Page, relation.Id.Number, block, version);
        PageHeader header = new(page.Page) { Checksum = 0 };
        if (isBlocking) writer.Write(block, page);
        else await writer.WriteAsync(block, page);
    }

    private static async Task ExpectAsync(StorageRig rig, Relation relation, Dictionary<uint, uint> versions, uint blocks)
    {
        rig.Reopen();
        relation = rig.Storage.Open(relation.Key);
        Assert.Equal(blocks, await relation.GetBlockCountAsync(RelationFork.Main));
        using BufferPool pool = new(rig.Storage, new BufferPoolOptions { BufferCount = 64 });
        await using BufferSession session = pool.CreateSession();
        using ReadStream stream = new(session, relation, RelationFork.Main, BlockSource.Range(0, blocks), new ReadStreamOptions { IsFull = true });
        await foreach (BufferPin pin in stream)
        {
            if (versions.TryGetValue(pin.BlockNumber, out uint version)) Support.Pages.Check(pin.Page, relation.Id.Number, pin.BlockNumber, version);
            else Assert.True(PageVerifier.IsZero(pin.Page), $"Block {pin.BlockNumber} was never written and is not zero.");
            pin.Release();
        }
    }

    private sealed class CountingLog : ILogFlusher
    {
        public LogPosition FlushedUpTo { get; private set; }

        public async ValueTask FlushAsync(LogPosition upTo, CancellationToken cancellationToken = default)
        {
            await Task.Yield();
            FlushedUpTo = LogPosition.Max(FlushedUpTo, upTo);
        }
    }
}
