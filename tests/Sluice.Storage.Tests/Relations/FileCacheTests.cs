using System.Collections.Concurrent;
using Sluice.Storage.Tests.Support;

namespace Sluice.Storage.Tests.Relations;

/// <summary>The file cache: within its limit, never at the cost of an I/O, and without storms of opening.</summary>
public sealed class FileCacheTests
{
    public static TheoryData<string> Methods => StorageRig.Methods;

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task TenThousandRelationsWorkWithinALimitOf64(string method)
    {
        const int relations = 10_000;
        using StorageRig rig = StorageRig.Start(method, new StorageOptions { OpenFilesMax = 64, Sync = false });
        Directory.CreateDirectory(rig.PathOf("base/5"));
        using Support.Pages pages = new(1);
        AioReturn place = new();
        for (uint number = 0; number < relations; number++)
        {
            Relation relation = rig.Relation(number);
            await relation.CreateAsync(RelationFork.Main);
            pages.Fill(0, number, 0);
            AioHandle handle = rig.Context.Acquire(place);
            WaitReference reference = handle.Reference;
            relation.StartExtend(handle, RelationFork.Main, 0, [pages.Vector()]);
            rig.Context.Wait(reference);
            place.ThrowIfFailed();
            Assert.InRange(rig.Storage.Files.OpenCount, 1, 64);
        }

        // Many in flight at once, in an order that has nothing to do with the one they were made in.
        Random random = new(3);
        using Support.Pages read = new(24);
        uint[] numbers = new uint[24];
        AioReturn[] places = [.. numbers.Select(static _ => new AioReturn())];
        WaitReference[] references = new WaitReference[24];
        for (int round = 0; round < 150; round++)
        {
            for (int index = 0; index < numbers.Length; index++)
            {
                numbers[index] = (uint)random.Next(relations);
                AioHandle handle = rig.Context.Acquire(places[index]);
                references[index] = handle.Reference;
                rig.Relation(numbers[index]).StartRead(handle, RelationFork.Main, 0, [read.Vector(index)]);
            }

            for (int index = 0; index < numbers.Length; index++)
            {
                rig.Context.Wait(references[index]);
                places[index].ThrowIfFailed();
                Support.Pages.Check(read[index], numbers[index], 0);
            }

            Assert.InRange(rig.Storage.Files.OpenCount, 1, 64);
        }

        Assert.Equal(0, rig.Storage.Files.ExceededCount);
        Assert.InRange(rig.Storage.Files.OpenedCount, relations, relations + (150 * 24));
        Assert.Empty(rig.Warnings);
    }

    [Fact]
    public void AWorkingSetWithinTheLimitIsOpenedOnce()
    {
        using StorageRig rig = StorageRig.Start("sync");
        FileCache cache = new(rig.System, 16);
        CachedFile[] files = Make(rig, cache, 16);
        for (int round = 0; round < 1000; round++) Use(files[(round * 7) % files.Length]);
        Assert.Equal(16, cache.OpenedCount);
        Assert.Equal(0, cache.ClosedCount);
        cache.CloseAll();
        Assert.Equal(0, cache.OpenCount);
    }

    [Fact]
    public void AScanOfManyFilesDoesNotCloseWhatIsUsedInBetween()
    {
        using StorageRig rig = StorageRig.Start("sync");
        FileCache cache = new(rig.System, 16);
        CachedFile[] files = Make(rig, cache, 500);
        CachedFile[] busy = files[..6];
        foreach (CachedFile file in busy) Use(file);
        for (int round = 6; round < 500; round++)
        {
            Use(files[round]);
            Use(busy[round % busy.Length]);
        }

        Assert.All(busy, static file => Assert.True(file.IsOpen));
        Assert.Equal(500, cache.OpenedCount);
    }

    [Fact]
    public void TheFileUsedLeastRecentlyIsClosed()
    {
        // Against a model that keeps the exact order. The clock counts opens: the model's uses between two opens are equally old.
        using StorageRig rig = StorageRig.Start("sync");
        FileCache cache = new(rig.System, 8);
        CachedFile[] files = Make(rig, cache, 40);
        Dictionary<CachedFile, long> lastUse = [];
        long clock = 0;
        Random random = new(9);
        for (int round = 0; round < 5000; round++)
        {
            CachedFile file = files[random.Next(random.Next(1, files.Length))];
            bool wasOpen = file.IsOpen;
            HashSet<CachedFile> before = [.. files.Where(static other => other.IsOpen)];
            Use(file);
            if (!wasOpen)
            {
                clock++;
                foreach (CachedFile closed in before.Where(static other => !other.IsOpen))
                {
                    long oldest = before.Min(other => lastUse[other]);
                    Assert.Equal(oldest, lastUse[closed]);
                }
            }

            lastUse[file] = clock;
        }

        Assert.Equal(8, cache.OpenCount);
    }

