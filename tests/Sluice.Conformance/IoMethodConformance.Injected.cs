using Sluice.Conformance.Layer;
using Sluice.Conformance.Support;
using Sluice.TestPlugins.Injecting;

namespace Sluice.Conformance;

/// <summary>Group J: results that a device or a method gets wrong. The method under test is wrapped for these.</summary>
public abstract partial class IoMethodConformance
{
    // J1
    [Fact]
    public void AResultIsOnlyEverShortened() => Run(run =>
    {
        (AioSystem system, InjectionControl control) = run.StartInjected();
        using Injection injection = control.Replace(static _ => Pattern.BlockBytes);
        IoFile file = run.CreateFile(4);
        NativeBlock memory = run.Allocate(1);
        using AioContext context = system.CreateContext();
        Assert.Equal(1, Blocks.ReadToTheEnd(context, file, 2, 1, memory, data: 0));
        run.CheckContent(memory.Span, 2 * Pattern.BlockBytes);
    });

    // J2
    [Fact]
    public void AReadOfLessThanABlockIsAnErrorThatNamesTheBlock() => Run(run =>
    {
        (AioSystem system, InjectionControl control) = run.StartInjected();
        using Injection injection = control.Replace(static _ => 17);
        IoFile file = run.CreateFile(4);
        using AioContext context = system.CreateContext();
        AioException failure = Assert.Throws<AioException>(() => Blocks.ReadToTheEnd(context, file, 2, 1, run.Allocate(1)));
        Assert.Contains("could not read block 2: read only 0 of 8192 bytes", failure.Message);
    });

    // J3, J4
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void AShortReadOfSeveralBlocksIsReadToTheEndByItsIssuer(int blocks) => Run(run =>
    {
        (AioSystem system, InjectionControl control) = run.StartInjected();
        using Injection injection = control.Replace(_ => blocks * Pattern.BlockBytes);
        IoFile file = run.CreateFile(9);
        NativeBlock memory = run.Allocate(9);
        using AioContext context = system.CreateContext();
        Assert.Equal((9 + blocks - 1) / blocks, Blocks.ReadToTheEnd(context, file, 0, 9, memory, data: 0));
        run.CheckContent(memory.Span, 0);
    });

    // J5
    [Fact]
    public void TheRetryOfAShortReadStillFindsTheInvalidBlock() => Run(run =>
    {
        if (!run.Method.TransfersData) return;
        (AioSystem system, InjectionControl control) = run.StartInjected();
        IoFile file = run.CreateFile(3);
        NativeBlock memory = run.Allocate(3);
        using AioContext context = system.CreateContext();
        memory.Span.Clear();
        context.Wait(Blocks.Write(context, file, 1, memory));
        using Injection injection = control.Replace(static _ => Pattern.BlockBytes);
        Assert.Contains("invalid block 1", Assert.Throws<AioException>(() => Blocks.ReadToTheEnd(context, file, 0, 3, memory)).Message);
    });

    // J6, J7, J8, J9
    [Theory]
    [InlineData(Errno.EIO)]
    [InlineData(Errno.EROFS)]
    public void AnInjectedErrorIsNamedEachTimeAndGoneWhenItsCauseIs(int errno) => Run(run =>
    {
        (AioSystem system, InjectionControl control) = run.StartInjected();
        IoFile file = run.CreateFile(4);
        NativeBlock memory = run.Allocate(1);
        using AioContext context = system.CreateContext();
        using (control.Replace(_ => -errno))
        {
            for (int attempt = 0; attempt < 2; attempt++)
            {
                AioException failure = Assert.Throws<AioException>(() => Blocks.ReadToTheEnd(context, file, 2, 1, memory, data: 0));
                Assert.Contains(Errno.Name(errno), failure.Message);
                Assert.Contains("block 2", failure.Message);
            }
        }

        Assert.Equal(1, Blocks.ReadToTheEnd(context, file, 2, 1, memory, data: 0));
        run.CheckContent(memory.Span, 2 * Pattern.BlockBytes);
    });

    [Fact]
    public void AFileReadsAndWritesShortTransfersToTheEnd() => RunAsync(async run =>
    {
        (AioSystem system, InjectionControl control) = run.StartInjected();
        await using AioFile file = AioFile.Open(system, run.CreatePath(4), new IoOpenOptions { Access = IoAccess.ReadWrite });
        byte[] buffer = new byte[4 * Pattern.BlockBytes];
        using (control.Replace(static result => Math.Min(result, 1000)))
        {
            Assert.Equal(buffer.Length, await file.ReadAsync(buffer, 0));
            run.CheckContent(buffer, 0);
            Pattern.Fill(buffer, 0, seed: 1);
            await file.WriteAsync(buffer, 0);
        }

        Array.Clear(buffer);
        Assert.Equal(buffer.Length, await file.ReadAsync(buffer, 0));
        run.CheckContent(buffer, 0, seed: 1);
    });

