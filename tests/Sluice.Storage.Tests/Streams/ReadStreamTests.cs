using Sluice.Storage.Tests.Support;
using Sluice.TestPlugins.Injecting;

namespace Sluice.Storage.Tests.Streams;

/// <summary>Read streams give the pages they were asked for, in order, whatever is cached, in flight or failing.</summary>
public sealed class ReadStreamTests
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

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task TheSameBlockMayComeTwiceWithinTheLookAhead(string method, bool isBlocking)
    {
        await using StreamRig rig =
            await StreamRig.StartAsync(method, blocks: 16, new BufferPoolOptions { BufferCount = 32, CombineMax = 1 });
        uint[] wanted = [0, 2, 2, 4, 4];
        ReadStreamOptions full = new() { IsFull = true, CombineBlocksMax = 1 };

        // Not cached, then cached.
        for (int round = 0; round < 2; round++)
        {
            using ReadStream stream = rig.Stream(wanted, full);
            Assert.Equal(wanted, await rig.DrainAsync(stream, isBlocking));

            // Each block is read once, and the second round finds all.
            Assert.Equal(3, rig.Pool.ReadStatistics().Count(IoObject.Relation, IoAction.Read));
        }
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task AStreamMayComeBackToABlockThatItRead(string method, bool isBlocking)
    {
        await using StreamRig rig = await StreamRig.StartAsync(method, blocks: 16, new BufferPoolOptions { BufferCount = 32 });
        uint[] wanted = [0, 1, 2, 3, 4, 5, 6, 0];
        using ReadStream stream = rig.Stream(wanted, new ReadStreamOptions { IsFull = true });
        Assert.Equal(wanted, await rig.DrainAsync(stream, isBlocking));
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task TemporaryPagesInFlightAreJoined(string method, bool isBlocking)
    {
        await using StreamRig rig = await StreamRig.StartAsync(method, blocks: 16, isTemporary: true);
        uint[] wanted = [0, 2, 2, 4, 4];
        for (int round = 0; round < 2; round++)
        {
            using ReadStream stream = rig.Stream(wanted, new ReadStreamOptions { IsFull = true });
            Assert.Equal(wanted, await rig.DrainAsync(stream, isBlocking));
        }
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task AReadOfAnotherSessionIsWaitedFor(string method, bool isBlocking)
    {
        await using StreamRig rig = await StreamRig.StartAsync(method, blocks: 16, new BufferPoolOptions { BufferCount = 64 });
        await using BufferSession other = rig.Pool.CreateSession("other");
        using Injection stall = rig.Control.Stall(static request => IsReadOf(request, block: 5, count: 1), times: 1);
        ReadOperation operation = other.CreateReadOperation();
        BufferPin[] pins = new BufferPin[1];
        Assert.True(await other.StartReadBuffersAsync(operation, rig.Relation, RelationFork.Main, 5, pins, 0, 1));
        WaitUntilStalled(stall, other);
        using ReadStream stream = rig.Stream([0, 2, 5, 7], new ReadStreamOptions { IsFull = true });
        Assert.Equal(0u, rig.Take(await stream.NextAsync()));
        Assert.Equal(2u, rig.Take(await stream.NextAsync()));
        Task<BufferPin> third = NextElsewhere(stream, isBlocking);
        Assert.False(third.IsCompleted);
        stall.Release();
        Assert.Equal(5u, rig.Take(await third.WaitAsync(StorageRig.Watchdog)));
        Assert.Equal([7u], await rig.DrainAsync(stream, isBlocking: false));
        await other.WaitReadBuffersAsync(operation);
        Assert.Equal(5u, rig.Take(pins[0]));
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task AReadOfAnotherSessionThatFailsIsTriedAgain(string method, bool isBlocking)
    {
        await using StreamRig rig = await StreamRig.StartAsync(method, blocks: 16, new BufferPoolOptions { BufferCount = 64 });
        await using BufferSession other = rig.Pool.CreateSession("other");
        using Injection stall =
            rig.Control.Stall(static request => IsReadOf(request, block: 5, count: 1), times: 1, replace: static _ => -Errno.EIO);
        ReadOperation operation = other.CreateReadOperation();
        BufferPin[] pins = new BufferPin[1];
        await other.StartReadBuffersAsync(operation, rig.Relation, RelationFork.Main, 5, pins, 0, 1);
        WaitUntilStalled(stall, other);
        using ReadStream stream = rig.Stream([0, 2, 5, 7], new ReadStreamOptions { IsFull = true });
        Assert.Equal(0u, rig.Take(await stream.NextAsync()));
        Assert.Equal(2u, rig.Take(await stream.NextAsync()));
        Task<BufferPin> third = NextElsewhere(stream, isBlocking);
        stall.Release();
        Assert.Equal(5u, rig.Take(await third.WaitAsync(StorageRig.Watchdog)));
        Assert.Equal([7u], await rig.DrainAsync(stream, isBlocking: false));

        // Only whose read it was gets the error.
        AioException failure = await Assert.ThrowsAsync<AioException>(async () => await other.WaitReadBuffersAsync(operation));
        Assert.Equal(Errno.EIO, failure.Errno);
        pins[0].Release();
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task TwoBlocksOfOneForeignReadAreWaitedForTwice(string method, bool isBlocking)
    {
        await using StreamRig rig = await StreamRig.StartAsync(method, blocks: 16, new BufferPoolOptions { BufferCount = 64 });
        await using BufferSession other = rig.Pool.CreateSession("other");
        using Injection stall = rig.Control.Stall(static request => IsReadOf(request, block: 2, count: 3), times: 1);
        ReadOperation operation = other.CreateReadOperation();
        BufferPin[] pins = new BufferPin[3];
        await other.StartReadBuffersAsync(operation, rig.Relation, RelationFork.Main, 2, pins, 0, 3);
        WaitUntilStalled(stall, other);
        using ReadStream stream = rig.Stream([0, 2, 4], new ReadStreamOptions { IsFull = true });
        Assert.Equal(0u, rig.Take(await stream.NextAsync()));
        Task<BufferPin> second = NextElsewhere(stream, isBlocking);
        Assert.False(second.IsCompleted);
        stall.Release();
        Assert.Equal(2u, rig.Take(await second.WaitAsync(StorageRig.Watchdog)));
        Assert.Equal([4u], await rig.DrainAsync(stream, isBlocking: false));
        await other.WaitReadBuffersAsync(operation);
        foreach (BufferPin pin in pins) rig.Take(pin);
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task AReadOfAnotherSessionIsWaitedForWhileItsCompletionRuns(string method, bool isBlocking)
    {
        await using StreamRig rig = await StreamRig.StartAsync(method, blocks: 16, new BufferPoolOptions { BufferCount = 64 });
        await using BufferSession other = rig.Pool.CreateSession("other");
        rig.SpoilChecksum(5);
        using CompletionStall stall = new(rig.Pool);
        Task<bool> stalled = stall.Until(ReadElsewhere(other, rig.Relation, 5, 1, ReadFlags.IgnoreChecksumFailures));
        stall.WaitUntilStalled();
        using ReadStream stream = rig.Stream([0, 2, 5, 7], new ReadStreamOptions { IsFull = true });
        Assert.Equal(0u, rig.Take(await stream.NextAsync()));
        Assert.Equal(2u, rig.Take(await stream.NextAsync()));
        Task<BufferPin> third = NextElsewhere(stream, isBlocking);
        Assert.False(third.IsCompleted);
        stall.Release();
        Assert.Equal(5u, rig.TakeSpoiled(await third.WaitAsync(StorageRig.Watchdog)));
        Assert.Equal([7u], await rig.DrainAsync(stream, isBlocking: false));
        Assert.True(await stalled.WaitAsync(StorageRig.Watchdog), "The read was cut.");
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task AReadOfAnotherSessionThatHasFailedIsTriedAgainWhileItsCompletionStillRuns(string method, bool isBlocking)
    {
        // The block is given back before the failure is told to anybody, so that nobody waits for the telling.
        await using StreamRig rig = await StreamRig.StartAsync(method, blocks: 16, new BufferPoolOptions { BufferCount = 64 });
        await using BufferSession other = rig.Pool.CreateSession("other");
        using Injection fail = rig.Control.Replace(static _ => -Errno.EIO, static request => IsReadOf(request, block: 5, count: 1), times: 1);
        using CompletionStall stall = new(rig.Pool);
        Task<bool> stalled = stall.Until(ReadElsewhere(other, rig.Relation, 5, 1, ReadFlags.None));
        stall.WaitUntilStalled();
        using ReadStream stream = rig.Stream([0, 2, 5, 7], new ReadStreamOptions { IsFull = true });
        foreach (uint block in (uint[])[0, 2, 5, 7])
        {
            Assert.Equal(block, rig.Take(await NextElsewhere(stream, isBlocking).WaitAsync(StorageRig.Watchdog)));
        }

        stall.Release();
        AioException failure = await Assert.ThrowsAsync<AioException>(() => stalled.WaitAsync(StorageRig.Watchdog));
        Assert.Equal(Errno.EIO, failure.Errno);
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task TwoBlocksOfOneForeignReadAreWaitedForTwiceWhileItsCompletionRuns(string method, bool isBlocking)
    {
        await using StreamRig rig = await StreamRig.StartAsync(method, blocks: 16, new BufferPoolOptions { BufferCount = 64 });
        await using BufferSession other = rig.Pool.CreateSession("other");
        rig.SpoilChecksum(2);
        using CompletionStall stall = new(rig.Pool);
        Task<bool> stalled = stall.Until(ReadElsewhere(other, rig.Relation, 2, 3, ReadFlags.IgnoreChecksumFailures));
        stall.WaitUntilStalled();
        using ReadStream stream = rig.Stream([0, 2, 4], new ReadStreamOptions { IsFull = true });
        Assert.Equal(0u, rig.Take(await stream.NextAsync()));
        Task<BufferPin> second = NextElsewhere(stream, isBlocking);
        Assert.False(second.IsCompleted);
        stall.Release();
        Assert.Equal(2u, rig.TakeSpoiled(await second.WaitAsync(StorageRig.Watchdog)));
        Assert.Equal([4u], await rig.DrainAsync(stream, isBlocking: false));
        Assert.True(await stalled.WaitAsync(StorageRig.Watchdog), "The read was cut.");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task NeighboursAreReadTogetherInEitherDirection(bool isBackwards)
    {
        await using StreamRig rig = await StreamRig.StartAsync("sync", blocks: 256, new BufferPoolOptions { BufferCount = 512 });
        BlockSource source = isBackwards ? BlockSource.Backwards(0, 256) : BlockSource.Range(0, 256);
        using ReadStream stream = rig.Stream(source, new ReadStreamOptions { IsFull = true });
        List<uint> blocks = await rig.DrainAsync(stream, isBlocking: true);
        IEnumerable<uint> wanted = Enumerable.Range(0, 256).Select(static block => (uint)block);
        Assert.Equal(isBackwards ? wanted.Reverse() : wanted, blocks);
        Assert.Equal(16, stream.Statistics.Ios);
        Assert.Equal(256, stream.Statistics.IoBlocks);
        Assert.Equal(16, stream.Statistics.AverageIoBlocks);
    }

    [Fact]
    public async Task ADescendingRunWithCachedPagesInItComesInOrder()
    {
        await using StreamRig rig = await StreamRig.StartAsync("io_uring", blocks: 64);
        foreach (uint cached in (uint[])[3, 7, 8, 20, 31, 32, 50]) rig.Take(
            await rig.Session.ReadAsync(rig.Relation, RelationFork.Main, cached));
        using ReadStream stream = rig.Stream(BlockSource.Backwards(0, 64), new ReadStreamOptions { IsFull = true });
        Assert.Equal(Enumerable.Range(0, 64).Reverse().Select(static block => (uint)block),
            await rig.DrainAsync(stream, isBlocking: false));
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task CachedPagesCostNoIo(string method, bool isBlocking)
    {
        await using StreamRig rig = await StreamRig.StartAsync(method, blocks: 64);
        using (ReadStream first = rig.Stream(BlockSource.Range(0, 64))) await rig.DrainAsync(first, isBlocking);
        using ReadStream second = rig.Stream(BlockSource.Range(0, 64));
        Assert.Equal(64, (await rig.DrainAsync(second, isBlocking)).Count);
        Assert.Equal(0, second.Statistics.Ios);
        Assert.Equal(64, second.Statistics.Pages);
        Assert.True(second.Distance.IsEnded);
    }

    [Fact]
    public async Task WhatTheSourceSaysComesWithThePage()
    {
        await using StreamRig rig = await StreamRig.StartAsync("worker", blocks: 128);
        using ReadStream stream = rig.Stream(new SayingSource(), new ReadStreamOptions { DataBytes = sizeof(uint) });
        int count = 0;
        await foreach (BufferPin pin in stream)
        {
            uint block = rig.Take(pin);
            Assert.Equal(block * 3, BitConverter.ToUInt32(stream.Data));
            count++;
        }

        Assert.Equal(SayingSource.Count, count);
        Assert.True(stream.Data.IsEmpty);
    }

    [Fact]
    public async Task APausedStreamGivesWhatItHasAndGoesOnLater()
    {
        await using StreamRig rig = await StreamRig.StartAsync("io_uring", blocks: 64);
        PausingSource source = new();
        using ReadStream stream = rig.Stream(source, new ReadStreamOptions { IsFull = true });
        List<uint> blocks = [];
        for (uint allowed = 5; allowed <= 60; allowed += 5)
        {
            source.Allowed = allowed;
            if (allowed > 5) stream.Resume();
            blocks.AddRange(await rig.DrainAsync(stream, isBlocking: allowed % 2 == 0));
            Assert.Equal(allowed, (uint)blocks.Count);
        }

        Assert.Equal(Enumerable.Range(0, 60).Select(static block => (uint)block), blocks);
    }

    [Fact]
    public async Task AResetForgetsWhatWasLookedAheadFor()
    {
        await using StreamRig rig = await StreamRig.StartAsync("worker", blocks: 64);
        uint next = 0;
        using ReadStream stream =
            rig.Stream(BlockSource.From(() => next < 64 ? next++ : BlockNumbers.Invalid), new ReadStreamOptions { IsFull = true });
        Assert.Equal(0u, rig.Take(await stream.NextAsync()));
        Assert.True(next > 8);
        stream.Reset();
        Assert.Equal(0, rig.Session.PinCount);
        next = 40;
        Assert.Equal(24, (await rig.DrainAsync(stream, isBlocking: true)).Count);
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task AFailedReadIsSaidWhereItIsAndTheStreamCanGoOn(string method, bool isBlocking)
    {
        await using StreamRig rig = await StreamRig.StartAsync(method, blocks: 64);
        uint next = 0;
        using ReadStream stream =
            rig.Stream(BlockSource.From(() => next < 64 ? next++ : BlockNumbers.Invalid),
            new ReadStreamOptions { IsFull = true, CombineBlocksMax = 4 });
        using Injection failing = rig.Control.Replace(static _ => -Errno.EIO, static request => IsReadOf(request, block: 8, count: 4));
        List<uint> blocks = [];
        AioException failure = await Assert.ThrowsAsync<AioException>(async () =>
        {
            while (true) blocks.Add(rig.Take(isBlocking ? stream.Next() : await stream.NextAsync()));
        });
        Assert.Equal(Errno.EIO, failure.Errno);
        Assert.Equal(Enumerable.Range(0, 8).Select(static block => (uint)block), blocks);

        // Again until it is reset; then the block can be asked for again.
        await Assert.ThrowsAsync<AioException>(async () => await stream.NextAsync());
        failing.Release();
        stream.Reset();
        next = 8;
        Assert.Equal(56, (await rig.DrainAsync(stream, isBlocking)).Count);
    }

    [Fact]
    public async Task AStreamTakesNoMoreThanItsShareOfTheBuffers()
    {
        await using StreamRig rig = await StreamRig.StartAsync("worker", blocks: 256, new BufferPoolOptions { BufferCount = 64 });
        await using BufferSession other = rig.Pool.CreateSession("other");
        int share = rig.Pool.PinShare;
        using ReadStream stream = rig.Stream(BlockSource.Range(0, 256), new ReadStreamOptions { IsFull = true });
        int most = 0;
        while (true)
        {
            BufferPin pin = await stream.NextAsync();
            if (!pin.HasPage) break;
            most = Math.Max(most, rig.Session.PinCount);
            rig.Take(pin);
        }

        Assert.InRange(most, 2, share + 1);
        Assert.Equal(share, stream.Statistics.Capacity);
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task WithoutConcurrencyReadsAreStillCombined(string method, bool isBlocking)
    {
        await using StreamRig rig = await StreamRig.StartAsync(method, blocks: 64);
        using ReadStream stream = rig.Stream(BlockSource.Range(0, 64), new ReadStreamOptions { IosMax = 0, IsFull = true });
        Assert.Equal(64, (await rig.DrainAsync(stream, isBlocking)).Count);
        Assert.Equal(4, stream.Statistics.Ios);
    }

    [Fact]
    public async Task OnALoopManyStreamsGoOnBesideEachOther()
    {
        await using StreamRig rig = await StreamRig.StartAsync("io_uring", blocks: 512, new BufferPoolOptions { BufferCount = 256 });
        using AioLoop loop = rig.Storage.System.CreateLoop();
        await loop.InvokeAsync(async () =>
        {
            Task<int>[] scans = [.. Enumerable.Range(0, 4).Select(_ => ScanAsync(rig, loop.Context))];
            foreach (Task<int> scan in scans) Assert.Equal(512, await scan);
        }).WaitAsync(StorageRig.Watchdog);
    }

    private static async Task<int> ScanAsync(StreamRig rig, AioContext context)
    {
        await using BufferSession session = rig.Pool.CreateSession("scan", new BufferSessionOptions { Context = context });
        using ReadStream stream = new(session, rig.Relation, RelationFork.Main, BlockSource.Range(0, 512));
        int count = 0;
        await foreach (BufferPin pin in stream)
        {
            Assert.Equal((uint)count, pin.BlockNumber);
            rig.Take(pin);
            count++;
            if (count % 16 == 0) await Task.Yield();
        }

        return count;
    }

    // One flow, whose turn it is: the test waits for what it does elsewhere.
    private static Task<BufferPin> NextElsewhere(ReadStream stream, bool isBlocking) => isBlocking
        ? Task.Factory.StartNew(stream.Next, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)
        : stream.NextAsync().AsTask();

    // As another backend would: its thread may be the one that stands still.
    private static Task<bool> ReadElsewhere(BufferSession session, Relation relation, uint block, int count, ReadFlags flags) =>
        Task.Factory.StartNew(
            () =>
            {
                ReadOperation operation = session.CreateReadOperation();
                BufferPin[] pins = new BufferPin[count];
                try
                {
                    session.StartReadBuffers(operation, relation, RelationFork.Main, block, pins, 0, count, flags);
                    session.WaitReadBuffers(operation);
                    return operation.BlockCount == count;
                }
                finally
                {
                    foreach (BufferPin pin in pins) pin.Release();
                }
            },
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default);

    // A driven method delivers only while somebody looks.
    private static void WaitUntilStalled(Injection stall, BufferSession session)
    {
        long began = Environment.TickCount64;
        while (!stall.WaitUntilStalled(1, TimeSpan.FromMilliseconds(1)))
        {
            session.Context.Poll();
            Assert.True(Environment.TickCount64 - began < StorageRig.Watchdog.TotalMilliseconds, "The read was not held back.");
        }
    }

    private static bool IsReadOf(IoRequest request, uint block, int count) =>
        request.Operation == IoOperation.Read && request.OffsetBytes == (long)block * StorageLimits.PageBytes
            && request.LengthBytes == (long)count * StorageLimits.PageBytes;

    private sealed class SayingSource : BlockSource
    {
        internal const int Count = 300;

        private readonly Random _random = new(7);
        private int _given;

        public override uint Next(ReadStream stream, Span<byte> data)
        {
            if (_given++ == Count) return BlockNumbers.Invalid;
            uint block = (uint)_random.Next(128);
            BitConverter.TryWriteBytes(data, block * 3);
            return block;
        }
    }

    private sealed class PausingSource : BlockSource
    {
        private uint _next;

        internal uint Allowed { get; set; }

        public override uint Next(ReadStream stream, Span<byte> data)
        {
            if (_next < Allowed) return _next++;
            stream.Pause();
            return BlockNumbers.Invalid;
        }
    }
}
