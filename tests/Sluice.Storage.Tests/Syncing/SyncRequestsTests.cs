using Sluice.Storage.Tests.Support;

namespace Sluice.Storage.Tests.Syncing;

/// <summary>The table of files to be made durable: nothing is lost, nothing is said that is not so.</summary>
public sealed class SyncRequestsTests
{
    public static TheoryData<string> Methods => StorageRig.Methods;

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task EveryFileThatWasWrittenIsSyncedOncePerPass(string method)
    {
        using StorageRig rig = StorageRig.Start(method, new StorageOptions { SegmentBlocks = 8 });
        List<string> synced = WatchSyncs(rig);
        Relation first = await rig.MakeAsync(1, blocks: 20);
        Relation second = await rig.MakeAsync(2, blocks: 3);
        SyncPass pass = await rig.Storage.SyncRequests.ProcessAsync(rig.Context);
        // Folders: the database's with its new files, base with the new folder, and the data directory with base.
        Assert.Equal((4, 3), (pass.FileCount, pass.FolderCount));
        Assert.Equal(["1", "1.1", "1.2", "2"], synced.Order(StringComparer.Ordinal));
        synced.Clear();
        Assert.Equal(0, (await rig.Storage.SyncRequests.ProcessAsync(rig.Context)).FileCount);
        Write(rig, first, 9, version: 1);
        Write(rig, first, 10, version: 1);
        Write(rig, second, 0, version: 1);
        Assert.Equal(2, (await rig.Storage.SyncRequests.ProcessAsync(rig.Context)).FileCount);
        Assert.Equal(["1.1", "2"], synced.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task ARelationThatWasOpenedAgainIsAskedForAsEverAfterThePass()
    {
        using StorageRig rig = StorageRig.Start("sync");
        Relation relation = await rig.MakeAsync(1, blocks: 1);
        await relation.UnlinkAsync(RelationFork.Main);

        // The request that waits is of the object that is gone; this one is of a new object for the same file.
        SyncTag tag = new(relation.Id, RelationFork.Main, 0);
        rig.Storage.SyncRequests.Register(tag);
        Assert.Equal(1, rig.Storage.SyncRequests.PendingCount);
        await rig.Storage.SyncRequests.ProcessAsync(rig.Context);
        Assert.Equal(0, rig.Storage.SyncRequests.PendingCount);
        rig.Storage.SyncRequests.Register(tag);
        Assert.Equal(1, rig.Storage.SyncRequests.PendingCount);
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task AllSyncsOfAPassAreInFlightTogether(string method)
    {
        using StorageRig rig = StorageRig.Start(method);
        for (uint number = 1; number <= 12; number++) await rig.MakeAsync(number, blocks: 1);
        using var stall = rig.Control.Stall(IsSync);
        Task<SyncPass> pass = Task.Run(() => rig.Storage.SyncRequests.ProcessAsync(rig.Context).AsTask());
        Assert.True(stall.WaitUntilStalled(12, StorageRig.Watchdog), "Not all syncs were begun before the first had ended.");
        Assert.False(pass.IsCompleted);
        stall.Release();
        Assert.Equal(12, (await pass.WaitAsync(StorageRig.Watchdog)).FileCount);
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task MoreFilesThanHandlesAreSyncedInTurn(string method)
    {
        using StorageRig rig = StorageRig.Start(method, new StorageOptions { OpenFilesMax = 8 });
        for (uint number = 1; number <= 100; number++) await rig.MakeAsync(number, blocks: 1);
        Assert.Equal(100, (await rig.Storage.SyncRequests.ProcessAsync(rig.Context)).FileCount);
        Assert.Equal(0, rig.Storage.SyncRequests.PendingCount);
        Assert.Equal(0, rig.Storage.Files.ExceededCount);
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task AWriteDuringTheSyncOfItsFileWaitsForTheNextPass(string method)
    {
        using StorageRig rig = StorageRig.Start(method);
        Relation relation = await rig.MakeAsync(1, blocks: 4);
        Task<SyncPass> pass;
        using (var stall = rig.Control.Stall(IsSync, times: 1))
        {
            pass = Task.Run(() => rig.Storage.SyncRequests.ProcessAsync(rig.Context).AsTask());
            Assert.True(stall.WaitUntilStalled(1, StorageRig.Watchdog));
            using AioContext other = rig.System.CreateContext("writer");
            Write(rig, relation, 2, version: 1, other);
        }

        Assert.Equal(1, (await pass.WaitAsync(StorageRig.Watchdog)).FileCount);
        Assert.Equal(1, rig.Storage.SyncRequests.PendingCount);
        Assert.Equal(1, (await rig.Storage.SyncRequests.ProcessAsync(rig.Context)).FileCount);
        Assert.Equal(0, rig.Storage.SyncRequests.PendingCount);
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task AFailedSyncPoisonsAndIsNeverRetriedIntoSuccess(string method)
    {
        using StorageRig rig = StorageRig.Start(method);
        for (uint number = 1; number <= 5; number++) await rig.MakeAsync(number, blocks: 1);
        using (rig.Control.Replace(
            static _ => -Errno.EIO, static request => IsSync(request) && request.File.Path.EndsWith("/3", StringComparison.Ordinal)))
        {
            AioException failure =
                await Assert.ThrowsAsync<AioException>(() => rig.Storage.SyncRequests.ProcessAsync(rig.Context).AsTask());
            Assert.Equal(Errno.EIO, failure.Errno);
            Assert.Contains("base/5/3", failure.Message, StringComparison.Ordinal);
        }

        Assert.True(rig.Storage.SyncRequests.IsPoisoned);
        Assert.Equal(1, rig.Storage.SyncRequests.PendingCount);
        for (int round = 0; round < 3; round++)
        {
            StorageException refused =
                await Assert.ThrowsAsync<StorageException>(() => rig.Storage.SyncRequests.ProcessAsync(rig.Context).AsTask());
            Assert.Contains("restart and recover", refused.Message, StringComparison.Ordinal);
            Assert.Contains("base/5/3", refused.Message, StringComparison.Ordinal);
        }

        await Assert.ThrowsAsync<StorageException>(() => rig.Relation(2).SyncAsync(rig.Context, RelationFork.Main).AsTask());

        // Closed and opened again the file is no better.
        rig.Storage.Files.CloseAll();
        Assert.True(rig.Relation(3).Segment(RelationFork.Main, 0).File.IsPoisoned);
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task AFolderThatCannotBeOpenedFailsThePassAndStaysAskedForAndNothingIsPoisoned(string method)
    {
        using StorageRig rig = StorageRig.Start(method);
        await rig.MakeAsync(1, blocks: 1);
        Directory.Move(rig.PathOf("base/5"), rig.PathOf("aside"));
        File.WriteAllText(rig.PathOf("base/5"), "no folder");
        for (int round = 0; round < 2; round++)
        {
            AioException failure =
                await Assert.ThrowsAsync<AioException>(() => rig.Storage.SyncRequests.ProcessAsync(rig.Context).AsTask());
            Assert.Equal(Errno.ENOTDIR, failure.Errno);
            Assert.Contains("base/5", failure.Message, StringComparison.Ordinal);
            Assert.False(rig.Storage.SyncRequests.IsPoisoned);
        }

        File.Delete(rig.PathOf("base/5"));
        Directory.Move(rig.PathOf("aside"), rig.PathOf("base/5"));

        // The other two were done the first time.
        Assert.Equal(1, (await rig.Storage.SyncRequests.ProcessAsync(rig.Context)).FolderCount);
        Assert.Equal(0, (await rig.Storage.SyncRequests.ProcessAsync(rig.Context)).FolderCount);
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task AFailedSyncOfAFolderPoisons(string method)
    {
        using StorageRig rig = StorageRig.Start(method);
        await rig.MakeAsync(1, blocks: 1);
        using (rig.Control.Replace(static _ => -Errno.EIO, IsFolderSync, times: 1))
        {
            AioException failure =
                await Assert.ThrowsAsync<AioException>(() => rig.Storage.SyncRequests.ProcessAsync(rig.Context).AsTask());
            Assert.Equal(Errno.EIO, failure.Errno);
            Assert.Contains("sync the folder", failure.Message, StringComparison.Ordinal);
        }

        Assert.True(rig.Storage.SyncRequests.IsPoisoned);
        await Assert.ThrowsAsync<StorageException>(() => rig.Storage.SyncRequests.ProcessAsync(rig.Context).AsTask());
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task AllFoldersOfAPassAreInFlightTogether(string method)
    {
        using StorageRig rig = StorageRig.Start(method);
        for (uint database = 1; database <= 6; database++)
        {
            await rig.Storage.Open(new RelationId(RelationId.DefaultTablespace, database, 1)).CreateAsync(RelationFork.Main);
        }

        using var stall = rig.Control.Stall(IsFolderSync);
        Task<SyncPass> pass = Task.Run(() => rig.Storage.SyncRequests.ProcessAsync(rig.Context).AsTask());
        Assert.True(stall.WaitUntilStalled(8, StorageRig.Watchdog), "Not all syncs were begun before the first had ended.");
        stall.Release();
        Assert.Equal(8, (await pass.WaitAsync(StorageRig.Watchdog)).FolderCount);
    }

    [Fact]
    public async Task ANameThatWasAskedForTwiceIsRemovedOnce()
    {
        using StorageRig rig = StorageRig.Start("sync");
        for (uint number = 1; number <= 3; number++) await rig.MakeAsync(number);
        for (uint number = 1; number <= 3; number++) rig.Storage.SyncRequests.UnlinkAfterCheckpoint(Tag(number));
        rig.Storage.SyncRequests.UnlinkAfterCheckpoint(Tag(2));
        rig.Storage.SyncRequests.Filter(static tag => tag.Relation.Number == 3);
        rig.Storage.SyncRequests.PreCheckpoint();
        rig.Storage.SyncRequests.UnlinkAfterCheckpoint(Tag(3));
        Assert.Equal(4, rig.Storage.SyncRequests.PendingUnlinkCount);
        Assert.Equal(2, await rig.Storage.SyncRequests.PostCheckpointAsync());
        Assert.Equal(1, rig.Storage.SyncRequests.PendingUnlinkCount);
        Assert.True(File.Exists(rig.PathOf("base/5/3")));
        rig.Storage.SyncRequests.PreCheckpoint();
        Assert.Equal(1, await rig.Storage.SyncRequests.PostCheckpointAsync());
        Assert.False(File.Exists(rig.PathOf("base/5/3")));
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task AForgottenFileIsNotSyncedAndItsAbsenceIsNoError(string method)
    {
        using StorageRig rig = StorageRig.Start(method);
        List<string> synced = WatchSyncs(rig);
        await rig.MakeAsync(1, blocks: 1);
        await rig.MakeAsync(2, blocks: 1);
        rig.Storage.Files.CloseAll();
        rig.Storage.SyncRequests.Forget(Tag(1));
        File.Delete(rig.PathOf("base/5/1"));
        Assert.Equal(1, (await rig.Storage.SyncRequests.ProcessAsync(rig.Context)).FileCount);
        Assert.Equal(["2"], synced);
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task AFileThatIsMissingWithoutBeingForgottenIsReportedAndAskedForAgain(string method)
    {
        using StorageRig rig = StorageRig.Start(method);
        await rig.MakeAsync(1, blocks: 1);
        await rig.MakeAsync(2, blocks: 1);
        rig.Storage.Files.CloseAll();
        File.Move(rig.PathOf("base/5/1"), rig.PathOf("aside"));
        AioException failure = await Assert.ThrowsAsync<AioException>(() => rig.Storage.SyncRequests.ProcessAsync(rig.Context).AsTask());
        Assert.Equal(Errno.ENOENT, failure.Errno);

        // The other was done; and nothing is lost, so nothing is poisoned.
        Assert.Equal(1, rig.Storage.SyncRequests.PendingCount);
        Assert.False(rig.Storage.SyncRequests.IsPoisoned);
        File.Move(rig.PathOf("aside"), rig.PathOf("base/5/1"));
        Assert.Equal(1, (await rig.Storage.SyncRequests.ProcessAsync(rig.Context)).FileCount);
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task AFailureOfAFileThatWasForgottenMeanwhileIsNobodysConcern(string method)
    {
        using StorageRig rig = StorageRig.Start(method);
        await rig.MakeAsync(1, blocks: 1);
        using (rig.Control.Replace(static _ => -Errno.EIO, request =>
        {
            // The sync is in flight here, and about to fail.
            if (IsSync(request)) rig.Storage.SyncRequests.Forget(Tag(1));
            return IsSync(request);
        }))
        {
            Assert.Equal(0, (await rig.Storage.SyncRequests.ProcessAsync(rig.Context)).FileCount);
        }

        Assert.False(rig.Storage.SyncRequests.IsPoisoned);
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task DroppingADatabaseTakesItsFilesOffTheLists(string method)
    {
        using StorageRig rig = StorageRig.Start(method);
        Relation mine = await rig.MakeAsync(1, blocks: 1);
        Relation other = rig.Storage.Open(new RelationId(RelationId.DefaultTablespace, 6, 1));
        await other.CreateAsync(RelationFork.Main);
        Relation gone = rig.Storage.Open(new RelationId(RelationId.DefaultTablespace, 6, 2));
        await gone.CreateAsync(RelationFork.Main);
        await gone.UnlinkAsync(RelationFork.Main);
        rig.Storage.SyncRequests.FilterDatabase(6);
        Assert.Equal(1, rig.Storage.SyncRequests.PendingCount);
        Assert.Equal(0, rig.Storage.SyncRequests.PendingUnlinkCount);
        rig.Storage.Files.CloseAll();
        Directory.Delete(rig.PathOf("base/6"), recursive: true);

        // The folder's names were to be synced as well: gone with it.
        Assert.Equal(1, (await rig.Storage.SyncRequests.ProcessAsync(rig.Context)).FileCount);
        Assert.True(await mine.ExistsAsync(RelationFork.Main));
    }

    [Fact]
    public async Task AFileSyncedAfterBeingForgottenAndMadeAgainIsASecondRequest()
    {
        using StorageRig rig = StorageRig.Start("sync");
        Relation relation = await rig.MakeAsync(1, blocks: 1);
        rig.Storage.SyncRequests.Forget(Tag(1));
        Assert.Equal(0, rig.Storage.SyncRequests.PendingCount);
        Write(rig, relation, 0, version: 1);
        Assert.Equal(1, rig.Storage.SyncRequests.PendingCount);
        rig.Storage.SyncRequests.Register(Tag(1));
        Assert.Equal(1, rig.Storage.SyncRequests.PendingCount);
    }

    [Fact]
    public async Task APassThatIsCancelledKeepsWhatItHasNotBegun()
    {
        using StorageRig rig = StorageRig.Start("worker");
        for (uint number = 1; number <= 40; number++) await rig.MakeAsync(number, blocks: 1);
        using CancellationTokenSource stop = new();
        using (var stall = rig.Control.Stall(IsSync))
        {
            Task<SyncPass> pass = Task.Run(() => rig.Storage.SyncRequests.ProcessAsync(rig.Context, stop.Token).AsTask());

            // Half of the 32 handles.
            Assert.True(stall.WaitUntilStalled(16, StorageRig.Watchdog));
            await Assert.ThrowsAsync<InvalidOperationException>(() => rig.Storage.SyncRequests.ProcessAsync(rig.Context).AsTask());
            stop.Cancel();
            stall.Release();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => pass.WaitAsync(StorageRig.Watchdog));
        }

        int left = rig.Storage.SyncRequests.PendingCount;
        Assert.InRange(left, 1, 24);
        Assert.Equal(left, (await rig.Storage.SyncRequests.ProcessAsync(rig.Context)).FileCount);
    }

    [Fact]
    public async Task ANameThatCannotBeRemovedIsTriedAgainAfterTheNextCheckpoint()
    {
        using StorageRig rig = StorageRig.Start("sync");
        Relation first = await rig.MakeAsync(1);
        Relation second = await rig.MakeAsync(2);
        await first.UnlinkAsync(RelationFork.Main);
        await second.UnlinkAsync(RelationFork.Main);

        // A folder of that name cannot be removed as a file.
        File.Delete(rig.PathOf("base/5/1"));
        Directory.CreateDirectory(rig.PathOf("base/5/1"));
        rig.Storage.SyncRequests.PreCheckpoint();
        await Assert.ThrowsAsync<AioException>(() => rig.Storage.SyncRequests.PostCheckpointAsync().AsTask());
        Assert.False(File.Exists(rig.PathOf("base/5/2")));
        Assert.Equal(1, rig.Storage.SyncRequests.PendingUnlinkCount);
        Directory.Delete(rig.PathOf("base/5/1"));

        // Gone by itself is gone.
        Assert.Equal(0, await rig.Storage.SyncRequests.PostCheckpointAsync());
        Assert.Equal(0, rig.Storage.SyncRequests.PendingUnlinkCount);
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task WritersAndPassesAtOnceLoseNoRequest(string method)
    {
        // What the mark of a segment says and what the table has must never differ: a mark without a request would lose writes. That the
        // syncs cover the writes is tested on the simulated disk, which loses what was not synced.
        using StorageRig rig = StorageRig.Start(method);
        const int relations = 6;
        for (uint number = 1; number <= relations; number++) await rig.MakeAsync(number, blocks: 2);
        bool isOver = false;
        Task[] writers = [.. Enumerable.Range(0, 2).Select(writer => Task.Run(() =>
        {
            using AioContext context = rig.System.CreateContext($"writer {writer}");
            Random random = new(writer);
            while (!Volatile.Read(ref isOver))
            {
                uint number = (uint)random.Next(1, relations + 1);
                Write(rig, rig.Relation(number), (uint)writer, version: (uint)random.Next(), context);
            }
        }))];
        try
        {
            for (int pass = 0; pass < 150; pass++)
            {
                await rig.Storage.SyncRequests.ProcessAsync(rig.Context);
                await Task.Yield();
            }
        }
        finally
        {
            Volatile.Write(ref isOver, true);
            await Task.WhenAll(writers).WaitAsync(StorageRig.Watchdog);
        }

        int pending = rig.Storage.SyncRequests.PendingCount;
        Assert.Equal(pending,
            Enumerable.Range(1, relations).Count(number => rig.Relation((uint)number).Segment(RelationFork.Main, 0).IsSyncPending));
        Assert.Equal(pending, (await rig.Storage.SyncRequests.ProcessAsync(rig.Context)).FileCount);
    }

    [Fact]
    public async Task AskingAgainForWhatIsAskedForCostsNoMemory()
    {
        using StorageRig rig = StorageRig.Start("sync");
        Relation relation = await rig.MakeAsync(1, blocks: 1);
        RelationSegment segment = relation.Segment(RelationFork.Main, 0);
        rig.Storage.SyncRequests.Register(segment);
        Assert.Equal(0, Support.Allocated.LeastOf(() =>
        {
            for (int round = 0; round < 10_000; round++) rig.Storage.SyncRequests.Register(segment);
        }));
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task AnImmediateSyncTakesAllSegments(string method)
    {
        using StorageRig rig = StorageRig.Start(method, new StorageOptions { SegmentBlocks = 8 });
        Relation relation = await rig.MakeAsync(1, blocks: 30);
        await relation.TruncateAsync(RelationFork.Main, 9);
        List<string> synced = WatchSyncs(rig);
        await relation.SyncAsync(rig.Context, RelationFork.Main);
        Assert.Equal(["1", "1.1", "1.2", "1.3"], synced.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task WithSyncingOffNothingIsAskedFor()
    {
        using StorageRig rig = StorageRig.Start("sync", new StorageOptions { Sync = false });
        await rig.MakeAsync(1, blocks: 3);
        Assert.Equal(0, rig.Storage.SyncRequests.PendingCount);
        Assert.Equal(0, (await rig.Storage.SyncRequests.ProcessAsync(rig.Context)).FolderCount);
    }

    // Files take the one, folders the other.
    private static bool IsSync(IoRequest request) => request.Operation == IoOperation.Fdatasync;

    private static bool IsFolderSync(IoRequest request) => request.Operation == IoOperation.Fsync;

    private static SyncTag Tag(uint number) =>
        new(new RelationId(RelationId.DefaultTablespace, StorageRig.Database, number), RelationFork.Main, 0);

    private static List<string> WatchSyncs(StorageRig rig)
    {
        List<string> synced = [];
        _ = rig.Control.Replace(static result => result, request =>
        {
            if (!IsSync(request)) return false;
            lock (synced) synced.Add(Path.GetFileName(request.File.Path));
            return false;
        });
        return synced;
    }

    private static void Write(StorageRig rig, Relation relation, uint block, uint version, AioContext? context = null)
    {
        context ??= rig.Context;
        using Support.Pages pages = new(1);
        pages.Fill(0, relation.Id.Number, block, version);
        AioReturn place = new();
        AioHandle handle = context.Acquire(place);
        WaitReference reference = handle.Reference;
        relation.StartWrite(handle, RelationFork.Main, block, [pages.Vector()]);
        Assert.True(context.Wait(reference, (int)StorageRig.Watchdog.TotalMilliseconds));
        place.ThrowIfFailed();
    }
}
