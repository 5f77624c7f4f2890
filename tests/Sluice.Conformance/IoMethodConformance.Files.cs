using Sluice.Conformance.Layer;
using Sluice.Conformance.Support;

namespace Sluice.Conformance;

/// <summary>Group D: files that are closed under an I/O; and what an I/O does to a file.</summary>
public abstract partial class IoMethodConformance
{
    // D1, D2, D3
    [Fact]
    public void AStagedReadOfAFileThatIsDisposedStillSucceeds() => Run(run =>
    {
        IoFile file = run.CreateFile(4);
        NativeBlock memory = run.Allocate(1);
        using AioContext context = run.System.CreateContext();
        AioReturn place = new();
        WaitReference reference;
        using (context.EnterBatch())
        {
            reference = Blocks.Read(context, file, 3, memory, 0, place);
            file.Dispose();
        }

        Assert.True(context.Wait(reference));
        Assert.Equal(AioResult.Ok(Pattern.BlockBytes), place.Result);
        run.CheckContent(memory.Span, 3 * Pattern.BlockBytes);
        Watchdog.Until(() => file.IsReleased, "the last hold closes the file");
        Assert.Throws<ObjectDisposedException>(() => Blocks.Read(context, file, 0, memory));
    });

    [Fact]
    public void AStagedWriteNeverReachesAnotherFileThatGotTheNumberOfADisposedOne() => Run(run =>
    {
        if (!run.Method.TransfersData) return;
        IoFile first = run.CreateFile(1);
        string otherPath = run.CreatePath(1, seed: 7);
        NativeBlock memory = run.Allocate(1);
        memory.Span.Fill(0xAB);
        using AioContext context = run.System.CreateContext();
        AioReturn place = new();
        List<IoFile> others = [];
        bool isInFlight;
        using (context.EnterBatch())
        {
            Blocks.Write(context, first, 0, memory, 0, place);

            // A method that writes at once has nothing in flight, and the number is free.
            isInFlight = !place.IsFilled;
            first.Dispose();

            // Would get the number of the first if that had been closed; opening several leaves no doubt.
            for (int index = 0; index < 8; index++)
            {
                others.Add(run.Open(otherPath));
            }
        }

        while (context.WaitForAny())
        {
        }

        if (isInFlight && first is OsFile original)
        {
            Assert.DoesNotContain(others, other => ((OsFile)other).Descriptor == original.Descriptor);
        }

        Pattern.Check(run.ReadAll(otherPath), 0, seed: 7);
        Assert.Equal(AioResult.Ok(Pattern.BlockBytes), place.Result);
        Assert.Equal(0xAB, run.ReadAll(first.Path)[100]);
    });

    [Fact]
    public void ADescriptorThatIsUsedAgainIsNotMistakenForItsPredecessor() => Run(run =>
    {
        if (!run.Method.TransfersData) return;
        using AioContext context = run.System.CreateContext();
        NativeBlock memory = run.Allocate(4);
        string[] paths = [.. Enumerable.Range(0, 4).Select(index => run.CreatePath(4, (ulong)index))];
        for (int round = 0; round < 200; round++)
        {
            int seed = round % 4;
            using IoFile file = run.System.FileSystem.Open(paths[seed], new IoOpenOptions());
            AioReturn place = new();
            memory.Span.Clear();
            for (int block = 0; block < 4; block++) Blocks.Read(context, file, block, memory, block, block == 0 ? place : null);
            while (context.WaitForAny())
            {
            }

            Pattern.Check(memory.Span, 0, (ulong)seed);
        }
    });

