using Sluice.Methods.Simulated;
using Sluice.Storage.Tests.Support;

namespace Sluice.Storage.Tests.Syncing;

/// <summary>Syncing a whole data directory before recovery.</summary>
public sealed class DataDirectorySyncTests
{
    public static TheoryData<string> Methods => StorageRig.Methods;

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task EveryFileAndFolderIsSyncedWithProgress(string method)
    {
        using StorageRig rig = StorageRig.Start(method);
        string data = Sluice.Tests.Shared.RealCluster.Extract(rig.Folder);
        Directory.CreateDirectory(Path.Combine(data, "base/pgsql_tmp"));
        File.WriteAllText(Path.Combine(data, "base/pgsql_tmp/pgsql_tmp1.0"), "x");
        string elsewhere = rig.PathOf("elsewhere/PG_18_202506291/5");
        Directory.CreateDirectory(elsewhere);
        File.WriteAllText(Path.Combine(elsewhere, "16500"), "x");
        Directory.CreateSymbolicLink(Path.Combine(data, "pg_tblspc/24576"), rig.PathOf("elsewhere"));
        HashSet<string> synced = [];
        using var watch = rig.Control.Replace(static result => result, request =>
        {
            if (request.Operation != IoOperation.Fsync || Directory.Exists(request.File.Path)) return false;
            lock (synced) synced.Add(request.File.Path);
            return false;
        });
        List<DataDirectorySyncProgress> progress = [];
        DataDirectorySyncResult result = await DataDirectorySync.SyncAsync(rig.Context, data, new Collected(progress));
        string[] expected =
        [
            .. Directory.EnumerateFiles(
                data, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.None })
                .Where(static path => !path.Contains("pgsql_tmp", StringComparison.Ordinal)
                    && !path.Contains("pg_tblspc", StringComparison.Ordinal)),
            Path.Combine(data, "pg_tblspc/24576/PG_18_202506291/5/16500"),
        ];
        Assert.Equal(expected.Order(StringComparer.Ordinal), synced.Order(StringComparer.Ordinal));
        Assert.Equal(expected.Length, result.FileCount);
        Assert.Empty(result.Problems);
        Assert.Equal(expected.Length, progress.Count);
        Assert.Equal(expected.Length, progress[^1].FilesDone);
        Assert.All(progress, item => Assert.Equal(expected.Length, item.FilesTotal));
        Assert.True(result.FolderCount > 20);
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task ManySyncsAreInFlightTogether(string method)
    {
        using StorageRig rig = StorageRig.Start(method);
        for (int number = 0; number < 40; number++) File.WriteAllText(rig.PathOf($"file{number}"), "x");
        using var stall = rig.Control.Stall(static request => request.Operation == IoOperation.Fsync);
        Task<DataDirectorySyncResult> sync = Task.Run(() => DataDirectorySync.SyncAsync(rig.Context, rig.Folder));

        // Half of the handles.
        Assert.True(stall.WaitUntilStalled(16, StorageRig.Watchdog));
        stall.Release();
        Assert.Equal(40, (await sync.WaitAsync(StorageRig.Watchdog)).FileCount);
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task AFileThatCannotBeMadeDurableFailsItAfterAllOthers(string method)
    {
        using StorageRig rig = StorageRig.Start(method);
        for (int number = 0; number < 20; number++) File.WriteAllText(rig.PathOf($"file{number}"), "x");
        int others = 0;
        using var fail = rig.Control.Replace(static _ => -Errno.EIO, request =>
        {
            if (request.File.Path.EndsWith("file7", StringComparison.Ordinal)) return true;
            if (File.Exists(request.File.Path)) Interlocked.Increment(ref others);
            return false;
        });
        AioException failure = await Assert.ThrowsAsync<AioException>(() => DataDirectorySync.SyncAsync(rig.Context, rig.Folder));
        Assert.Equal(Errno.EIO, failure.Errno);
        Assert.Contains("file7", failure.Message, StringComparison.Ordinal);
        Assert.Equal(19, others);
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task FoldersAreInFlightTogetherAndOneThatFailsFailsIt(string method)
    {
        using StorageRig rig = StorageRig.Start(method);
        for (int number = 0; number < 10; number++) Directory.CreateDirectory(rig.PathOf($"folder{number}"));
        using var stall = rig.Control.Stall(static request => request.Operation == IoOperation.Fsync);
        Task<DataDirectorySyncResult> sync = Task.Run(() => DataDirectorySync.SyncAsync(rig.Context, rig.Folder));
        Assert.True(stall.WaitUntilStalled(10, StorageRig.Watchdog), "Not all syncs were begun before the first had ended.");
        stall.Release();
        stall.Dispose();
        Assert.Equal(11, (await sync.WaitAsync(StorageRig.Watchdog)).FolderCount);
        using var again = rig.Control.Replace(
            static _ => -Errno.EIO, static request => request.File.Path.EndsWith("folder3", StringComparison.Ordinal));
        AioException failure = await Assert.ThrowsAsync<AioException>(() => DataDirectorySync.SyncAsync(rig.Context, rig.Folder));
        Assert.Contains("folder3", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AMissingFolderIsSaid()
    {
        using StorageRig rig = StorageRig.Start("sync");
        AioException failure =
            await Assert.ThrowsAsync<AioException>(() => DataDirectorySync.SyncAsync(rig.Context, rig.PathOf("nowhere")));
        Assert.Contains("nowhere", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ALoopOfLinksEnds()
    {
        using StorageRig rig = StorageRig.Start("sync");
        Directory.CreateDirectory(rig.PathOf("a"));
        File.WriteAllText(rig.PathOf("a/file"), "x");
        Directory.CreateSymbolicLink(rig.PathOf("a/again"), rig.PathOf("a"));
        DataDirectorySyncResult result = await DataDirectorySync.SyncAsync(rig.Context, rig.Folder);
        Assert.True(result.FileCount >= 1);
    }

    [Fact]
    public void WhatADeadProcessWroteIsDurableAfterwards()
    {
        for (ulong seed = 1; seed <= 30; seed++)
        {
            SimulatedDisk disk = new(new SimulatedDiskOptions { Seed = seed });
            SimulatedRig.Loop(disk, async system =>
            {
                using StorageManager storage = new(system, "/data");
                AioContext context = AioLoop.Current!.Context;
                for (uint number = 1; number <= 20; number++)
                {
                    Relation relation = storage.Open(new RelationId(RelationId.DefaultTablespace, number, number));
                    await relation.CreateAsync(RelationFork.Main);
                    using Support.Pages pages = new(2);
                    for (uint block = 0; block < 2; block++) pages.Fill((int)block, number, block);
                    await relation.ExtendAsync(context, RelationFork.Main, 0, pages.Vector(0, 2));
                }
            });
            disk.Crash(CrashKind.ProcessDeath);
            SimulatedRig.Loop(disk, async system =>
            {
                DataDirectorySyncResult result = await DataDirectorySync.SyncAsync(AioLoop.Current!.Context, "/data");
                Assert.Equal(20, result.FileCount);
                system.FileSystem.SyncDirectory("/");
            });
            disk.Crash(CrashKind.PowerLoss);
            SimulatedRig.Loop(disk, async system =>
            {
                for (uint number = 1; number <= 20; number++)
                {
                    await using AioFile file = await AioFile.OpenAsync(system, $"/data/base/{number}/{number}");
                    byte[] content = new byte[2 * StorageLimits.PageBytes];
                    Assert.Equal(content.Length, await file.ReadAsync(content, 0));
                    for (uint block = 0; block < 2; block++) Support.Pages.Check(
                        content.AsSpan((int)block * StorageLimits.PageBytes, StorageLimits.PageBytes), number, block);
                }
            });
        }
    }

    private sealed class Collected(List<DataDirectorySyncProgress> items) : IProgress<DataDirectorySyncProgress>
    {
        public void Report(DataDirectorySyncProgress value) => items.Add(value);
    }
}