    [Fact]
    public void CompletionsInAnyOrderAndLateReachTheRightIo() => Run(run =>
    {
        (AioSystem system, InjectionControl control) = run.StartInjected();
        control.Reorders = true;
        IoFile file = run.CreateFile(60);
        NativeBlock memory = run.Allocate(60);
        using AioContext context = system.CreateContext();
        using Injection delay = control.Delay(static request => request.OffsetBytes / Pattern.BlockBytes % 3 == 0);
        for (int round = 0; round < 20; round++)
        {
            AioReturn[] places = [.. Enumerable.Range(0, 60).Select(static _ => new AioReturn())];
            memory.Span.Clear();
            using (context.EnterBatch())
            {
                for (int block = 0; block < 60; block++) Blocks.Read(context, file, block, memory, block, places[block]);
            }

            while (context.WaitForAny())
            {
            }

            Assert.All(places, static place => Assert.Equal(AioResult.Ok(Pattern.BlockBytes), place.Result));
            run.CheckContent(memory.Span, 0);
        }

        Assert.Equal(400, delay.Count);
    });

    [Fact]
    public void DoubleAndStaleCompletionsAreDroppedAndCounted() => Run(run =>
    {
        (AioSystem system, InjectionControl control) = run.StartInjected();
        IoFile file = run.CreateFile(8);
        NativeBlock memory = run.Allocate(8);
        AioContext context = system.CreateContext();
        using (control.DeliverTwice()) ReadAll();
        Assert.Equal(8, system.ReadStatistics().StaleCompletions);
        using (control.DeliverStale()) ReadAll();
        Assert.Equal(24, system.ReadStatistics().StaleCompletions);
        ReadAll();
        context.Dispose();
        Assert.Equal(24, system.ReadStatistics().StaleCompletions);

        void ReadAll()
        {
            AioReturn[] places = [.. Enumerable.Range(0, 8).Select(static _ => new AioReturn())];
            for (int block = 0; block < 8; block++) Blocks.Read(context, file, block, memory, block, places[block]);
            while (context.WaitForAny())
            {
            }

            Assert.All(places, static place => Assert.Equal(AioResult.Ok(Pattern.BlockBytes), place.Result));
            run.CheckContent(memory.Span, 0);
        }
    });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void WhatAMethodDoesNotTakeIsExecutedByTheIssuer(bool throws) => Run(run =>
    {
        (AioSystem system, InjectionControl control) = run.StartInjected();
        IoFile file = run.CreateFile(8);
        NativeBlock memory = run.Allocate(8);
        AioReturn[] places = [.. Enumerable.Range(0, 8).Select(static _ => new AioReturn())];
        using (AioContext context = system.CreateContext())
        {
            if (throws) control.ThrowFromSubmit();
            else control.TakeFewer();
            using (context.EnterBatch())
            {
                for (int block = 0; block < 8; block++) Blocks.Read(context, file, block, memory, block, places[block]);
            }

            while (context.WaitForAny())
            {
            }
        }

        Assert.All(places, static place => Assert.Equal(AioResult.Ok(Pattern.BlockBytes), place.Result));
        run.CheckContent(memory.Span, 0);
        AioStatistics statistics = system.ReadStatistics();
        Assert.Equal(throws ? 8 : 4, statistics.RefusedByMethod);
        Assert.Equal(throws ? 1 : 0, statistics.MethodFaults);
        Assert.Equal(0, statistics.StaleCompletions);
    });

    [Fact]
    public void AnExceptionOutOfWaitIsReportedAndTheWaitGoesOn() => Run(run =>
    {
        (AioSystem system, InjectionControl control) = run.StartInjected();
        if (!system.MethodCapabilities.IsDriven) return;
        IoFile file = run.CreateFile(1);
        NativeBlock memory = run.Allocate(1);
        using AioContext context = system.CreateContext();

        // Completions are delayed, so that a wait is needed.
        using Injection delay = control.Delay();
        control.ThrowFromWait(2);
        Assert.True(context.Wait(Blocks.Read(context, file, 0, memory)));
        control.ThrowFromWait(2);
        WaitReference reference = Blocks.Read(context, file, 0, memory);
        Watchdog.Wait(ConformanceRun.OnThread(() => Assert.True(reference.Wait())), "the foreign wait goes on");
        Assert.InRange(system.ReadStatistics().MethodFaults, 2, 4);
        Assert.Contains(run.Warnings, static warning => warning.Exception is InjectedException);
    });

    // K with a method that keeps the completion back: nobody can tell it from a slow device.
    [Fact]
    public void EveryKindOfWaiterWaitsForAStalledIoAndGoesOnWhenItIsReleased() => Run(run =>
    {
        (AioSystem system, InjectionControl control) = run.StartInjected();
        IoFile file = run.CreateFile(2);
        NativeBlock memory = run.Allocate(2);
        using AioContext context = system.CreateContext();
        Injection stall = control.Stall(static request => request.OffsetBytes == 0);
        WaitReference reference = Blocks.Read(context, file, 0, memory);
        Task[] waiters =
        [
            ConformanceRun.OnThread(() => Assert.True(reference.Wait())),
            ConformanceRun.OnThread(() => Assert.True(reference.Wait())),
            Task.Run(async () => await reference.WaitAsync()),
            Task.Run(() => Watchdog.Until(() => reference.IsDone, "it is done")),
        ];
        Assert.False(context.Wait(reference, timeoutMilliseconds: 5));
        Assert.True(context.Wait(Blocks.Read(context, file, 1, memory, 1)));
        foreach (Task waiter in waiters) WaitUntilBlocked(waiter);
        Task releaser = Task.Run(stall.Release);
        Assert.True(context.Wait(reference));
        Watchdog.Wait(releaser, "the release");
        foreach (Task waiter in waiters) Watchdog.Wait(waiter, "each waiter goes on");
        run.CheckContent(memory.Span, 0);
    });
}
