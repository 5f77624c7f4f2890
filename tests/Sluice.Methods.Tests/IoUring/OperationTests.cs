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
        IoRequest write = bench.Prepare(0, file, IoOperation.Write, 0, 0, new IoVector(second, 4096), new IoVector(first, 4096));
        Assert.Equal(8192, bench.Run(write).Result);
        Assert.Equal(8192, bench.Run(bench.PrepareTransfer(1, file, IoOperation.Read, whole, 8192)).Result);
        Assert.Equal(2, whole[0]);
        Assert.Equal(1, whole[8191]);
        IoRequest read = bench.Prepare(2, file, IoOperation.Read, 0, 0, new IoVector(first, 4096), new IoVector(second, 4096));
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
        IoRequest write = bench.PrepareTransfer(0, file, IoOperation.Write, memory, 4096, 0, IoRequestFlags.WriteThrough);
        Assert.Equal(4096, bench.Run(write).Result);
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

        // One that comes all the same is refused with the whole batch, and leaves nothing behind.
        IoRequest[] batch = [bench.Prepare(1, file, IoOperation.Fsync), bench.Prepare(0, other, IoOperation.Fsync)];
        Assert.Throws<InvalidOperationException>(() => bench.Context.Submit(batch, waitFollows: false));
        Assert.Equal(0, bench.Run(bench.Prepare(2, file, IoOperation.Fsync)).Result);
        Assert.Equal(1, bench.Sink.Count);
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

    [Theory]
    [InlineData("coop_taskrun", "true")]
    [InlineData("registered_files", "1024")]
    [InlineData("registered_buffers", "false")]
    [InlineData("punt_buffered_reads_bytes", "1")]
    [InlineData("punt_buffered_reads_in_flight", "4")]
    public void EverySettingReadsWhatWasWritten(string name, string value)
    {
        const int handles = 32;
        using Bench bench = new(handles, (name, value));
        using OsFile file = Bench.OpenUnnamed();
        byte* memory = bench.Allocate(handles * 4096);
        bench.Method.RegisterBuffers((nint)memory, handles * 4096);
        for (int round = 1; round <= 50; round++)
        {
            IoOperation operation = round % 2 == 1 ? IoOperation.Write : IoOperation.Read;
            for (int slot = 0; slot < handles; slot++)
            {
                byte content = (byte)(((round - 1) / 2 * 31) + slot);
                new Span<byte>(memory + (slot * 4096), 4096).Fill(operation == IoOperation.Write ? content : (byte)~content);
                bench.PrepareTransfer(slot, file, operation, memory + (slot * 4096), 4096, slot * 4096L, IoRequestFlags.Buffered);
            }

            bench.Context.Submit(bench.Requests, waitFollows: round % 3 == 0);
            bench.WaitForCount(round * handles);
            for (int slot = 0; slot < handles; slot++) Assert.Equal((byte)(((round - 1) / 2 * 31) + slot), memory[(slot * 4096) + 4095]);
        }

        bench.Method.UnregisterBuffers((nint)memory);
        bench.Method.FileClosing(file);
    }

    [Fact]
    public void WhatTheKernelTakesNoMoreIsExecutedByTheSubmitter()
    {
        using Bench bench = new();
        using OsFile file = Bench.OpenUnnamed();
        byte* memory = bench.Allocate(4096, 0x5A);
        byte* read = bench.Allocate(4096);
        IoUringContext context = (IoUringContext)bench.Context;

        // The ring's descriptor becomes another file's: entering it is refused from now on.
        Assert.Equal(context.Ring.Descriptor, Duplicate(file.Descriptor, context.Ring.Descriptor));
        context.Submit([bench.PrepareTransfer(0, file, IoOperation.Write, memory, 4096, 0, IoRequestFlags.FlushAfter)], waitFollows: false);
        context.Submit([bench.PrepareTransfer(1, file, IoOperation.Read, read, 4096)], waitFollows: false);
        Assert.Equal(new IoCompletion(1, 4096), bench.Sink[1]);
        Assert.Equal(new IoCompletion(2, 4096), bench.Sink[2]);
        Assert.Equal(0x5A, read[4095]);
        Assert.Equal(2, bench.Counter("executed_by_submitter"));
        Assert.Contains("restart", Assert.Throws<IoMethodException>(() => context.Wait(10)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void NothingIsAllocatedPerRequest()
    {
        using Bench bench = new(handles: 8);
        using OsFile file = Bench.OpenUnnamed();
        byte* memory = bench.Allocate(65536, 1);
        bench.Method.RegisterBuffers((nint)memory, 65536);
        CountingSink sink = new();
        using IoMethodContext context = bench.Method.CreateContext(new IoMethodContextOptions(1, 8, 1, sink));
        long before = 0;
        for (int round = 0; round < 3_000; round++)
        {
            if (round == 1_000) before = GC.GetAllocatedBytesForCurrentThread();
            for (int slot = 0; slot < 8; slot++)
            {
                IoRequest request = bench.Requests[slot];
                request.Token++;
                request.File = file;
                request.Operation = slot % 2 == 0 ? IoOperation.Write : IoOperation.Read;
                request.Flags = slot == 0 && round % 100 == 0 ? IoRequestFlags.FlushAfter : IoRequestFlags.Buffered;
                request.OffsetBytes = slot * 4096L;
                request.LengthBytes = 4096;
                request.VectorCount = 1;
                request.Vectors[0] = new IoVector(memory + (slot * 4096), 4096);
            }

            context.Submit(bench.Requests, waitFollows: round % 2 == 0);
            while (sink.Count < (round + 1) * 8) context.Wait(1000);
        }

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
        bench.Method.UnregisterBuffers((nint)memory);
    }

    [System.Runtime.InteropServices.DllImport("libc", EntryPoint = "dup2")]
    private static extern int Duplicate(int source, int target);

    private sealed class CountingSink : IoCompletionSink
    {
        internal int Count { get; private set; }

        public override void Complete(ReadOnlySpan<IoCompletion> completions) => Count += completions.Length;
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
