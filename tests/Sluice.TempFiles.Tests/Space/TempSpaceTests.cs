using Sluice.TempFiles.Tests.Support;

namespace Sluice.TempFiles.Tests.Space;

/// <summary>Quota, accounting, and what is left behind by whom.</summary>
public sealed class TempSpaceTests
{
    [Fact]
    public void AWriteBeyondTheQuotaIsRefusedWithOneLineAndCountsNothing() => TestRun.WithinWatchdog(() =>
    {
        using TestRun run = TestRun.Start("sync");
        using TempSpace space = run.OpenSpace(new TempSpaceOptions { QuotaBytes = 10_000 });
        using AioContext context = run.System.CreateContext();
        TempOwner owner = space.CreateOwner("hash join of orders");
        using BufFile file = space.CreateFile(owner);
        using BufFileWriter writer = new(context, file, 0, 4096, 2);
        writer.Write(new byte[8192]);
        writer.Flush();
        writer.Write(new byte[3000]);
        TempSpaceFullException exception = Assert.Throws<TempSpaceFullException>(writer.Flush);
        Assert.DoesNotContain('\n', exception.Message);
        foreach (string text in (string[])["hash join of orders", "10000", "8192", run.Folder, "raise QuotaBytes"]) Assert.Contains(text,
            exception.Message, StringComparison.Ordinal);
        Assert.Equal(8192, space.UsedBytes);
        file.Truncate(0);
        Assert.Equal(0, space.UsedBytes);
        Assert.Equal(8192, owner.PeakBytes);
    });

    [Fact]
    public void OwnersAreCountedApart() => TestRun.WithinWatchdog(() =>
    {
        using TestRun run = TestRun.Start("sync");
        using TempSpace space = run.OpenSpace();
        using AioContext context = run.System.CreateContext();
        TempOwner one = space.CreateOwner("one");
        TempOwner two = space.CreateOwner("two");
        foreach ((TempOwner owner, int length) in new[] { (one, 5000), (two, 70_000), (one, 100) })
        {
            using BufFileWriter writer = new(context, space.CreateFile(owner), 0, 4096, 2);
            writer.Write(new byte[length]);
            writer.Flush();
        }

        Assert.Equal(5100, one.UsedBytes);
        Assert.Equal(2, one.FileCount);
        Assert.Equal(70_000, two.UsedBytes);
        Assert.Equal(75_100, space.UsedBytes);
        space.Dispose();
        Assert.Equal(0, space.UsedBytes);
        Assert.Equal(0, one.UsedBytes);
        Assert.Equal(0, one.FileCount);
        run.ExpectNothingLeft();
    });

    [Fact]
    public void ASpaceKnowsOwnersAsLongAsTheyHaveFiles() => TestRun.WithinWatchdog(() =>
    {
        using TestRun run = TestRun.Start("sync");
        using TempSpace space = run.OpenSpace();
        TempOwner one = space.CreateOwner("one");
        TempOwner two = space.CreateOwner("two");
        Assert.Empty(space.Owners);
        using BufFile first = space.CreateFile(one);
        using BufFile second = space.CreateFile(one);
        using BufFile third = space.CreateFile(two);
        Assert.Equal([one, two], space.Owners);
        second.Append(third);
        Assert.Equal([one], space.Owners);
        first.Dispose();
        Assert.Equal([one], space.Owners);
        second.Dispose();
        Assert.Empty(space.Owners);
        using BufFile again = space.CreateFile(two);
        Assert.Equal([two], space.Owners);
        for (int sort = 0; sort < 100; sort++)
        {
            using ExternalSorter<byte[]> sorter = new(space, new ArrayCodec(), SortOrder.Bytes,
                new ExternalSortOptions { MemoryBytes = 65536 });
            for (int number = 0; number < 3000; number++) sorter.Add(new byte[50]);
        }

        Assert.Equal([two], space.Owners);
    });

    [Theory]
    [InlineData("sync")]
    [InlineData("simulated")]
    public void TheLeftoversOfTheDeadAreRemovedAndThoseOfTheLivingAreNot(string method) => TestRun.WithinWatchdog(() =>
    {
        using TestRun run = TestRun.Start(method);
        using TempSpace living = run.OpenSpace(new TempSpaceOptions { Naming = TempNaming.Named });
        using AioContext context = run.System.CreateContext();
        using BufFile file = living.CreateFile(living.CreateOwner("living"));
        using BufFileWriter writer = new(context, file, 0, 4096, 2);
        writer.Write(new byte[5000]);
        writer.Flush();

        // What a process that was killed leaves: a folder with files, and a lock file that nobody holds.
        IoFileSystem files = run.System.FileSystem;
        string dead = run.Folder + "/sluice-tmp-dead";
        files.Open(dead + ".lock", new IoOpenOptions { Access = IoAccess.ReadWrite, Creation = IoCreation.CreateNew }).Dispose();
        files.CreateDirectory(dead);
        files.Open(dead + "/000000", new IoOpenOptions { Access = IoAccess.ReadWrite, Creation = IoCreation.CreateNew }).Dispose();

        // Not ours to touch: a folder without a lock file is not of this making.
        files.CreateDirectory(run.Folder + "/sluice-tmp-other");

        using TempSpace next = run.OpenSpace();
        Assert.Equal(1, next.LeftoversRemoved);
        Assert.False(files.Exists(dead));
        Assert.False(files.Exists(dead + ".lock"));
        Assert.True(files.Exists(run.Folder + "/sluice-tmp-other"));
        byte[] back = new byte[5000];
        using BufFileReader reader = new(context, file, 0, 4096, 2);
        Assert.Equal(5000, reader.Read(back));
        files.RemoveDirectory(run.Folder + "/sluice-tmp-other");
    });

