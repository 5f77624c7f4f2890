using Sluice.TempFiles.Tests.Support;
using Sluice.Testing;

namespace Sluice.TempFiles.Tests.Files;

/// <summary>What files promise one by one.</summary>
public sealed class BufFileTests
{
    [Fact]
    public void AFileSpreadsItsPiecesOverTheDirectoriesInTurn() => TestRun.WithinWatchdog(() =>
    {
        using TestRun run = TestRun.Start("sync");
        string[] folders = [Path.Combine(run.Folder, "a"), Path.Combine(run.Folder, "b"), Path.Combine(run.Folder, "c")];
        foreach (string folder in folders) Directory.CreateDirectory(folder);
        using TempSpace space = run.OpenSpace(new TempSpaceOptions { Directories = folders, PieceBytes = 4096, Naming = TempNaming.Named });
        using AioContext context = run.System.CreateContext();
        using BufFile file = space.CreateFile(space.CreateOwner("test"));
        using BufFileWriter writer = new(context, file, 0, 4096, 2);
        writer.Write(new byte[6 * 4096]);
        writer.Flush();
        Assert.Equal(6, file.PieceCount);
        foreach (string folder in folders) Assert.Equal(2, Directory.GetFiles(folder, "*", SearchOption.AllDirectories).Count(
            static path => !path.EndsWith(".lock", StringComparison.Ordinal)));
        file.Dispose();
        foreach (string folder in folders) Assert.Empty(Directory.GetFiles(Directory.GetDirectories(folder)[0]));
    });

    [Fact]
    public void ATransferAcrossPiecesIsSeveralIosInFlightTogether() => TestRun.WithinWatchdog(() =>
    {
        using TestRun run = TestRun.Start("io_uring", injected: true);
        using TempSpace space = run.OpenSpace(new TempSpaceOptions { PieceBytes = 4096 });
        using AioContext context = run.System.CreateContext();
        using BufferArena arena = run.System.CreateArena(4 * 4096, 1);
        using AioBuffer buffer = arena.Rent();
        using BufFile file = space.CreateFile(space.CreateOwner("test"));
        BufFileTransfer transfer = new(context);
        using (var stalled = run.Control.Stall())
        {
            Thread release = new(() =>
            {
                Assert.True(stalled.WaitUntilStalled(4, TestRun.Watchdog));
                stalled.Release();
            });
            release.Start();
            file.StartWrite(transfer, 0, buffer.Address, 4 * 4096);
            Assert.True(transfer.IsPending);
            BufFile.WaitForWrite(transfer);
            release.Join();
        }

        Assert.False(transfer.IsPending);
    });

    [Fact]
    public async Task ATransferCanBeAwaited()
    {
        using TestRun run = TestRun.Start("io_uring");
        using TempSpace space = run.OpenSpace(new TempSpaceOptions { PieceBytes = 4096 });
        using AioContext context = run.System.CreateContext();
        using BufferArena arena = run.System.CreateArena(8192, 2);
        using AioBuffer written = arena.Rent();
        using AioBuffer read = arena.Rent();
        Random.Shared.NextBytes(written.Span);
        using BufFile file = space.CreateFile(space.CreateOwner("test"));
        BufFileTransfer transfer = new(context);
        file.StartWrite(transfer, 0, written.Address, 8192);
        await BufFile.WaitAsync(transfer);
        file.StartRead(transfer, 0, read.Address, 8192);
        await BufFile.WaitAsync(transfer);
        Assert.True(written.Span.SequenceEqual(read.Span));
    }