    [Fact]
    public void WhatIsWrittenIsReadBack() => Run(run =>
    {
        IoFile file = run.CreateFile(1);
        NativeBlock source = run.Allocate(8);
        NativeBlock target = run.Allocate(8);
        using AioContext context = run.System.CreateContext();
        Pattern.Fill(source.Span, 5L << 32, seed: 3);
        AioReturn written = new();
        AioReturn read = new();
        AioHandle handle = context.Acquire(written);
        WaitReference reference = handle.Reference;
        handle.SetVectors([source.Vector(0, 512), source.Vector(512, 7680), source.Vector(8192, 7 * 8192)]);

        // Beyond 4 GiB: the file is sparse.
        new BlockTarget(0, 8).StartWrite(handle, file, 5L << 32);
        Assert.True(context.Wait(reference));
        Assert.Equal(AioResult.Ok(8 * Pattern.BlockBytes), written.Result);
        handle = context.Acquire(read);
        reference = handle.Reference;
        handle.SetVectors([target.Vector(0, 8192 * 3), target.Vector(8192 * 3, 4096), target.Vector((8192 * 3) + 4096, (8192 * 4) + 4096)]);
        new BlockTarget(0, 8).StartRead(handle, file, 5L << 32);
        Assert.True(context.Wait(reference));
        Assert.Equal(AioResult.Ok(8 * Pattern.BlockBytes), read.Result);
        run.CheckContent(target.Span, 5L << 32, seed: 3);
        if (run.Method.TransfersData) Assert.Equal((5L << 32) + (8 * Pattern.BlockBytes), file.GetLength());
    });

    [Fact]
    public void EachOperationDoesWhatItSays() => Run(run =>
    {
        IoFile file = run.CreateFile(1);
        NativeBlock memory = run.Allocate(1);
        Pattern.Fill(memory.Span, 0);
        using AioContext context = run.System.CreateContext();
        AioReturn place = new();
        Do(handle => handle.StartWrite(file, 0), needsMemory: true, Pattern.BlockBytes);
        Do(handle => handle.StartWrite(file, 0, AioDurability.WriteThrough), needsMemory: true, Pattern.BlockBytes);
        Do(handle => handle.StartWrite(file, 8192, AioDurability.FlushAfter), needsMemory: true, Pattern.BlockBytes);
        Do(handle => handle.StartFsync(file), needsMemory: false, 0);
        Do(handle => handle.StartFdatasync(file), needsMemory: false, 0);
        Do(handle => handle.StartFlushRange(file, 0, 8192), needsMemory: false, 0);
        Do(handle => handle.StartAllocate(file, 0, 10 * 8192), needsMemory: false, 0);
        if (run.Method.TransfersData) Assert.Equal(10 * 8192, file.GetLength());
        AioStatistics statistics = run.System.ReadStatistics();
        Assert.Equal(3, statistics[IoOperation.Write].Operations);
        Assert.Equal(3 * Pattern.BlockBytes, statistics[IoOperation.Write].Bytes);
        Assert.Equal(1, statistics[IoOperation.Fsync].Operations);
        Assert.Equal(1, statistics[IoOperation.Fdatasync].Operations);
        Assert.Equal(1, statistics[IoOperation.FlushRange].Operations);
        Assert.Equal(1, statistics[IoOperation.Allocate].Operations);
        Assert.Equal(0, statistics.HandlesInFlight);

        void Do(Action<AioHandle> start, bool needsMemory, int expected)
        {
            AioHandle handle = context.Acquire(place);
            WaitReference reference = handle.Reference;
            handle.SetTarget(new BlockTarget(0, 1));
            if (needsMemory) handle.SetVector(memory.Block(0));
            start(handle);
            Assert.True(context.Wait(reference));
            place.ThrowIfFailed();
            Assert.Equal(AioResult.Ok(expected), place.Result);
        }
    });

    [Fact]
    public void AReadAcrossTheEndOfTheFileIsPartialAndBehindItEmpty() => Run(run =>
    {
        if (!run.Method.TransfersData) return;
        IoFile file = run.CreateFile(2);
        NativeBlock memory = run.Allocate(2);
        using AioContext context = run.System.CreateContext();
        AioReturn place = new();
        AioHandle handle = context.Acquire(place);
        WaitReference reference = handle.Reference;
        new BlockTarget(1, 2).StartRead(handle, file, Pattern.BlockBytes, memory.Vector());
        context.Wait(reference);
        Assert.Equal(AioResult.Partial(Pattern.BlockBytes), place.Result);
        Pattern.Check(memory.Span[..Pattern.BlockBytes], Pattern.BlockBytes);
        context.Wait(Blocks.Read(context, file, 2, memory, 0, place));
        Assert.Equal(AioResult.Partial(0), place.Result);
    });

    [Fact]
    public void AnEmptyTransferIsCompletedByTheRuntime() => Run(run =>
    {
        IoFile file = run.CreateFile(1);
        NativeBlock memory = run.Allocate(1);
        using AioContext context = run.System.CreateContext();
        AioReturn place = new();
        AioHandle handle = context.Acquire(place);
        handle.SetVector(memory.Vector(0, 0));
        handle.StartRead(file, 0);
        Assert.Equal(AioResult.Ok(0), place.Result);
    });

