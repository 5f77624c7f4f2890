using Sluice.Storage.Tests.Support;
using Sluice.TestPlugins.Injecting;

namespace Sluice.Storage.Tests.Checkpoints;

/// <summary>After a checkpoint everything that was dirty is on disk; when something fails nothing is lost, and nothing is reported that is
/// not so.</summary>
public sealed class CheckpointerTests
{
    private static readonly IEnumerable<uint> s_scattered = Enumerable.Range(0, 300).Where(static block => block % 7 is 1 or 2 or 3 or 5)
        .Select(static block => (uint)block);

    [Theory]
    [MemberData(nameof(StorageRig.Methods), MemberType = typeof(StorageRig))]
    public async Task EverythingThatWasDirtyIsOnDiskAfterwards(string method)
    {
        await using CheckpointRig rig =
            await CheckpointRig.StartAsync(method, blocks: 300, relations: 2, storage: new StorageOptions { SegmentBlocks = 100 });
        foreach (Relation relation in rig.Relations) await rig.ChangeAsync(relation, s_scattered);
        CheckpointResult result = await rig.Checkpointer.CheckpointAsync();
        rig.ExpectNewestOnDisk();
        Assert.Equal(0, rig.CountDirty());
        Assert.Equal(2 * s_scattered.Count(), result.PagesFound);
        Assert.Equal(result.PagesFound, result.PagesWritten);
        Assert.InRange(result.Writes, 2 * 86, 2 * 92);
        Assert.Equal(6, result.Sync.FileCount);
        Assert.Equal(6, rig.Pool.ReadStatistics().Count(IoObject.Relation, IoAction.Sync));
        Assert.True(rig.Pool.ReadStatistics().Count(IoObject.Relation, IoAction.WriteBack) > 0);
        Assert.Equal(0, rig.Storage.Storage.SyncRequests.PendingCount);
        Assert.Equal(1, rig.Checkpointer.CompletedCount);
        if (method != "sync") Assert.True(result.WritesInFlightMax > 4);
    }

    [Theory]
    [MemberData(nameof(StorageRig.Methods), MemberType = typeof(StorageRig))]
    public async Task NeighboursAreWrittenTogether(string method)
    {
        await using CheckpointRig rig = await CheckpointRig.StartAsync(method, blocks: 256);
        await rig.ChangeAsync(rig.Relations[0], Enumerable.Range(0, 256).Reverse().Select(static block => (uint)block));
        CheckpointResult result = await rig.Checkpointer.CheckpointAsync();
        Assert.Equal(16, result.Writes);
        rig.ExpectNewestOnDisk();
    }

    [Theory]
    [MemberData(nameof(StorageRig.Methods), MemberType = typeof(StorageRig))]
    public async Task AShortWriteIsWrittenToTheEnd(string method)
    {
        await using CheckpointRig rig = await CheckpointRig.StartAsync(method, blocks: 128);
        await rig.ChangeAsync(rig.Relations[0], Enumerable.Range(0, 128).Select(static block => (uint)block));
        using Injection shortened =
            rig.Control.Replace(static result => (result / 2) + 100, static request => request.Operation == IoOperation.Write
            && request.LengthBytes > StorageLimits.PageBytes, times: 12);
        CheckpointResult result = await rig.Checkpointer.CheckpointAsync();
        Assert.Equal(128, result.PagesWritten);
        Assert.True(result.Writes > 8);
        Assert.Equal(0, rig.CountDirty());
        rig.ExpectNewestOnDisk();
    }

    [Theory]
    [InlineData("sync", Errno.EIO)]
    [InlineData("worker", Errno.EIO)]
    [InlineData("io_uring", Errno.EIO)]
    [InlineData("sync", Errno.ENOSPC)]
    [InlineData("worker", Errno.ENOSPC)]
    [InlineData("io_uring", Errno.ENOSPC)]
    public async Task AFailedWriteLeavesThePageDirtyAndTheCheckpointFailed(string method, int errno)
    {
        await using CheckpointRig rig = await CheckpointRig.StartAsync(method, blocks: 200);
        await rig.ChangeAsync(rig.Relations[0], s_scattered.Where(static block => block < 200));
        int dirty = rig.CountDirty();
        using (rig.Control.Replace(_ => -errno, static request => request.Operation == IoOperation.Write, times: 1))
        {
            AioException failure = await Assert.ThrowsAsync<AioException>(() => rig.Checkpointer.CheckpointAsync());
            Assert.Equal(errno, failure.Errno);
        }

        Assert.InRange(rig.CountDirty(), 1, dirty);
        Assert.Equal(0, rig.Checkpointer.CompletedCount);
        Assert.Equal(1, rig.Checkpointer.FailedCount);

        // The next one finds what is left.
        CheckpointResult result = await rig.Checkpointer.CheckpointAsync();
        Assert.True(result.PagesWritten > 0);
        Assert.Equal(0, rig.CountDirty());
        rig.ExpectNewestOnDisk();
    }

