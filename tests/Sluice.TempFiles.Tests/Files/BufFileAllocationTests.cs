using Sluice.TempFiles.Tests.Support;

namespace Sluice.TempFiles.Tests.Files;

/// <summary>Room that is allocated ahead of direct writes.</summary>
public sealed class BufFileAllocationTests
{
    private const int FileBytes = 4 << 20;
    private const int PieceBytes = 3 << 20;

    [Theory]
    [InlineData("sync")]
    [InlineData("io_uring")]
    public void ADirectWriteGoesWhereRoomWasAllocatedBefore(string method) => TestRun.WithinWatchdog(() =>
    {
        using TestRun run = TestRun.Start(method, injected: true);
        using TempSpace space = run.OpenSpace(new TempSpaceOptions { Direct = true, PieceBytes = PieceBytes });
        Lock seen = new();
        Dictionary<IoFile, long> allocated = [];
        int allocations = 0;
        int writes = 0;
        int beyond = 0;
        using var watch = run.Control.Replace(static result => result, request =>
        {
            lock (seen)
            {
                long end = request.OffsetBytes + request.LengthBytes;
                if (request.Operation == IoOperation.Allocate)
                {
                    allocated[request.File] = end;
                    allocations++;
                }
                else if (request.Operation == IoOperation.Write)
                {
                    writes++;
                    if (!allocated.TryGetValue(request.File, out long there) || end > there) beyond++;
                }
            }

            return false;
        });
        WriteAndReadBack(run, space);
        lock (seen)
        {
            Assert.Equal(FileBytes / 65536, writes);
            Assert.Equal(0, beyond);

            // As much again as there is, and once at the beginning of the second piece.
            Assert.InRange(allocations, 2, 6);
        }
    });

    [Theory]
    [InlineData(Errno.ENOSPC)]
    [InlineData(Errno.EOPNOTSUPP)]
    [InlineData(Errno.EIO)]
    public void WhatCannotBeAllocatedIsWrittenAllTheSame(int errno) => TestRun.WithinWatchdog(() =>
    {
        using TestRun run = TestRun.Start("io_uring", injected: true);
        using TempSpace space = run.OpenSpace(new TempSpaceOptions { Direct = true, PieceBytes = PieceBytes });
        using var refuse = run.Control.Replace(_ => -errno, static request => request.Operation == IoOperation.Allocate);
        WriteAndReadBack(run, space);

        // It is not asked for again and again.
        Assert.Equal(1, run.System.ReadStatistics()[IoOperation.Allocate].Operations);
    });

    [Fact]
    public void WithoutDirectIONothingIsAllocated() => TestRun.WithinWatchdog(() =>
    {
        using TestRun run = TestRun.Start("sync");
        using TempSpace space = run.OpenSpace(new TempSpaceOptions { PieceBytes = PieceBytes });
        WriteAndReadBack(run, space);
        Assert.Equal(0, run.System.ReadStatistics()[IoOperation.Allocate].Operations);
    });

    [Fact]
    public void WhatWasOnlyAllocatedCannotBeRead() => TestRun.WithinWatchdog(() =>
    {
        using TestRun run = TestRun.Start("io_uring");
        using TempSpace space = run.OpenSpace(new TempSpaceOptions { Direct = true });
        using AioContext context = run.System.CreateContext();
        using BufFile file = space.CreateFile(space.CreateOwner("sort"));
        using BufferArena arena = run.System.CreateArena(8192, 1);
        using AioBuffer buffer = arena.Rent();
        BufFileTransfer transfer = new(context);
        file.StartWrite(transfer, 0, buffer.Address, 4096);
        BufFile.WaitForWrite(transfer);
        AioException exception = Assert.Throws<AioException>(() => file.StartRead(transfer, 0, buffer.Address, 8192));
        Assert.Contains("never written", exception.Message, StringComparison.Ordinal);
        Assert.False(transfer.IsPending);
        file.StartRead(transfer, 0, buffer.Address, 4096);
        BufFile.WaitForRead(transfer);
    });

    [Fact]
    public void CuttingAFileOffGivesBackWhatWasAllocated() => TestRun.WithinWatchdog(() =>
    {
        using TestRun run = TestRun.Start("sync");
        using TempSpace space = run.OpenSpace(new TempSpaceOptions { Direct = true, Naming = TempNaming.Named });
        using AioContext context = run.System.CreateContext();
        using BufFile file = space.CreateFile(space.CreateOwner("sort"));
        using BufferArena arena = run.System.CreateArena(16384, 1);
        using AioBuffer buffer = arena.Rent();
        BufFileTransfer transfer = new(context);
        Write(0, 16384);
        FileInfo physical = new(Directory.GetFiles(run.Folder, "000000", SearchOption.AllDirectories).Single());
        Assert.True(physical.Length > 16384, "Nothing was allocated ahead.");
        file.Truncate(4096);
        physical.Refresh();
        Assert.Equal(4096, physical.Length);
        Write(4096, 4096);
        physical.Refresh();
        Assert.True(physical.Length > 8192, "Nothing was allocated ahead after the file was cut off.");
        Assert.Equal(8192, file.LengthBytes);
        Assert.Equal(8192, space.UsedBytes);

        void Write(long offset, int length)
        {
            file.StartWrite(transfer, offset, buffer.Address, length);
            BufFile.WaitForWrite(transfer);
        }
    });

    private static void WriteAndReadBack(TestRun run, TempSpace space)
    {
        using AioContext context = run.System.CreateContext();
        using BufFile file = space.CreateFile(space.CreateOwner("sort"));
        byte[] data = new byte[FileBytes];
        new Random(1).NextBytes(data);
        using (BufFileWriter writer = new(context, file, 0, 65536, 4))
        {
            writer.Write(data);
            writer.Flush();
        }

        Assert.Equal(FileBytes, file.LengthBytes);
        Assert.Equal(FileBytes, space.UsedBytes);
        byte[] back = new byte[FileBytes];
        using BufFileReader reader = new(context, file, 0, 65536, 4);
        Assert.Equal(FileBytes, reader.Read(back));
        Assert.True(data.AsSpan().SequenceEqual(back));
        Assert.Equal(0, reader.Read(back));
    }
}