    // W1: what the system refuses is a result that names it.
    [Fact]
    public void AnErrorOfTheSystemIsAResultThatNamesIt() => Run(run =>
    {
        if (!run.Method.TransfersData) return;
        IoFile file = run.CreateFile(1, new IoOpenOptions { Access = IoAccess.Read });
        NativeBlock memory = run.Allocate(1);
        using AioContext context = run.System.CreateContext();
        AioReturn place = new();
        context.Wait(Blocks.Write(context, file, 0, memory, 0, place));
        Assert.Equal(AioResult.Error(Errno.EBADF), place.Result);
        AioException failure = Assert.Throws<AioException>(place.ThrowIfFailed);
        Assert.Contains("EBADF", failure.Message);
        Assert.Contains("write 8192 bytes at offset 0 of block 0", failure.Message);
        Assert.False(file.IsPoisoned);

        // W2: the next one is none the worse for it.
        context.Wait(Blocks.Read(context, file, 0, memory, 0, place));
        Assert.Equal(AioResult.Ok(Pattern.BlockBytes), place.Result);
        Assert.Equal(1, run.System.ReadStatistics()[IoOperation.Write].Failures);
    });

    // W1, W2: a kind of file whose execution throws, as a reopen in a worker may.
    [Fact]
    public void AFileThatThrowsFailsItsIoAndNothingElse() => Run(run =>
    {
        if (!run.Method.TransfersData) return;
        IoFile file = run.CreateFile(32);
        using ScriptedFile throwing = new(static _ => throw new FileNotFoundException("no such file"));
        NativeBlock memory = run.Allocate(33);
        using AioContext context = run.System.CreateContext();
        for (int round = 0; round < 20; round++)
        {
            AioReturn bad = new();
            AioReturn[] good = [.. Enumerable.Range(0, 32).Select(static _ => new AioReturn())];
            using (context.EnterBatch())
            {
                for (int block = 0; block < 32; block++)
                {
                    if (block == 16) Blocks.Read(context, throwing, 0, memory, 32, bad);
                    Blocks.Read(context, file, block, memory, block, good[block]);
                }
            }

            while (context.WaitForAny())
            {
            }

            Assert.Equal(AioStatus.Error, bad.Result.Status);
            Assert.All(good, static place => Assert.Equal(AioResult.Ok(Pattern.BlockBytes), place.Result));
        }

        Pattern.Check(memory.Span[..(32 * Pattern.BlockBytes)], 0);
    });

    [Fact]
    public void AKindOfFileThatIsNoneOfTheSystemsWorksWithEveryMethod() => Run(run =>
    {
        if (!run.Method.TransfersData) return;
        using ScriptedFile file = new(static request =>
        {
            foreach (IoVector vector in request.VectorSpan)
            {
                ScriptedFile.Span(vector).Fill((byte)(request.OffsetBytes / Pattern.BlockBytes));
            }

            return new IoOutcome((int)request.LengthBytes);
        });
        NativeBlock memory = run.Allocate(16);
        using AioContext context = run.System.CreateContext();
        using (context.EnterBatch())
        {
            for (int block = 0; block < 16; block++) Blocks.Read(context, file, block, memory, block);
        }

        while (context.WaitForAny())
        {
        }

        for (int block = 0; block < 16; block++) Assert.Equal((byte)block, memory.Span[(block * Pattern.BlockBytes) + 8191]);
    });

    [Fact]
    public void AnOutcomeThatNobodyKnowsIsNeverReportedAsASafeFailure() => Run(run =>
    {
        if (!run.Method.TransfersData) return;
        using ScriptedFile file = new(static _ => new IoOutcome(-Errno.ETIMEDOUT, IoOutcomeDetail.Unknown));
        NativeBlock memory = run.Allocate(1);
        using AioContext context = run.System.CreateContext();
        AioReturn place = new();
        context.Wait(Blocks.Write(context, file, 0, memory, 0, place));
        Assert.True(place.Result.IsOutcomeUnknown);
        Assert.Contains("whether it took effect is unknown", place.Explain());
    });
}
