using Sluice.Storage.Tests.Support;

namespace Sluice.Storage.Tests.Relations;

/// <summary>Reads, writes and extensions of blocks, and what becomes of results that are not what was asked for.</summary>
public sealed class RelationIoTests
{
    public static TheoryData<string> Methods => StorageRig.Methods;

    public static TheoryData<string, bool> MethodsAndModes
    {
        get
        {
            TheoryData<string, bool> rows = [];
            foreach (string method in (string[])["sync", "worker", "io_uring"])
            {
                rows.Add(method, false);
                rows.Add(method, true);
            }

            return rows;
        }
    }

    [Theory]
    [MemberData(nameof(MethodsAndModes))]
    public async Task WhatWasWrittenIsReadInASegmentedRelation(string method, bool direct)
    {
        using StorageRig rig = StorageRig.Start(method, new StorageOptions { SegmentBlocks = 8, Direct = direct });
        Relation relation = await rig.MakeAsync(blocks: 20);
        Assert.Equal(20u, await relation.GetBlockCountAsync(RelationFork.Main));
        Assert.Equal(8 * 8192, new FileInfo(rig.PathOf("base/5/16384")).Length);
        Assert.Equal(8 * 8192, new FileInfo(rig.PathOf("base/5/16384.1")).Length);
        Assert.Equal(4 * 8192, new FileInfo(rig.PathOf("base/5/16384.2")).Length);
        rig.Reopen();
        relation = rig.Relation();
        Assert.Equal(20u, await relation.GetBlockCountAsync(RelationFork.Main));
        using Support.Pages pages = new(16);
        for (uint block = 0; block < 20;)
        {
            int run = Math.Min(relation.MaxCombine(RelationFork.Main, block), (int)(20 - block));
            AioResult result = Read(rig, relation, block, pages.Vectors(0, run)).Result;
            Assert.Equal((AioStatus.Ok, run), (result.Status, result.Value));
            for (int index = 0; index < run; index++) Support.Pages.Check(pages[index], 16384, block + (uint)index);
            block += (uint)run;
        }
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task NeighbouringBuffersAreOneVectorAndOthersKeepTheirPlace(string method)
    {
        using StorageRig rig = StorageRig.Start(method);
        Relation relation = await rig.MakeAsync(blocks: 12);
        using Support.Pages pages = new(12);
        List<int> vectorCounts = [];
        using var watch = rig.Control.Replace(result => result, request => { vectorCounts.Add(request.VectorCount); return false; });

        // 0 1 2 | 5 | 4 | 7 8: the third and fourth are neighbours the wrong way round.
        IoVector[] scattered =
            [pages.Vector(0), pages.Vector(1), pages.Vector(2), pages.Vector(5), pages.Vector(4), pages.Vector(7), pages.Vector(8)];
        AioResult result = Read(rig, relation, 3, scattered).Result;
        Assert.Equal((AioStatus.Ok, 7), (result.Status, result.Value));
        Assert.Equal([4], vectorCounts);
        int[] slots = [0, 1, 2, 5, 4, 7, 8];
        for (int index = 0; index < slots.Length; index++) Support.Pages.Check(pages[slots[index]], 16384, (uint)(3 + index));
        Read(rig, relation, 0, pages.Vectors(0, 12));
        Assert.Equal([4, 1], vectorCounts);
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task AnIoNeverCrossesASegment(string method)
    {
        using StorageRig rig = StorageRig.Start(method, new StorageOptions { SegmentBlocks = 8 });
        Relation relation = await rig.MakeAsync(blocks: 20);
        using Support.Pages pages = new(8);
        Assert.Equal(8, relation.MaxCombine(RelationFork.Main, 0));
        Assert.Equal(1, relation.MaxCombine(RelationFork.Main, 7));
        Assert.Equal(8, relation.MaxCombine(RelationFork.Main, 8));
        Assert.Equal(3, relation.MaxCombine(RelationFork.Main, 13));
        AioReturn place = new();
        AioHandle handle = rig.Context.Acquire(place);
        Assert.Throws<ArgumentException>(() => relation.StartRead(handle, RelationFork.Main, 6, pages.Vectors(0, 3)));
        Assert.Throws<ArgumentException>(() => relation.StartWrite(handle, RelationFork.Main, 15, pages.Vectors(0, 2)));
        Assert.Throws<ArgumentException>(() => relation.StartWriteBack(handle, RelationFork.Main, 6, 3));
        Assert.Throws<ArgumentException>(
            () => relation.StartRead(handle, RelationFork.Main, 0, [new IoVector(pages.Vector().Address, 100)]));
        Assert.Throws<ArgumentException>(() => relation.StartRead(handle, RelationFork.Main, 0, []));

        // Refused before anything was set: the handle is as good as new.
        WaitReference reference = handle.Reference;
        relation.StartRead(handle, RelationFork.Main, 6, pages.Vectors(0, 2));
        rig.Context.Wait(reference);
        Assert.Equal(2, place.Result.Value);
        Assert.Empty(rig.Warnings);
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task AnErrorKeepsItsNumberAndNamesTheBlocks(string method)
    {
        using StorageRig rig = StorageRig.Start(method, new StorageOptions { SegmentBlocks = 8 });
        Relation relation = await rig.MakeAsync(blocks: 20);
        using Support.Pages pages = new(4);
        AioReturn place;
        using (rig.Control.Replace(_ => -Errno.EIO, IsRead)) place = Read(rig, relation, 9, pages.Vectors(0, 3));
        Assert.Equal(AioStatus.Error, place.Result.Status);
        AioException failure = Assert.Throws<AioException>(place.ThrowIfFailed);
        Assert.Equal(Errno.EIO, failure.Errno);
        Assert.Contains("base/5/16384.1 (blocks 9..11)", failure.Message, StringComparison.Ordinal);
        Assert.Contains("EIO", failure.Message, StringComparison.Ordinal);
        using (rig.Control.Replace(_ => -Errno.EIO, IsRead)) place = Read(rig, relation, 4, pages.Vectors(0, 1));
        Assert.Contains("base/5/16384 (block 4)", place.ToException().Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task AShortReadIsPartialByWholeBlocks(string method)
    {
        using StorageRig rig = StorageRig.Start(method);
        Relation relation = await rig.MakeAsync(blocks: 8);
        using Support.Pages pages = new(4);
        foreach ((int bytes, int blocks) in ((int, int)[])[
            (8192, 1), (8193, 1), (16383, 1), (16384, 2), (3 * 8192, 3), ((4 * 8192) - 1, 3)])
        {
            using var injection = rig.Control.Replace(_ => bytes, IsRead);
            AioReturn place = Read(rig, relation, 2, pages.Vectors(0, 4));
            Assert.Equal((AioStatus.Partial, blocks), (place.Result.Status, place.Result.Value));
            Assert.Contains($"read only {bytes} of {4 * 8192} bytes", place.Explain(), StringComparison.Ordinal);
            for (int index = 0; index < blocks; index++) Support.Pages.Check(pages[index], 16384, (uint)(2 + index));
        }
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task AReadOfLessThanABlockIsAnError(string method)
    {
        using StorageRig rig = StorageRig.Start(method);
        Relation relation = await rig.MakeAsync(blocks: 8);
        using Support.Pages pages = new(1);
        foreach (int bytes in (int[])[0, 1, 8191])
        {
            using var injection = rig.Control.Replace(_ => bytes, IsRead);
            AioException failure = Assert.Throws<AioException>(Read(rig, relation, 2, pages.Vectors(0, 1)).ThrowIfFailed);
            Assert.Contains($"read only {bytes} of 8192 bytes", failure.Message, StringComparison.Ordinal);
        }

        // Behind the end nothing needs to be injected.
        Assert.Contains("read only 0 of 8192 bytes", Read(rig, relation, 8, pages.Vectors(0, 1)).ToException().Message,
            StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task AShortWriteIsPartialByWholeBlocksAndStillAskedToBeSynced(string method)
    {
        using StorageRig rig = StorageRig.Start(method);
        Relation relation = await rig.MakeAsync(blocks: 8);
        await rig.Storage.SyncRequests.ProcessAsync(rig.Context);
        Assert.Equal(0, rig.Storage.SyncRequests.PendingCount);
        using Support.Pages pages = new(4);
        for (int index = 0; index < 4; index++) pages.Fill(index, 16384, (uint)(2 + index), version: 1);
        using (rig.Control.Replace(_ => (2 * 8192) + 100, IsWrite))
        {
            AioReturn place = Write(rig, relation, 2, pages.Vectors(0, 4));
            Assert.Equal((AioStatus.Partial, 2), (place.Result.Status, place.Result.Value));
            Assert.Contains("wrote only 16484 of 32768 bytes", place.Explain(), StringComparison.Ordinal);
        }

        Assert.Equal(1, rig.Storage.SyncRequests.PendingCount);
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task AWriteThatWroteNoBlockIsAnErrorAndAsksForNoSync(string method)
    {
        using StorageRig rig = StorageRig.Start(method);
        Relation relation = await rig.MakeAsync(blocks: 8);
        await rig.Storage.SyncRequests.ProcessAsync(rig.Context);
        using Support.Pages pages = new(1);
        using (rig.Control.Replace(_ => 512, IsWrite))
        {
            AioException failure = Assert.Throws<AioException>(Write(rig, relation, 2, pages.Vectors(0, 1)).ThrowIfFailed);
            Assert.Contains("wrote only 512 of 8192 bytes; the disk may be full", failure.Message, StringComparison.Ordinal);
        }

        using (rig.Control.Replace(_ => -Errno.ENOSPC, IsWrite))
        {
            AioException failure = Assert.Throws<AioException>(Write(rig, relation, 2, pages.Vectors(0, 1)).ThrowIfFailed);
            Assert.Equal(Errno.ENOSPC, failure.Errno);
            Assert.Contains("ENOSPC); free some space", failure.Message, StringComparison.Ordinal);
        }

        Assert.Equal(0, rig.Storage.SyncRequests.PendingCount);
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task WritesAreSyncedUnlessTemporaryOrTheCallersOwn(string method)
    {
        using StorageRig rig = StorageRig.Start(method);
        Relation relation = await rig.MakeAsync(blocks: 2);
        Relation temporary = rig.Relation(16400, temporaryOwner: 3);
        await temporary.CreateAsync(RelationFork.Main);
        await rig.AppendAsync(temporary, RelationFork.Main, 0, 2);
        Assert.True(File.Exists(rig.PathOf("base/5/t3_16400")));
        await rig.Storage.SyncRequests.ProcessAsync(rig.Context);
        using Support.Pages pages = new(1);
        Write(rig, temporary, 0, pages.Vectors(0, 1)).ThrowIfFailed();
        Assert.Equal(0, rig.Storage.SyncRequests.PendingCount);
        AioReturn place = new();
        AioHandle handle = rig.Context.Acquire(place);
        WaitReference reference = handle.Reference;
        relation.StartWrite(handle, RelationFork.Main, 0, pages.Vectors(0, 1), skipSync: true);
        rig.Context.Wait(reference);
        place.ThrowIfFailed();
        Assert.Equal(0, rig.Storage.SyncRequests.PendingCount);
        Write(rig, relation, 0, pages.Vectors(0, 1)).ThrowIfFailed();
        Assert.Equal(1, rig.Storage.SyncRequests.PendingCount);
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task AnExtensionGoesOnAfterShortWritesAndEndsAtTheFailure(string method)
    {
        using StorageRig rig = StorageRig.Start(method);
        Relation relation = await rig.MakeAsync();
        using Support.Pages pages = new(8);
        for (int index = 0; index < 8; index++) pages.Fill(index, 16384, (uint)index);

        // What a short write left behind the whole blocks is written again: nothing is lost, nothing is counted twice.
        using (rig.Control.Replace(_ => (2 * 8192) + 4096, IsWrite, times: 2)) await relation.ExtendAsync(
            rig.Context, RelationFork.Main, 0, pages.Vector(0, 8));
        Assert.Equal(8u, relation.GetBlockCount(RelationFork.Main));
        using (rig.Control.Replace(_ => -Errno.ENOSPC, IsWrite))
        {
            AioException failure = await Assert.ThrowsAsync<AioException>(
                () => relation.ExtendAsync(rig.Context, RelationFork.Main, 8, pages.Vector(0, 2)).AsTask());
            Assert.Equal(Errno.ENOSPC, failure.Errno);
        }

        Assert.Equal(8u, relation.GetBlockCount(RelationFork.Main));
        using Support.Pages read = new(8);
        Assert.Equal(8, Read(rig, relation, 0, read.Vectors(0, 8)).Result.Value);
        for (int index = 0; index < 8; index++) Support.Pages.Check(read[index], 16384, (uint)index);
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task ARelationThatIsNotThereSaysSo(string method)
    {
        using StorageRig rig = StorageRig.Start(method);
        Relation relation = rig.Relation();
        Assert.False(await relation.ExistsAsync(RelationFork.Main));
        using Support.Pages pages = new(1);
        AioHandle handle = rig.Context.Acquire();
        AioException failure = Assert.Throws<AioException>(() => relation.StartRead(handle, RelationFork.Main, 0, pages.Vectors(0, 1)));
        Assert.Equal(Errno.ENOENT, failure.Errno);
        Assert.Contains("base/5/16384", failure.Message, StringComparison.Ordinal);
        handle.Release();
        await Assert.ThrowsAsync<AioException>(() => relation.GetBlockCountAsync(RelationFork.Main).AsTask());
        await Assert.ThrowsAsync<AioException>(() => relation.OpenSegmentAsync(RelationFork.Main, 0).AsTask());
        await relation.CreateAsync(RelationFork.Main);
        Assert.True(await relation.ExistsAsync(RelationFork.Main));
        Assert.Equal(0u, await relation.GetBlockCountAsync(RelationFork.Main));
        Assert.Equal(Errno.EEXIST, (await Assert.ThrowsAsync<AioException>(() => relation.CreateAsync(RelationFork.Main).AsTask())).Errno);
        Assert.Empty(rig.Warnings);
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task ReadsAndWritesAllocateNothing(string method)
    {
        // Without the injecting wrapper, which allocates.
        string folder = Directory.CreateTempSubdirectory("sluice-storage-").FullName;
        using AioSystem system = AioSystem.Start(new AioSystemOptions { Method = method, SharedContexts = 1 });
        using StorageManager storage = new(system, folder);
        using AioContext context = system.CreateContext("test");
        Relation relation = storage.Open(new RelationId(RelationId.DefaultTablespace, 5, 16384));
        await relation.CreateAsync(RelationFork.Main);
        await relation.ZeroExtendAsync(context, RelationFork.Main, 0, 64);
        using Support.Pages pages = new(8);
        IoVector[] vectors = [pages.Vector(0), pages.Vector(1), pages.Vector(4), pages.Vector(3)];
        AioReturn place = new();
        Round(50);
        Assert.Equal(0, Support.Allocated.LeastOf(() => Round(500)));
        Directory.Delete(folder, recursive: true);

        void Round(uint count)
        {
            for (uint round = 0; round < count; round++)
            {
                AioHandle handle = context.Acquire(place);
                WaitReference reference = handle.Reference;
                relation.StartWrite(handle, RelationFork.Main, round % 60, vectors);
                context.Wait(reference);
                handle = context.Acquire(place);
                reference = handle.Reference;
                relation.StartRead(handle, RelationFork.Main, round % 60, vectors);
                context.Wait(reference);
                if (place.Result.Value != 4) throw new InvalidOperationException();
            }
        }
    }

    private static bool IsRead(IoRequest request) => request.Operation == IoOperation.Read;

    private static bool IsWrite(IoRequest request) => request.Operation == IoOperation.Write;

    private static AioReturn Read(StorageRig rig, Relation relation, uint block, IoVector[] pages)
    {
        AioReturn place = new();
        AioHandle handle = rig.Context.Acquire(place);
        WaitReference reference = handle.Reference;
        relation.StartRead(handle, RelationFork.Main, block, pages);
        Assert.True(rig.Context.Wait(reference, (int)StorageRig.Watchdog.TotalMilliseconds));
        return place;
    }

    private static AioReturn Write(StorageRig rig, Relation relation, uint block, IoVector[] pages)
    {
        AioReturn place = new();
        AioHandle handle = rig.Context.Acquire(place);
        WaitReference reference = handle.Reference;
        relation.StartWrite(handle, RelationFork.Main, block, pages);
        Assert.True(rig.Context.Wait(reference, (int)StorageRig.Watchdog.TotalMilliseconds));
        return place;
    }
}