    [Fact]
    public void AppendTakesTheOtherFilesPiecesWithoutMovingAByte() => TestRun.WithinWatchdog(() =>
    {
        using TestRun run = TestRun.Start("io_uring");
        using TempSpace space = run.OpenSpace(new TempSpaceOptions { PieceBytes = 8192 });
        using AioContext context = run.System.CreateContext();
        TempOwner owner = space.CreateOwner("one");
        TempOwner other = space.CreateOwner("two");
        using BufFile file = space.CreateFile(owner);
        BufFile taken = space.CreateFile(other);
        Fill(context, file, 10_000, 1);
        Fill(context, taken, 20_000, 2);
        long writes = run.System.ReadStatistics()[IoOperation.Write].Bytes;
        long start = file.Append(taken);
        Assert.Equal(writes, run.System.ReadStatistics()[IoOperation.Write].Bytes);
        Assert.Equal(16384, start);
        Assert.Equal(36384, file.LengthBytes);
        Assert.Equal(36384, owner.UsedBytes);
        Assert.Equal(0, other.UsedBytes);
        Expect(context, file, start, 20_000, 2);
        Expect(context, file, 0, 10_000, 1);
        Assert.Throws<ObjectDisposedException>(() => taken.Truncate(0));
    });

    [Fact]
    public void AnAppendThatIsRefusedLeavesBothFilesAsTheyWere() => TestRun.WithinWatchdog(() =>
    {
        using TestRun run = TestRun.Start("io_uring");
        using TempSpace space = run.OpenSpace(new TempSpaceOptions { PieceBytes = 8192, QuotaBytes = 33_000 });
        using AioContext context = run.System.CreateContext();
        TempOwner owner = space.CreateOwner("one");
        TempOwner other = space.CreateOwner("two");
        using (BufFile file = space.CreateFile(owner))
        {
            using BufFile taken = space.CreateFile(other);
            Fill(context, file, 10_000, 1);
            Fill(context, taken, 20_000, 2);

            // The gap up to the next piece does not fit into the quota.
            Assert.Throws<TempSpaceFullException>(() => file.Append(taken));
            Expect(context, taken, 0, 20_000, 2);
            Expect(context, file, 0, 10_000, 1);
            Assert.Equal(30_000, space.UsedBytes);
            file.Dispose();
            Assert.Throws<ObjectDisposedException>(() => file.Append(taken));
            Expect(context, taken, 0, 20_000, 2);
        }

        Assert.Equal(0, space.UsedBytes);
    });

    [Fact]
    public void EachParticipantReadsThroughAContextOfItsOwnAndTheLastRemovesTheFile() => TestRun.WithinWatchdog(() =>
    {
        using TestRun run = TestRun.Start("io_uring");
        using TempSpace space = run.OpenSpace(new TempSpaceOptions { PieceBytes = 8192 });
        using AioContext context = run.System.CreateContext();
        BufFile file = space.CreateFile(space.CreateOwner("shared"));
        Fill(context, file, 300_000, 5);
        Thread[] threads = [.. Enumerable.Range(0, 4).Select(_ => file.Share()).Select(shared => new Thread(() =>
        {
            using AioContext own = run.System.CreateContext();
            Expect(own, shared, 0, 300_000, 5);
            shared.Dispose();
        }))];
        file.Dispose();
        Assert.Equal(300_000, space.UsedBytes);
        foreach (Thread thread in threads) thread.Start();
        foreach (Thread thread in threads) Assert.True(thread.Join(TestRun.Watchdog));
        Assert.Equal(0, space.UsedBytes);
        run.ExpectNothingLeft();
    });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void AReaderGivesNothingOfWhatWasCutOffAfterItHadReadItAhead(bool isDirect) => TestRun.WithinWatchdog(() =>
    {
        using TestRun run = TestRun.Start("sync");
        using TempSpace space = run.OpenSpace(new TempSpaceOptions { PieceBytes = 16384, Direct = isDirect });
        using AioContext context = run.System.CreateContext();
        using BufFile file = space.CreateFile(space.CreateOwner("cut"));
        Fill(context, file, 40_000, 1);
        using BufFileReader reader = new(context, file, 0, 8192, 4);
        Assert.Equal(8192, reader.Peek().Length);
        Assert.Equal(8192, reader.Read(new byte[8192]));
        Assert.Equal(8192, reader.Peek().Length);

        // In the midst of the window that is at hand; all that was read beyond it is gone.
        file.Truncate(10_000);
        Assert.Equal(10_000 - 8192, reader.Peek().Length);
        reader.Seek(10_000);
        Assert.True(reader.Peek().IsEmpty);
        reader.Seek(12_000);
        Assert.True(reader.Peek().IsEmpty);

        // And when other bytes have come to stand there, it gives those.
        file.Truncate(0);
        Fill(context, file, 40_000, 2);
        byte[] expected = new byte[40_000];
        new Random(2).NextBytes(expected);
        byte[] found = new byte[40_000];
        reader.Seek(0);
        Assert.Equal(40_000, reader.Read(found));
        Assert.True(expected.AsSpan().SequenceEqual(found));
    });