    [Fact]
    public void AFileInUseIsNeverClosedAndTheLimitGivesWay()
    {
        using StorageRig rig = StorageRig.Start("sync");
        FileCache cache = new(rig.System, 4);
        CachedFile[] files = Make(rig, cache, 12);
        List<IoFile> held = [];
        for (int index = 0; index < 8; index++) held.Add(files[index].Hold(index));
        Assert.Equal(8, cache.OpenCount);
        Assert.Equal(4, cache.ExceededCount);
        Assert.All(held, static file => Assert.False(file.IsClosed));
        for (int index = 0; index < 8; index++) held[index].ReleaseHold(index);

        // The next opens bring it back within the limit.
        Use(files[8]);
        Assert.Equal(4, cache.OpenCount);
        Assert.Equal(4, cache.ExceededCount);
    }

    [Fact]
    public async Task AFileIsClosedUnderNoIo()
    {
        using StorageRig rig = StorageRig.Start("worker", new StorageOptions { OpenFilesMax = 1 });
        Relation first = await rig.MakeAsync(1, blocks: 1);
        Relation second = await rig.MakeAsync(2, blocks: 1);
        using Support.Pages pages = new(2);
        AioReturn place = new();
        AioReturn other = new();
        using (var stall = rig.Control.Stall(static request => request.Operation == IoOperation.Read, times: 1))
        {
            AioHandle handle = rig.Context.Acquire(place);
            WaitReference stalled = handle.Reference;
            first.StartRead(handle, RelationFork.Main, 0, [pages.Vector(0)]);
            Assert.True(stall.WaitUntilStalled(1, StorageRig.Watchdog));
            handle = rig.Context.Acquire(other);
            WaitReference reference = handle.Reference;
            second.StartRead(handle, RelationFork.Main, 0, [pages.Vector(1)]);
            rig.Context.Wait(reference);
            other.ThrowIfFailed();
            Assert.True(first.IsSegmentOpen(RelationFork.Main, 0));

            // Asked to close, it is found by nobody any more, and closed after the read; a new start opens another.
            first.Segment(RelationFork.Main, 0).File.Close();
            Assert.False(first.IsSegmentOpen(RelationFork.Main, 0));
            stall.Release();
            rig.Context.Wait(stalled);
        }

        place.ThrowIfFailed();
        Support.Pages.Check(pages[0], 1, 0);
        Support.Pages.Check(pages[1], 2, 0);
    }

    [Fact]
    public void ManyThreadsShareFewFiles()
    {
        using StorageRig rig = StorageRig.Start("sync");
        FileCache cache = new(rig.System, 6);
        CachedFile[] files = Make(rig, cache, 24);
        RunThreads(8, seed =>
        {
            Random random = new(seed);
            for (int round = 0; round < 3000; round++)
            {
                int index = random.Next(files.Length);
                IoFile file = files[index].Hold(seed);
                if (file.IsReleased || file.GetLength() != index + 1) throw new InvalidOperationException("Not the file that was asked for.");
                if (random.Next(50) == 0) files[random.Next(files.Length)].Close();
                file.ReleaseHold(seed);
            }
        });
        for (int index = 0; index < files.Length; index++) Use(files[index]);
        Assert.InRange(cache.OpenCount, 1, 6);
        cache.CloseAll();
        Assert.Equal(0, cache.OpenCount);
    }

    [Fact]
    public void AFileIsNotOpenedTwiceWhileTheCacheDecidesAboutIt()
    {
        // More are in use than may be open, so that each open looks at all of them, and takes each away for a moment.
        using StorageRig rig = StorageRig.Start("sync");
        FileCache cache = new(rig.System, 1);
        CachedFile[] files = Make(rig, cache, 5);
        RunThreads(6, seed =>
        {
            Random random = new(seed);
            for (int round = 0; round < 4000; round++)
            {
                CachedFile file = files[random.Next(files.Length)];
                IoFile held = file.Hold(seed);
                if (random.Next(4) == 0) Thread.Yield();
                held.ReleaseHold(seed);
            }
        });
        cache.CloseAll();
        Assert.Equal(0, cache.OpenCount);
    }

    [Fact]
    public void AHitAllocatesNothingAndOpensNothing()
    {
        using StorageRig rig = StorageRig.Start("sync");
        FileCache cache = new(rig.System, 4);
        CachedFile[] files = Make(rig, cache, 3);
        foreach (CachedFile file in files) Use(file);
        Assert.Equal(0, Support.Allocated.LeastOf(() =>
        {
            for (int round = 0; round < 10_000; round++) Use(files[round % 3]);
        }));
        Assert.Equal(3, cache.OpenedCount);
    }