    [Fact]
    public async Task ACheckpointForWhichThereIsNoLoopHurriesNobody()
    {
        await using CheckpointRig rig =
            await CheckpointRig.StartAsync("worker", blocks: 8, configure: static options => options.ContextsMax = 6);
        List<AioContext> others = [];
        try
        {
            while (others.Count < 10) others.Add(rig.Storage.System.CreateContext("other"));
            Assert.Fail("There are contexts without end.");
        }
        catch (Exception exception) when (exception is not Xunit.Sdk.XunitException)
        {
            // All are in use.
        }

        await Assert.ThrowsAnyAsync<Exception>(() => rig.Checkpointer.CheckpointAsync());
        Assert.Equal(0, rig.Checkpointer.HurriedWaiting);
        foreach (AioContext other in others) other.Dispose();
        await rig.Checkpointer.CheckpointAsync();
        Assert.Equal(0, rig.Checkpointer.HurriedWaiting);
    }

    [Theory]
    [MemberData(nameof(StorageRig.Methods), MemberType = typeof(StorageRig))]
    public async Task ACheckpointWhoseFoldersCannotBeOpenedFailsAndTheNextOneMakesUpForIt(string method)
    {
        await using CheckpointRig rig = await CheckpointRig.StartAsync(method, blocks: 8);
        await rig.ChangeAsync(rig.Relations[0], 3);
        string folder = rig.Storage.PathOf("base/5");
        Directory.Move(folder, rig.Storage.PathOf("aside"));
        File.WriteAllText(folder, "no folder");
        await Assert.ThrowsAsync<AioException>(() => rig.Checkpointer.CheckpointAsync());
        Assert.Equal((0, 1), (rig.Checkpointer.CompletedCount, rig.Checkpointer.FailedCount));
        File.Delete(folder);
        Directory.Move(rig.Storage.PathOf("aside"), folder);
        Assert.Equal(1, (await rig.Checkpointer.CheckpointAsync()).Sync.FolderCount);
        rig.ExpectNewestOnDisk();
    }

    [Theory]
    [MemberData(nameof(StorageRig.Methods), MemberType = typeof(StorageRig))]
    public async Task AfterAFailedSyncNoCheckpointSucceedsAnyMore(string method)
    {
        await using CheckpointRig rig = await CheckpointRig.StartAsync(method, blocks: 64);
        await rig.ChangeAsync(rig.Relations[0], s_scattered.Where(static block => block < 64));
        using (rig.Control.Replace(
            static _ => -Errno.EIO, static request => request.Operation is IoOperation.Fsync or IoOperation.Fdatasync, times: 1))
        {
            await Assert.ThrowsAnyAsync<Exception>(() => rig.Checkpointer.CheckpointAsync());
        }

        for (int attempt = 0; attempt < 3; attempt++)
        {
            StorageException refusal = await Assert.ThrowsAsync<StorageException>(() => rig.Checkpointer.CheckpointAsync());
            Assert.DoesNotContain(Environment.NewLine, refusal.Message, StringComparison.Ordinal);
        }

        Assert.Equal(0, rig.Checkpointer.CompletedCount);
    }

    [Theory]
    [MemberData(nameof(StorageRig.Methods), MemberType = typeof(StorageRig))]
    public async Task APageThatIsLockedIsWaitedFor(string method)
    {
        await using CheckpointRig rig = await CheckpointRig.StartAsync(method, blocks: 64);
        await rig.ChangeAsync(rig.Relations[0], Enumerable.Range(0, 64).Select(static block => (uint)block));
        BufferPin held = await rig.Session.ReadAsync(rig.Relations[0], RelationFork.Main, 5);
        Assert.True(held.TryLock(ContentLockMode.Exclusive));
        Task<CheckpointResult> checkpoint = rig.Checkpointer.CheckpointAsync();
        while (rig.CountDirty() > 1)
        {
            Assert.False(checkpoint.IsCompleted, "The checkpoint did not wait for the page.");
            await Task.Yield();
        }

        held.Unlock(ContentLockMode.Exclusive);
        CheckpointResult result = await checkpoint.WaitAsync(StorageRig.Watchdog);
        held.Release();
        Assert.Equal(1, result.PagesDeferred);
        Assert.Equal(64, result.PagesWritten);
        rig.ExpectNewestOnDisk();
    }