    [Fact]
    public void AWriterThatHasFailedRefusesToGoOn() => TestRun.WithinWatchdog(() =>
    {
        using TestRun run = TestRun.Start("io_uring", injected: true);
        using TempSpace space = run.OpenSpace();
        using AioContext context = run.System.CreateContext();
        using BufFile file = space.CreateFile(space.CreateOwner("lost"));
        using BufFileWriter writer = new(context, file, 0, 4096, 2);
        using (run.Control.Replace(static _ => -Errno.EIO, static request => request.Operation == IoOperation.Write, times: 1))
        {
            Assert.Throws<AioException>(() => writer.Write(new byte[5 * 4096]));
        }

        // What was lost cannot be written any more: a flush that succeeded would be a lie.
        Assert.Throws<InvalidOperationException>(writer.Flush);
        Assert.Throws<InvalidOperationException>(() => writer.Write([1]));
        Assert.Throws<InvalidOperationException>(() => writer.Seek(0));
        writer.Dispose();
        Assert.Throws<ObjectDisposedException>(writer.Flush);
    });

    [Fact]
    public void NothingIsFlushedToTheDisk() => TestRun.WithinWatchdog(() =>
    {
        using TestRun run = TestRun.Start("io_uring");
        using (TempSpace space = run.OpenSpace(new TempSpaceOptions { PieceBytes = 8192, Naming = TempNaming.Named }))
        {
            using AioContext context = run.System.CreateContext();
            using BufFile file = space.CreateFile(space.CreateOwner("shared"));
            Fill(context, file, 300_000, 5);
        }

        AioStatistics statistics = run.System.ReadStatistics();
        Assert.Equal(0, statistics[IoOperation.Fsync].Operations + statistics[IoOperation.Fdatasync].Operations);
    });

    [Theory]
    [MemberData(nameof(TestRun.Methods), MemberType = typeof(TestRun))]
    public void WritingAndReadingAllocateNothingPerBuffer(string method) => TestRun.WithinWatchdog(() =>
    {
        // The simulated disk keeps its own books on the heap.
        if (method == "simulated") method = "sync";
        using TestRun run = TestRun.Start(method);
        using TempSpace space = run.OpenSpace();
        using AioContext context = run.System.CreateContext();
        using BufFile file = space.CreateFile(space.CreateOwner("allocation"));
        using BufFileWriter writer = new(context, file, 0, 8192, 4);
        byte[] data = new byte[3000];
        for (int index = 0; index < 500; index++) writer.Write(data);
        writer.Flush();
        writer.Seek(0);
        AllocationMeter meter = AllocationMeter.Start();
        for (int index = 0; index < 500; index++) writer.Write(data);
        writer.Flush();
        Assert.Equal(0, meter.Bytes);

        using BufFileReader reader = new(context, file, 0, 8192, 4);
        for (int index = 0; index < 250; index++) reader.Read(data);
        meter = AllocationMeter.Start();
        for (int index = 0; index < 250; index++) reader.Read(data);
        Assert.Equal(0, meter.Bytes);
    });