    [Fact]
    public void APoisonedFileStaysPoisonedWhoeverOpensItAgain()
    {
        using StorageRig rig = StorageRig.Start("sync");
        FileCache cache = new(rig.System, 2);
        CachedFile[] files = Make(rig, cache, 4);
        IoFile file = files[0].Hold(0);
        file.Poison(Errno.EIO);
        file.ReleaseHold(0);
        foreach (CachedFile other in files[1..]) Use(other);
        Assert.False(files[0].IsOpen);
        Assert.True(files[0].IsPoisoned);
        IoFile again = files[0].Hold(0);
        Assert.NotSame(file, again);
        Assert.True(again.IsPoisoned);
        again.ReleaseHold(0);

        // Closed while an I/O that will poison it is in flight.
        IoFile busy = files[1].Hold(0);
        files[1].Close();
        busy.Poison(Errno.EIO);
        busy.ReleaseHold(0);
        Assert.True(files[1].IsPoisoned);
        IoFile reopened = files[1].Hold(0);
        Assert.True(reopened.IsPoisoned);
        reopened.ReleaseHold(0);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void OfManyThatWereClosedWhileInUseEachMayPoisonLater(int poisoned)
    {
        using StorageRig rig = StorageRig.Start("sync");
        FileCache cache = new(rig.System, 4);
        CachedFile file = Make(rig, cache, 1)[0];
        IoFile[] busy = new IoFile[3];
        for (int index = 0; index < busy.Length; index++)
        {
            busy[index] = file.Hold(0);
            file.Close();
        }

        Use(file);
        Assert.False(file.IsPoisoned);
        busy[poisoned].Poison(Errno.EIO);
        foreach (IoFile held in busy) held.ReleaseHold(0);
        Assert.True(file.IsPoisoned);

        // Also when those that poisoned it are forgotten.
        file.Close();
        Use(file);
        file.Close();
        IoFile again = file.Hold(0);
        Assert.True(again.IsPoisoned);
        again.ReleaseHold(0);
    }

    [Fact]
    public void AFileThatCannotBeOpenedCountsForNothing()
    {
        using StorageRig rig = StorageRig.Start("sync");
        FileCache cache = new(rig.System, 2);
        CachedFile missing = cache.Register(rig.PathOf("missing"), new IoOpenOptions());
        for (int round = 0; round < 10; round++) Assert.Equal(Errno.ENOENT, Assert.Throws<AioException>(() => missing.Hold(0)).Errno);
        Assert.Equal(0, cache.OpenCount);
        IoFile made = cache.Register(rig.PathOf("made"), new IoOpenOptions { Access = IoAccess.ReadWrite }).Hold(0, create: true);
        made.ReleaseHold(0);
        Assert.True(File.Exists(rig.PathOf("made")));
    }

    [Fact]
    public void TheLimitComesFromWhatTheProcessMayHave()
    {
        Assert.Equal((1024 - 64) / 4 * 3, OpenFileLimit.Derive(1024));
        Assert.Equal(32, OpenFileLimit.Derive(20));
        Assert.Equal(192, OpenFileLimit.Derive(0));
        Assert.Equal(65536, OpenFileLimit.Derive(long.MaxValue));
        using StorageRig rig = StorageRig.Start("sync");
        Assert.InRange(rig.Storage.Files.FilesMax, 32, 65536);
    }

    // Each gets its number.
    private static void RunThreads(int count, Action<int> work)
    {
        ConcurrentQueue<Exception> failures = new();
        Thread[] threads = [.. Enumerable.Range(0, count).Select(number => new Thread(() =>
        {
            try
            {
                work(number);
            }
            catch (Exception exception)
            {
                failures.Enqueue(exception);
            }
        })
        { IsBackground = true })];
        foreach (Thread thread in threads) thread.Start();
        foreach (Thread thread in threads) Assert.True(thread.Join(StorageRig.Watchdog), "A thread hangs.");
        Assert.Empty(failures);
    }

    private static CachedFile[] Make(StorageRig rig, FileCache cache, int count)
    {
        CachedFile[] files = new CachedFile[count];
        for (int index = 0; index < count; index++)
        {
            string path = rig.PathOf($"file{index}");
            File.WriteAllBytes(path, new byte[index + 1]);
            files[index] = cache.Register(path, new IoOpenOptions { Access = IoAccess.ReadWrite });
        }

        return files;
    }

    private static void Use(CachedFile file) => file.Hold(0).ReleaseHold(0);
}
