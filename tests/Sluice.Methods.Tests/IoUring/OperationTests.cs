namespace Sluice.Methods.IoUring.Tests;

/// <summary>Each operation does to a real file what it says.</summary>
public sealed unsafe class OperationTests
{
    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void WhatWasWrittenIsRead(bool direct, bool waitFollows)
    {
        using Bench bench = new();
        using OsFile file = Bench.OpenUnnamed(direct);
        byte* written = bench.Allocate(8192, 0xA7);
        byte* read = bench.Allocate(8192);
        Assert.Equal(8192, bench.Run(bench.PrepareTransfer(0, file, IoOperation.Write, written, 8192, 4096), waitFollows).Result);
        Assert.Equal(8192, bench.Run(bench.PrepareTransfer(1, file, IoOperation.Read, read, 8192, 4096), waitFollows).Result);
        Assert.True(new ReadOnlySpan<byte>(written, 8192).SequenceEqual(new ReadOnlySpan<byte>(read, 8192)));
        Assert.Equal(4096 + 8192, file.GetLength());
    }

    [Fact]
    public void SeveralVectorsAreOneTransfer()
    {
        using Bench bench = new();
        using OsFile file = Bench.OpenUnnamed();
        byte* first = bench.Allocate(4096, 1);
        byte* second = bench.Allocate(4096, 2);
        byte* whole = bench.Allocate(8192);
        IoRequest write = bench.Prepare(0, file, IoOperation.Write, 0, IoRequestFlags.None, new IoVector(second, 4096), new IoVector(first, 4096));
        Assert.Equal(8192, bench.Run(write).Result);
        Assert.Equal(8192, bench.Run(bench.PrepareTransfer(1, file, IoOperation.Read, whole, 8192)).Result);
        Assert.Equal(2, whole[0]);
        Assert.Equal(1, whole[8191]);
        IoRequest read = bench.Prepare(2, file, IoOperation.Read, 0, IoRequestFlags.None, new IoVector(first, 4096), new IoVector(second, 4096));
        Assert.Equal(8192, bench.Run(read).Result);
        Assert.Equal(2, first[0]);
        Assert.Equal(1, second[4095]);
    }

    [Fact]
    public void AReadAtTheEndIsShortAndBeyondItIsNothing()
    {
        using Bench bench = new();
        using OsFile file = Bench.OpenUnnamed();
        byte* memory = bench.Allocate(8192, 3);
        Assert.Equal(5000, bench.Run(bench.PrepareTransfer(0, file, IoOperation.Write, memory, 5000)).Result);
        Assert.Equal(904, bench.Run(bench.PrepareTransfer(1, file, IoOperation.Read, memory, 8192, 4096)).Result);
        Assert.Equal(0, bench.Run(bench.PrepareTransfer(1, file, IoOperation.Read, memory, 8192, 8192)).Result);
    }

    [Fact]
    public void OffsetsBeyondFourGibibytesAreKept()
    {
        using Bench bench = new();
        using OsFile file = Bench.OpenUnnamed();
        byte* memory = bench.Allocate(4096, 9);
        const long offset = (5L << 30) + 4096;
        Assert.Equal(4096, bench.Run(bench.PrepareTransfer(0, file, IoOperation.Write, memory, 4096, offset)).Result);
        Assert.Equal(offset + 4096, file.GetLength());
    }

    [Theory]
    [InlineData(IoOperation.Fsync)]
    [InlineData(IoOperation.Fdatasync)]
    public void FlushesComplete(IoOperation operation)
    {
        using Bench bench = new();
        using OsFile file = Bench.OpenUnnamed();
        Assert.Equal(new IoCompletion(1, 0), bench.Run(bench.Prepare(0, file, operation)));
    }

    [Fact]
    public void AllocationExtendsTheFile()
    {
        using Bench bench = new();
        using OsFile file = Bench.OpenUnnamed();
        Assert.Equal(0, bench.RunRange(0, file, IoOperation.Allocate, 4096, 1 << 20).Result);
        Assert.Equal(4096 + (1 << 20), file.GetLength());
        Assert.Equal(0, bench.RunRange(0, file, IoOperation.FlushRange, 0, 1 << 20).Result);
        Assert.Equal(0, bench.RunRange(0, file, IoOperation.FlushRange, 0, 1L << 40).Result);
    }

    [Fact]
    public void AWriteThroughWriteCompletes()
    {
        using Bench bench = new();
        using OsFile file = Bench.OpenUnnamed();
        byte* memory = bench.Allocate(4096, 9);
        Assert.Equal(4096, bench.Run(bench.PrepareTransfer(0, file, IoOperation.Write, memory, 4096, 0, IoRequestFlags.WriteThrough)).Result);
    }

    [Fact]
    public void AnErrorIsTheKernelsNumber()
    {
        using Bench bench = new();
        string path = Path.GetTempFileName();
        try
        {
            using IoFile file = IoFileSystem.OperatingSystem.Open(path, new IoOpenOptions { Access = IoAccess.Read });
            byte* memory = bench.Allocate(4096);
            Assert.Equal(-Errno.EBADF, bench.Run(bench.PrepareTransfer(0, file, IoOperation.Write, memory, 4096)).Result);
            IoRequest wild = bench.Prepare(1, file, IoOperation.Read, 0, IoRequestFlags.None, new IoVector((nint)4096, 4096));
            File.WriteAllBytes(path, new byte[4096]);
            Assert.Equal(-Errno.EFAULT, bench.Run(wild).Result);
            Assert.Equal(1, bench.Counter("reexecuted"));
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void AFileOfAnotherKindIsTheIssuersToExecute()
    {
        using Bench bench = new();
        using OsFile file = Bench.OpenUnnamed();
        using OtherFile other = new();
        Assert.False(bench.Context.NeedsSynchronousExecution(bench.Prepare(0, file, IoOperation.Fsync)));
        Assert.True(bench.Context.NeedsSynchronousExecution(bench.Prepare(0, other, IoOperation.Fsync)));
    }

    [Fact]
    public void AllHandlesInFlightWithPairsNeverOverflowTheQueues()
    {
        const int handles = 64;
        using Bench bench = new(handles);
        using OsFile file = Bench.OpenUnnamed();
        byte* memory = bench.Allocate(4096, 5);
        for (int round = 1; round <= 20; round++)
        {
            for (int slot = 0; slot < handles; slot += 32)
            {
                for (int index = slot; index < slot + 32; index++)
                {
                    bench.PrepareTransfer(index, file, IoOperation.Write, memory, 4096, index * 4096L, IoRequestFlags.FlushAfter);
                }

                bench.Context.Wake();
                Assert.Equal(32, bench.Context.Submit(bench.Requests.AsSpan(slot, 32), waitFollows: false));
            }

            bench.WaitForCount(round * handles);
        }

        for (ulong token = 1; token <= 20 * handles; token++) Assert.Equal(4096, bench.Sink[token].Result);
        Assert.Equal(0, bench.Sink.Doubles);
        Assert.Equal(0, bench.Counter("overflow_flushes"));
        Assert.Equal(20 * handles, bench.Counter("submitted"));
        Assert.Equal(20 * handles, bench.Counter("reaped"));
    }

    private sealed class OtherFile() : IoFile("other", IoAccess.ReadWrite)
    {
        public override IoFileCapabilities Capabilities { get; } = new();

        public override IoOutcome Execute(IoRequest request) => default;

        public override long GetLength() => 0;

        public override void SetLength(long lengthBytes)
        {
        }

        protected override void CloseCore()
        {
        }
    }
}