    [Fact]
    public async Task PagesThatBecomeDirtyLaterAreTheNextOnes()
    {
        await using CheckpointRig rig = await CheckpointRig.StartAsync("worker", blocks: 64);
        await rig.ChangeAsync(rig.Relations[0], 3);
        using Injection stall = rig.Control.Stall(static request => request.Operation == IoOperation.Write, times: 1);
        Task<CheckpointResult> checkpoint = rig.Checkpointer.CheckpointAsync();
        Assert.True(stall.WaitUntilStalled(1, StorageRig.Watchdog));
        await rig.ChangeAsync(rig.Relations[0], 40);
        stall.Release();
        Assert.Equal(1, (await checkpoint).PagesWritten);
        Assert.Equal(1, rig.CountDirty());
        Assert.Equal(1, (await rig.Checkpointer.CheckpointAsync()).PagesWritten);
        rig.ExpectNewestOnDisk();
    }

    [Theory]
    [MemberData(nameof(StorageRig.Methods), MemberType = typeof(StorageRig))]
    public async Task TheLogComesBeforeThePages(string method)
    {
        RecordingLog log = new();
        await using CheckpointRig rig = await CheckpointRig.StartAsync(
            method, blocks: 200, options: new BufferPoolOptions { BufferCount = 512, LogFlusher = log },
                checkpointer: new CheckpointerOptions { Log = log });
        log.Inserted = new LogPosition(5UL << 32);
        await rig.ChangeAsync(rig.Relations[0], s_scattered.Where(static block => block < 200));
        bool wroteTooEarly = false;
        using Injection watch = rig.Control.Delay(request =>
        {
            wroteTooEarly |= request.Operation == IoOperation.Write && !log.IsFlushed;
            return false;
        });
        CheckpointResult result = await rig.Checkpointer.CheckpointAsync();
        Assert.Equal(log.Inserted, result.Redo);
        Assert.False(wroteTooEarly);

        // Once for all, because it is flushed up to where the checkpoint began.
        Assert.Equal(1, log.FlushCount);
        Assert.Equal(["begin", "flush", "complete"], log.Events);
        rig.ExpectNewestOnDisk();
    }

    [Theory]
    [MemberData(nameof(StorageRig.Methods), MemberType = typeof(StorageRig))]
    public async Task AWriteInSteadyStateCostsNoMemory(string method)
    {
        await using CheckpointRig rig = await CheckpointRig.StartAsync(method, blocks: 600, configure: options =>
        {
            options.Method = method;
            options.Catalog = null;
        });
        uint[] few = [.. Enumerable.Range(0, 50).Select(static block => (uint)block * 2)];
        uint[] many = [.. Enumerable.Range(0, 300).Select(static block => (uint)block * 2)];
        long least = long.MaxValue;
        for (int round = 0; round < 8; round++)
        {
            long ofFew = await MeasureAsync(rig, few);
            long ofMany = await MeasureAsync(rig, many);
            if (round > 1) least = Math.Min(least, ofMany - ofFew);
        }

        // What a checkpoint itself allocates does not depend on how many pages it writes.
        Assert.True(least < 1024, $"250 pages more cost {least} bytes.");
    }