    [Theory]
    [InlineData("sync")]
    [InlineData("worker")]
    [InlineData("io_uring")]
    public void AFailedWriteIsOneErrorThatNamesTheFileAndItsOwner(string method) => TestRun.WithinWatchdog(() =>
    {
        using TestRun run = TestRun.Start(method, injected: true);
        using TempSpace space = run.OpenSpace();
        using AioContext context = run.System.CreateContext();
        using (BufFile file = space.CreateFile(space.CreateOwner("the unlucky one")))
        {
            using var broken = run.Control.Replace(static _ => -Errno.EIO, static request => request.Operation == IoOperation.Write);
            using BufFileWriter writer = new(context, file, 0, 4096, 3);
            AioException exception = Assert.Throws<AioException>(() =>
            {
                for (int index = 0; index < 10; index++) writer.Write(new byte[4096]);
                writer.Flush();
            });
            Assert.Contains("the unlucky one", exception.Message, StringComparison.Ordinal);
            Assert.Contains(run.Folder, exception.Message, StringComparison.Ordinal);
        }

        run.ExpectNothingLeft();
    });

    [Fact]
    public void AFullDiskIsToldFromABrokenOne() => TestRun.WithinWatchdog(() =>
    {
        using TestRun run = TestRun.Start("io_uring", injected: true);
        using TempSpace space = run.OpenSpace();
        using AioContext context = run.System.CreateContext();
        using BufFile file = space.CreateFile(space.CreateOwner("sort"));
        using var full = run.Control.Replace(static _ => -Errno.ENOSPC, static request => request.Operation == IoOperation.Write);
        using BufFileWriter writer = new(context, file, 0, 4096, 3);
        writer.Write(new byte[100]);
        TempSpaceFullException exception = Assert.Throws<TempSpaceFullException>(writer.Flush);
        Assert.Contains("ENOSPC", exception.Message, StringComparison.Ordinal);
        Assert.Contains("name another directory", exception.Message, StringComparison.Ordinal);
        Assert.Contains("sort", exception.Message, StringComparison.Ordinal);
    });

    [Fact]
    public void AReadOfWhatWasNeverWrittenIsAnError() => TestRun.WithinWatchdog(() =>
    {
        using TestRun run = TestRun.Start("io_uring");
        using TempSpace space = run.OpenSpace(new TempSpaceOptions { PieceBytes = 8192 });
        using AioContext context = run.System.CreateContext();
        using BufFile file = space.CreateFile(space.CreateOwner("sort"));
        using BufferArena arena = run.System.CreateArena(8192, 1);
        using AioBuffer buffer = arena.Rent();
        BufFileTransfer transfer = new(context);
        Assert.Throws<AioException>(() => file.StartRead(transfer, 0, buffer.Address, 100));
        file.StartWrite(transfer, 0, buffer.Address, 100);
        BufFile.WaitForWrite(transfer);
        file.StartRead(transfer, 4096, buffer.Address, 100);
        AioException exception = Assert.Throws<AioException>(() => BufFile.WaitForRead(transfer));
        Assert.Contains("before it was written", exception.Message, StringComparison.Ordinal);
        Assert.False(transfer.IsPending);
    });

    private static void Fill(AioContext context, BufFile file, int length, int seed)
    {
        byte[] data = new byte[length];
        new Random(seed).NextBytes(data);
        using BufFileWriter writer = new(context, file, 0, 4096, 4);
        writer.Write(data);
        writer.Flush();
    }

    private static void Expect(AioContext context, BufFile file, long offset, int length, int seed)
    {
        byte[] expected = new byte[length];
        new Random(seed).NextBytes(expected);
        byte[] found = new byte[length];
        using BufFileReader reader = new(context, file, offset, 4096, 4);
        Assert.Equal(length, reader.Read(found));
        Assert.True(expected.AsSpan().SequenceEqual(found));
    }
}
