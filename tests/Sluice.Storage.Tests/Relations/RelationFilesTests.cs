using Sluice.Storage.Tests.Support;

namespace Sluice.Storage.Tests.Relations;

/// <summary>Making, lengthening, cutting off and removing a relation's files.</summary>
public sealed class RelationFilesTests
{
    public static TheoryData<string> Methods => StorageRig.Methods;

    public static TheoryData<string, int> MethodsAndThresholds
    {
        get
        {
            TheoryData<string, int> rows = [];
            foreach (string method in (string[])["sync", "worker", "io_uring"])
            {
                foreach (int threshold in (int[])[-1, 0, 8]) rows.Add(method, threshold);
            }

            return rows;
        }
    }

    [Theory]
    [MemberData(nameof(MethodsAndThresholds))]
    public async Task AZeroExtensionCrossesSegmentsAndReadsAsZeros(string method, int threshold)
    {
        using StorageRig rig = StorageRig.Start(method, new StorageOptions { SegmentBlocks = 32, AllocateAboveBlocks = threshold });
        Relation relation = await rig.MakeAsync(blocks: 3);
        int allocations = 0;
        using var watch = rig.Control.Replace(static result => result, request =>
        {
            if (request.Operation == IoOperation.Allocate) Interlocked.Increment(ref allocations);
            return false;
        });
        await relation.ZeroExtendAsync(rig.Context, RelationFork.Main, 3, 70);
        Assert.Equal(threshold < 0 ? 0 : 3, allocations);
        Assert.Equal(73u, relation.GetBlockCount(RelationFork.Main));
        Assert.Equal(9 * 8192, new FileInfo(rig.PathOf("base/5/16384.2")).Length);
        await relation.ZeroExtendAsync(rig.Context, RelationFork.Main, 73, 1);
        Assert.Equal(74u, relation.GetBlockCount(RelationFork.Main));
        rig.Reopen();
        relation = rig.Relation();
        Assert.Equal(74u, relation.GetBlockCount(RelationFork.Main));
        byte[] content = [.. Enumerable.Range(0, 3)
            .SelectMany(segment => File.ReadAllBytes(rig.PathOf(segment == 0 ? "base/5/16384" : $"base/5/16384.{segment}")))];
        for (uint block = 0; block < 3; block++) Support.Pages.Check(content.AsSpan((int)block * 8192, 8192), 16384, block);
        Assert.True(PageVerifier.IsZero(content.AsSpan(3 * 8192)));
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task WhereSpaceCannotBeReservedZerosAreWritten(string method)
    {
        using StorageRig rig = StorageRig.Start(method);
        Relation relation = await rig.MakeAsync();
        int allocations = 0;
        using var refuse = rig.Control.Replace(
            static _ => -Errno.EOPNOTSUPP, request => request.Operation == IoOperation.Allocate && ++allocations > 0);
        await relation.ZeroExtendAsync(rig.Context, RelationFork.Main, 0, 40);
        await relation.ZeroExtendAsync(rig.Context, RelationFork.Main, 40, 40);
        Assert.Equal(80u, relation.GetBlockCount(RelationFork.Main));
        Assert.Equal(80 * 8192, new FileInfo(rig.PathOf("base/5/16384")).Length);
        Assert.Equal(1, allocations);
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task AFullDiskEndsAnExtensionWithAHintAndWithoutTheBlocks(string method)
    {
        using StorageRig rig = StorageRig.Start(method);
        Relation relation = await rig.MakeAsync(blocks: 2);
        foreach (IoOperation operation in (IoOperation[])[IoOperation.Allocate, IoOperation.Write])
        {
            uint count = operation == IoOperation.Allocate ? 100u : 4u;
            using (rig.Control.Replace(static _ => -Errno.ENOSPC, request => request.Operation == operation))
            {
                AioException failure = await Assert.ThrowsAsync<AioException>(
                    () => relation.ZeroExtendAsync(rig.Context, RelationFork.Main, 2, count).AsTask());
                Assert.Equal(Errno.ENOSPC, failure.Errno);
                Assert.Contains("free some space", failure.Message, StringComparison.Ordinal);
                Assert.Contains($"(blocks 2..{1 + count})", failure.Message, StringComparison.Ordinal);
            }

            Assert.Equal(2u, relation.GetBlockCount(RelationFork.Main));
        }
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task WritesOfZerosAreInFlightTogether(string method)
    {
        using StorageRig rig = StorageRig.Start(method, new StorageOptions { AllocateAboveBlocks = -1 });
        Relation relation = await rig.MakeAsync();
        using var stall = rig.Control.Stall(static request => request.Operation == IoOperation.Write);

        // A handle has 16 vectors here.
        uint count = 5 * (uint)relation.MaxCombine(RelationFork.Main, 0);
        Task extension = Task.Run(() => relation.ZeroExtendAsync(rig.Context, RelationFork.Main, 0, count).AsTask());
        Assert.True(stall.WaitUntilStalled(5, StorageRig.Watchdog), "Not all writes were begun before the first had ended.");
        stall.Release();
        await extension.WaitAsync(StorageRig.Watchdog);
        Assert.Equal(count, relation.GetBlockCount(RelationFork.Main));
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task AnExtensionWhoseMiddleFailsEndsBeforeIt(string method)
    {
        using StorageRig rig = StorageRig.Start(method, new StorageOptions { AllocateAboveBlocks = -1 });
        Relation relation = await rig.MakeAsync(blocks: 3);
        uint run = (uint)relation.MaxCombine(RelationFork.Main, 0);
        long failing = (3 + (2 * run)) * StorageLimits.PageBytes;
        using (rig.Control.Replace(
            static _ => -Errno.ENOSPC, request => request.Operation == IoOperation.Write && request.OffsetBytes == failing))
        {
            AioException failure =
                await Assert.ThrowsAsync<AioException>(() => relation.ZeroExtendAsync(rig.Context, RelationFork.Main, 3, 6 * run).AsTask());
            Assert.Equal(Errno.ENOSPC, failure.Errno);
            Assert.Contains($"(blocks {3 + (2 * run)}..", failure.Message, StringComparison.Ordinal);
        }

        // The writes behind it were done already, and are taken back.
        Assert.Equal(3 + (2 * run), relation.GetBlockCount(RelationFork.Main));
        Assert.Equal(failing, new FileInfo(rig.PathOf("base/5/16384")).Length);
        await relation.ZeroExtendAsync(rig.Context, RelationFork.Main, 3 + (2 * run), 4 * run);
        Assert.Equal(3 + (6 * run), relation.GetBlockCount(RelationFork.Main));
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task ShortWritesOfZerosGoOn(string method)
    {
        using StorageRig rig = StorageRig.Start(method, new StorageOptions { AllocateAboveBlocks = -1 });
        Relation relation = await rig.MakeAsync();
        using var shorter = rig.Control.Replace(
            static result => result > 3 * 8192
            ? (3 * 8192) - 1
            : result, static request => request.Operation == IoOperation.Write, times: 5);
        await relation.ZeroExtendAsync(rig.Context, RelationFork.Main, 0, 50);
        Assert.Equal(50u, relation.GetBlockCount(RelationFork.Main));
        Assert.Equal(50 * 8192, new FileInfo(rig.PathOf("base/5/16384")).Length);
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task ATruncationShrinksInactiveSegmentsToNothingAndKeepsTheirNames(string method)
    {
        using StorageRig rig = StorageRig.Start(method, new StorageOptions { SegmentBlocks = 8 });
        Relation relation = await rig.MakeAsync(blocks: 30);
        await rig.Storage.SyncRequests.ProcessAsync(rig.Context);
        await relation.TruncateAsync(RelationFork.Main, 11);
        Assert.Equal(11u, relation.GetBlockCount(RelationFork.Main));
        Assert.Equal([8, 3, 0, 0], Lengths(rig, "base/5/16384", 4));
        Assert.Equal(3, rig.Storage.SyncRequests.PendingCount);
        rig.Reopen();
        relation = rig.Relation();
        Assert.Equal(11u, relation.GetBlockCount(RelationFork.Main));

        // An inactive segment is used again when the fork grows into it.
        await rig.AppendAsync(relation, RelationFork.Main, 11, 9);
        Assert.Equal([8, 8, 4, 0], Lengths(rig, "base/5/16384", 4));
        await relation.TruncateAsync(RelationFork.Main, 16);
        Assert.Equal([8, 8, 0, 0], Lengths(rig, "base/5/16384", 4));
        rig.Reopen();
        Assert.Equal(16u, rig.Relation().GetBlockCount(RelationFork.Main));
        await rig.Relation().TruncateAsync(RelationFork.Main, 0);
        Assert.Equal([0, 0, 0, 0], Lengths(rig, "base/5/16384", 4));
        StorageException failure =
            await Assert.ThrowsAsync<StorageException>(() => rig.Relation().TruncateAsync(RelationFork.Main, 1).AsTask());
        Assert.Contains("base/5/16384 to 1 blocks: it has only 0", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ANumberThatIsUsedAgainDoesNotMeanTheFileThatWasRemoved()
    {
        using StorageRig rig = StorageRig.Start("sync");
        Relation relation = await rig.MakeAsync(blocks: 4);
        await relation.UnlinkAsync(RelationFork.Main);

        // Somebody looks at it while the name waits for the checkpoint, and has the old file open.
        Relation again = rig.Relation();
        Assert.NotSame(relation, again);
        Assert.Equal(0u, again.GetBlockCount(RelationFork.Main));
        rig.Storage.SyncRequests.PreCheckpoint();
        await rig.Storage.SyncRequests.ProcessAsync(rig.Context);
        Assert.Equal(1, await rig.Storage.SyncRequests.PostCheckpointAsync());
        Assert.False(await again.ExistsAsync(RelationFork.Main));
        await again.CreateAsync(RelationFork.Main);
        await rig.AppendAsync(again, RelationFork.Main, 0, 3);
        Assert.Equal([3], Lengths(rig, "base/5/16384", 1));
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task AMainForkLeavesItsFirstSegmentUntilTheNextCheckpoint(string method)
    {
        using StorageRig rig = StorageRig.Start(method, new StorageOptions { SegmentBlocks = 8 });
        Relation relation = await rig.MakeAsync(blocks: 20);
        await relation.CreateAsync(RelationFork.FreeSpaceMap);
        await rig.AppendAsync(relation, RelationFork.FreeSpaceMap, 0, 10);
        Assert.Equal(5, rig.Storage.SyncRequests.PendingCount);
        await relation.UnlinkAsync(RelationFork.FreeSpaceMap);
        await relation.UnlinkAsync(RelationFork.VisibilityMap);
        await relation.UnlinkAsync(RelationFork.Main);
        Assert.Equal(["16384"], Names(rig));
        Assert.Equal(0, new FileInfo(rig.PathOf("base/5/16384")).Length);
        Assert.Equal(1, rig.Storage.SyncRequests.PendingUnlinkCount);

        // The request for the first segment stays; those of what is gone were forgotten.
        Assert.Equal(1, rig.Storage.SyncRequests.PendingCount);
        Assert.NotSame(relation, rig.Relation());

        // A checkpoint that began before the removal does not remove the name.
        Assert.Equal(0, await rig.Storage.SyncRequests.PostCheckpointAsync());
        rig.Storage.SyncRequests.PreCheckpoint();
        await rig.Storage.SyncRequests.ProcessAsync(rig.Context);
        Assert.Equal(["16384"], Names(rig));
        Assert.Equal(1, await rig.Storage.SyncRequests.PostCheckpointAsync());
        Assert.Empty(Names(rig));
        Assert.Equal(0, rig.Storage.SyncRequests.PendingUnlinkCount);
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task ATemporaryRelationGoesAtOnce(string method)
    {
        using StorageRig rig = StorageRig.Start(method, new StorageOptions { SegmentBlocks = 8 });
        Relation relation = rig.Relation(16400, temporaryOwner: 7);
        await relation.CreateAsync(RelationFork.Main);
        await rig.AppendAsync(relation, RelationFork.Main, 0, 12);
        Assert.Equal(["t7_16400", "t7_16400.1"], Names(rig));
        await relation.UnlinkAsync(RelationFork.Main);
        Assert.Empty(Names(rig));
        Assert.Equal(0, rig.Storage.SyncRequests.PendingCount);
        Assert.Equal(0, rig.Storage.SyncRequests.PendingUnlinkCount);
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task ATablespaceHasTheVersionsFolder(string method)
    {
        using StorageRig rig = StorageRig.Start(method, new StorageOptions { TablespaceFolder = "PG_18_202506291" });
        Relation relation = rig.Storage.Open(new RelationId(24576, 5, 16384));
        await relation.CreateAsync(RelationFork.Main);
        await rig.AppendAsync(relation, RelationFork.Main, 0, 2);
        Assert.Equal(2 * 8192, new FileInfo(rig.PathOf("pg_tblspc/24576/PG_18_202506291/5/16384")).Length);
        Assert.Equal("pg_tblspc/24576/PG_18_202506291/5/16384", relation.PathOf());
        using StorageRig unsaid = StorageRig.Start(method);
        StorageException failure = await Assert.ThrowsAsync<StorageException>(
            () => unsaid.Storage.Open(new RelationId(24576, 5, 16384)).CreateAsync(RelationFork.Main).AsTask());
        Assert.Contains("set StorageOptions.TablespaceFolder", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ASegmentLongerThanSegmentsAreIsReported()
    {
        using StorageRig rig = StorageRig.Start("sync");
        await rig.MakeAsync(blocks: 20);
        rig.Reopen(new StorageOptions { SegmentBlocks = 8 });
        StorageException failure =
            await Assert.ThrowsAsync<StorageException>(() => rig.Relation().GetBlockCountAsync(RelationFork.Main).AsTask());
        Assert.Contains("has 20 blocks, but segments here have 8 at most: set StorageOptions.SegmentBlocks", failure.Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task ABlockThatWasBegunAndNotFinishedIsNone()
    {
        using StorageRig rig = StorageRig.Start("sync");
        await rig.MakeAsync(blocks: 3);
        using (FileStream file = File.Open(rig.PathOf("base/5/16384"), FileMode.Append)) file.Write(new byte[100]);
        rig.Reopen();
        Relation relation = rig.Relation();
        Assert.Equal(3u, relation.GetBlockCount(RelationFork.Main));
        await rig.AppendAsync(relation, RelationFork.Main, 3, 1);
        Assert.Equal(4 * 8192, new FileInfo(rig.PathOf("base/5/16384")).Length);
    }

    [Fact]
    public async Task TheRightToExtendIsOnesAtATime()
    {
        using StorageRig rig = StorageRig.Start("sync");
        Relation relation = await rig.MakeAsync();
        int holders = 0;
        int most = 0;
        await Task.WhenAll(Enumerable.Range(0, 8).Select(async _ =>
        {
            for (int round = 0; round < 50; round++)
            {
                using RelationExtension extension = await relation.LockExtensionAsync(RelationFork.Main);
                most = Math.Max(most, Interlocked.Increment(ref holders));
                await Task.Yield();
                Interlocked.Decrement(ref holders);
            }
        })).WaitAsync(StorageRig.Watchdog);
        Assert.Equal(1, most);
        using RelationExtension other = await relation.LockExtensionAsync(RelationFork.FreeSpaceMap);
    }

    [Fact]
    public async Task ATargetDescribesAndReopensItsFile()
    {
        using StorageRig rig = StorageRig.Start("sync", new StorageOptions { SegmentBlocks = 8 });
        Relation relation = await rig.MakeAsync(blocks: 12);
        using Support.Pages pages = new(2);
        AioReturn place = new();
        AioHandle handle = rig.Context.Acquire(place);
        WaitReference reference = handle.Reference;
        relation.StartRead(handle, RelationFork.Main, 9, pages.Vectors(0, 2));
        rig.Context.Wait(reference);
        Assert.Equal("base/5/16384.1 (blocks 9..10)", place.Target.Describe());
        RelationTarget target = place.Target.As<RelationTarget>();
        Assert.Equal((relation.Key, RelationFork.Main, 1u, 9u, 2u),
            (target.Relation, target.Fork, target.Segment, target.Block, target.BlockCount));
        Assert.Same(rig.Storage, target.Storage);
        Assert.Equal("base/5/16384", target.RelationPath);
        using (IoFile again = place.Target.Reopen(rig.System.FileSystem)) Assert.Equal(4 * 8192, again.GetLength());
        rig.Storage.Dispose();
        Assert.Equal("base/5/16384.1 (blocks 9..10)", place.Target.Describe());
        Assert.Throws<AioException>(() => place.Target.Reopen(rig.System.FileSystem));
    }

    [Fact]
    public void BadOptionsAreListed()
    {
        using StorageRig rig = StorageRig.Start("sync");
        ArgumentException failure = Assert.Throws<ArgumentException>(
            () => new StorageManager(rig.System, rig.Folder, new StorageOptions { SegmentBlocks = 0, OpenFilesMax = -1 }));
        Assert.Contains("SegmentBlocks is 0", failure.Message, StringComparison.Ordinal);
        Assert.Contains("OpenFilesMax is -1", failure.Message, StringComparison.Ordinal);
    }

    private static int[] Lengths(StorageRig rig, string path, int segments) =>
        [.. Enumerable.Range(0, segments)
            .Select(segment => (int)(new FileInfo(rig.PathOf(segment == 0 ? path : $"{path}.{segment}")).Length / 8192))];

    private static string[] Names(StorageRig rig) =>
        [.. Directory.GetFiles(rig.PathOf("base/5")).Select(static path => Path.GetFileName(path)!).Order(StringComparer.Ordinal)];
}