    [Fact]
    public async Task AFailedCheckpointIsNotTriedAgainAtOnceBecauseTheLogIsDueStill()
    {
        RecordingLog log = new() { Inserted = new LogPosition(1UL << 32), Refusal = new StorageException("The log is not there.") };
        RecordingClock clock = new(TimeSpan.FromMilliseconds(200));
        await using CheckpointRig rig = await CheckpointRig.StartAsync(
            "sync", blocks: 1, checkpointer: new CheckpointerOptions { Log = log, LogBytesMax = 1, Interval = TimeSpan.FromHours(1) },
                configure: options => options.TimeProvider = clock);
        int failures = 0;
        rig.Checkpointer.Failed += _ => Interlocked.Increment(ref failures);
        using CancellationTokenSource stopping = new();
        Task running = rig.Checkpointer.RunAsync(stopping.Token);
        try
        {
            // It rests, before there is a second failure.
            await clock.Rested.WaitAsync(StorageRig.Watchdog);
            Assert.Equal(1, Volatile.Read(ref failures));
        }
        finally
        {
            await stopping.CancelAsync();
        }

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    [Theory]
    [MemberData(nameof(StorageRig.Methods), MemberType = typeof(StorageRig))]
    public async Task APacedCheckpointRestsUntilSomebodyIsInAHurry(string method)
    {
        RecordingClock clock = new(TimeSpan.FromMilliseconds(100));
        await using CheckpointRig rig = await StartPacedAsync(method, clock);
        await rig.ChangeAsync(rig.Relations[0], Enumerable.Range(0, 64).Select(static block => (uint)block));
        Task<CheckpointResult> paced = rig.Checkpointer.CheckpointAsync(CheckpointFlags.Paced);
        await clock.Rested.WaitAsync(StorageRig.Watchdog);

        // By its schedule it would take most of an hour.
        Assert.False(paced.IsCompleted);
        Assert.InRange(rig.CountDirty(), 1, 63);
        Assert.Equal(64, rig.Checkpointer.Progress.Found);
        rig.Checkpointer.Hurry();
        Assert.Equal(64, (await paced.WaitAsync(StorageRig.Watchdog)).PagesWritten);
        rig.ExpectNewestOnDisk();
    }

    [Fact]
    public async Task WhoeverIsInAHurryWaitsForNoPacedCheckpointThatComesFirst()
    {
        RecordingClock clock = new(TimeSpan.FromMilliseconds(100));
        await using CheckpointRig rig = await StartPacedAsync("sync", clock);
        await rig.ChangeAsync(rig.Relations[0], Enumerable.Range(0, 32).Select(static block => (uint)block));
        Task<CheckpointResult> first = rig.Checkpointer.CheckpointAsync(CheckpointFlags.Paced);
        await clock.Rested.WaitAsync(StorageRig.Watchdog);
        await rig.ChangeAsync(rig.Relations[0], Enumerable.Range(32, 32).Select(static block => (uint)block));
        Task<CheckpointResult> second = rig.Checkpointer.CheckpointAsync(CheckpointFlags.Paced);
        Task<CheckpointResult> hurried = rig.Checkpointer.CheckpointAsync();
        await hurried.WaitAsync(StorageRig.Watchdog);
        Assert.Equal(32, (await first.WaitAsync(StorageRig.Watchdog)).PagesWritten);
        Assert.Equal(32, (await second.WaitAsync(StorageRig.Watchdog)).PagesWritten);
        Assert.Equal(3, rig.Checkpointer.CompletedCount);
        rig.ExpectNewestOnDisk();
    }

    private static Task<CheckpointRig> StartPacedAsync(string method, TimeProvider clock) => CheckpointRig.StartAsync(
        method, blocks: 64, checkpointer: new CheckpointerOptions { Interval = TimeSpan.FromHours(1), WritesMax = 1, CombineBlocksMax = 1 },
            configure: options => options.TimeProvider = clock);

    private static async Task<long> MeasureAsync(CheckpointRig rig, uint[] blocks)
    {
        await rig.ChangeAsync(rig.Relations[0], blocks);
        long before = GC.GetTotalAllocatedBytes(precise: true);
        CheckpointResult result = await rig.Checkpointer.CheckpointAsync();
        long allocated = GC.GetTotalAllocatedBytes(precise: true) - before;
        Assert.Equal(blocks.Length, result.PagesWritten);
        return allocated;
    }

    private sealed class RecordingClock(TimeSpan rest) : TimeProvider
    {
        private readonly TaskCompletionSource _rested = new(TaskCreationOptions.RunContinuationsAsynchronously);

        internal Task Rested => _rested.Task;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            if (dueTime == rest) _rested.TrySetResult();
            return base.CreateTimer(callback, state, dueTime, period);
        }
    }

    private sealed class RecordingLog : ICheckpointLog, ILogFlusher
    {
        internal LogPosition Inserted { get; set; }

        internal Exception? Refusal { get; init; }

        internal int FlushCount { get; private set; }

        internal bool IsFlushed => FlushedUpTo == Inserted;

        internal List<string> Events { get; } = [];

        public LogPosition InsertedUpTo => Inserted;

        public LogPosition FlushedUpTo { get; private set; }

        public async ValueTask FlushAsync(LogPosition upTo, CancellationToken cancellationToken = default)
        {
            Events.Add("flush");
            FlushCount++;
            await Task.Yield();
            FlushedUpTo = upTo;
        }

        public ValueTask<LogPosition> BeginCheckpointAsync(CancellationToken cancellationToken = default)
        {
            Events.Add("begin");
            if (Refusal is not null) throw Refusal;
            return ValueTask.FromResult(Inserted);
        }

        public ValueTask CompleteCheckpointAsync(LogPosition redo, CancellationToken cancellationToken = default)
        {
            Events.Add("complete");
            return ValueTask.CompletedTask;
        }
    }
}