    [Theory]
    [InlineData("sync")]
    [InlineData("simulated")]
    public void ALeftoverThatCannotBeRemovedKeepsItsLockSoThatTheNextSweepFindsIt(string method) => TestRun.WithinWatchdog(() =>
    {
        using TestRun run = TestRun.Start(method);
        IoFileSystem files = run.System.FileSystem;
        string dead = run.Folder + "/sluice-tmp-dead";
        files.Open(dead + ".lock", new IoOpenOptions { Access = IoAccess.ReadWrite, Creation = IoCreation.CreateNew }).Dispose();
        files.CreateDirectory(dead);
        files.CreateDirectory(dead + "/somebody-s");
        using (TempSpace space = run.OpenSpace()) Assert.Equal(0, space.LeftoversRemoved);
        Assert.True(files.Exists(dead + ".lock"));
        files.RemoveDirectory(dead + "/somebody-s");
        using (TempSpace space = run.OpenSpace()) Assert.Equal(1, space.LeftoversRemoved);
        Assert.False(files.Exists(dead));
        Assert.False(files.Exists(dead + ".lock"));
    });

    [Theory]
    [InlineData("sync")]
    [InlineData("simulated")]
    public void TheNameThatAFileHadForAMomentIsRemovedWhenItsProcessDiedInBetween(string method) => TestRun.WithinWatchdog(() =>
    {
        using TestRun run = TestRun.Start(method);
        IoFileSystem files = run.System.FileSystem;
        string left = $"{run.Folder}/.sluice-{Guid.NewGuid():N}.tmp";
        string[] others =
        [
            $"{run.Folder}/.sluice-notes.tmp",
            $"{run.Folder}/.sluice-{new string('x', 32)}.tmp",
            $"{run.Folder}/.sluice-probe-{Guid.NewGuid():N}.tmp",
        ];
        IoOpenOptions make = new() { Access = IoAccess.ReadWrite, Creation = IoCreation.CreateNew };
        foreach (string path in (string[])[left, .. others]) files.Open(path, make).Dispose();
        using TempSpace space = run.OpenSpace();
        Assert.Equal(1, space.LeftoversRemoved);
        Assert.False(files.Exists(left));
        foreach (string path in others) Assert.True(files.Exists(path), path);
    });

    [Fact]
    public void ManyThatOpenAndSweepAtOnceNeverRemoveEachOthersFiles() => TestRun.WithinWatchdog(() =>
    {
        using TestRun run = TestRun.Start("sync");
        Thread[] threads = [.. Enumerable.Range(0, 4).Select(number => new Thread(() =>
        {
            for (int round = 0; round < 60; round++)
            {
                using TempSpace space = run.OpenSpace(new TempSpaceOptions { Naming = TempNaming.Named });
                string folder = Directory.GetDirectories(run.Folder).Length == 0 ? "" : run.Folder;
                Assert.Equal(run.Folder, folder);
                using AioContext context = run.System.CreateContext();
                using BufFile file = space.CreateFile(space.CreateOwner("racer"));
                using BufFileWriter writer = new(context, file, 0, 4096, 2);
                writer.Write(new byte[100]);
                writer.Flush();
                string name = file.DescribePiece(0);
                Assert.True(File.Exists(name[(name.LastIndexOf(" in ", StringComparison.Ordinal) + 4)..]), name);
            }
        }))];
        foreach (Thread thread in threads) thread.Start();
        foreach (Thread thread in threads) Assert.True(thread.Join(TestRun.Watchdog));
        run.ExpectNothingLeft();
    });

    [Theory]
    [InlineData("sync")]
    [InlineData("worker")]
    [InlineData("io_uring")]
    public void OfTwoProcessesInOneDirectoryTheKilledOnesFilesAreRemovedAndTheOthersAreNot(string method) => TestRun.WithinWatchdog(() =>
    {
        using TestRun run = TestRun.Start(method);
        using HoldingProcess killed = new(run.Folder, method);
        using HoldingProcess living = new(run.Folder, method);
        Assert.Equal(2, Directory.GetDirectories(run.Folder).Length);
        using (TempSpace early = run.OpenSpace()) Assert.Equal(0, early.LeftoversRemoved);
        killed.Kill();
        Assert.Equal(2, Directory.GetDirectories(run.Folder).Length);
        using (TempSpace next = run.OpenSpace()) Assert.Equal(1, next.LeftoversRemoved);
        Assert.Single(Directory.GetDirectories(run.Folder));

        // It still has its runs and reads them to the end.
        living.Finish();
        Assert.Empty(Directory.GetFileSystemEntries(run.Folder));
    });

    [Fact]
    public void OptionsThatMakeNoSenseAreRefusedWithALineForEach()
    {
        using TestRun run = TestRun.Start("sync");
        ArgumentException exception = Assert.Throws<ArgumentException>(() =>
            TempSpace.Open(run.System, new TempSpaceOptions { QuotaBytes = -1, PieceBytes = 5000, Directories = [""] }));
        foreach (string text in (string[])["QuotaBytes is -1", "PieceBytes is 5000", "empty name"]) Assert.Contains(text,
            exception.Message, StringComparison.Ordinal);
        Assert.Throws<AioException>(() => TempSpace.Open(run.System, new TempSpaceOptions { Directories = [run.Folder + "/nowhere"] }));
    }
}
