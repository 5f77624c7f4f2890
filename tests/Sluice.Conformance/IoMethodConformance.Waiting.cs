using Sluice.Conformance.Layer;
using Sluice.Conformance.Support;
using Sluice.TestPlugins.Injecting;

namespace Sluice.Conformance;

/// <summary>Waiting: limits end the wait and never the I/O; ends of contexts, files, arenas and systems with I/O in flight.</summary>
public abstract partial class IoMethodConformance
{
    [Fact]
    public void AnAwaitCanBeUsedOnce() => Run(run =>
    {
        (AioSystem system, InjectionControl control) = run.StartInjected();
        IoFile file = run.CreateFile(1);
        NativeBlock memory = run.Allocate(1);
        using AioContext context = system.CreateContext();
        Injection stall = control.Stall();
        WaitReference reference = Blocks.Read(context, file, 0, memory);
        ValueTask wait = reference.WaitAsync();
        Task first = wait.AsTask();
        Assert.Throws<InvalidOperationException>(() => { wait.GetAwaiter().OnCompleted(static () => { }); });
        stall.Release();
        Watchdog.Wait(first, "the first await ends");
        Assert.Throws<InvalidOperationException>(() => wait.GetAwaiter().GetResult());
    });

    [Fact]
    public void ALimitEndsTheWaitAndNotTheIo() => RunAsync(async run =>
    {
        (AioSystem system, InjectionControl control) = run.StartInjected();
        IoFile file = run.CreateFile(1);
        NativeBlock memory = run.Allocate(1);
        using AioContext context = system.CreateContext();
        AioReturn place = new();
        Injection stall = control.Stall();
        WaitReference reference = Blocks.Read(context, file, 0, memory, 0, place);

        Assert.False(context.Wait(reference, timeoutMilliseconds: 1));
        Assert.False(reference.Wait(timeoutMilliseconds: 1));
        await Assert.ThrowsAsync<TimeoutException>(async () => await reference.WaitAsync(TimeSpan.FromMilliseconds(1)));
        await Assert.ThrowsAsync<TimeoutException>(async () => await context.WaitAsync(reference, TimeSpan.FromMilliseconds(1)));
        using CancellationTokenSource early = new();
        early.Cancel();
        Assert.ThrowsAny<OperationCanceledException>(() => context.Wait(reference, cancellationToken: early.Token));
        Assert.ThrowsAny<OperationCanceledException>(() => reference.Wait(cancellationToken: early.Token));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await reference.WaitAsync(early.Token));

        using CancellationTokenSource late = new();
        Task[] waiters =
        [
            ConformanceRun.OnThread(() =>
                Assert.ThrowsAny<OperationCanceledException>(() => reference.Wait(cancellationToken: late.Token))),
            Task.Run(() => Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await reference.WaitAsync(late.Token))),
        ];
        foreach (Task waiter in waiters) WaitUntilBlocked(waiter);
        late.Cancel();
        foreach (Task waiter in waiters) Watchdog.Wait(waiter, "the cancelled wait ends");
        using CancellationTokenSource own = new();
        Task canceller = ConformanceRun.OnThread(own.Cancel);
        Assert.ThrowsAny<OperationCanceledException>(() => context.Wait(reference, cancellationToken: own.Token));
        Watchdog.Wait(canceller, "the cancel");

        Assert.True(place.IsPending);
        Assert.False(reference.IsDone);
        stall.Release();
        Assert.True(context.Wait(reference));
        Assert.Equal(AioResult.Ok(Pattern.BlockBytes), place.Result);
        run.CheckContent(memory.Span, 0);
    });

    [Fact]
    public void ABufferStaysTheIosWhenTheWaitForItIsCancelled() => RunAsync(async run =>
    {
        (AioSystem system, InjectionControl control) = run.StartInjected();
        AioFile file = AioFile.Open(system, run.CreatePath(1));
        using BufferArena arena = system.CreateArena(Pattern.BlockBytes, 1);
        AioBuffer buffer = arena.Rent();
        Injection stall = control.Stall();
        using CancellationTokenSource cancellation = new();
        ValueTask<int> read = file.ReadAsync(buffer.Memory, 0, cancellation.Token);
        Assert.True(stall.WaitUntilStalled(1, Watchdog.Patience) || system.MethodCapabilities.IsDriven);
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await read);
        buffer.Return();
        Assert.False(arena.TryRent(out _), "The buffer is the kernel's still.");
        Assert.Throws<InvalidOperationException>(arena.Dispose);
        ValueTask closing = file.DisposeAsync();
        Assert.False(closing.IsCompleted, "The file waits for what is in flight on it.");
        stall.Release();
        await closing;
        Watchdog.Until(() => arena.FreeCount == 1, "the buffer is free when its I/O has completed");
    });

    [Fact]
    public void AContextThatEndsWaitsForWhatIsInFlight() => Run(run =>
    {
        (AioSystem system, InjectionControl control) = run.StartInjected();
        IoFile file = run.CreateFile(2);
        NativeBlock memory = run.Allocate(1);
        Injection stall = control.Stall();
        AioContext context = system.CreateContext();
        AioReturn place = new();
        Blocks.Read(context, file, 1, memory, 0, place);
        Task end = ConformanceRun.OnThread(context.Dispose);
        WaitUntilBlocked(end);
        stall.Release();
        Watchdog.Wait(end, "the context ends");
        Assert.Equal(AioResult.Ok(Pattern.BlockBytes), place.Result);
        run.CheckContent(memory.Span, Pattern.BlockBytes);
    });

    [Fact]
    public void ASystemThatEndsWaitsForWhatIsInFlightAndCarriesOutWhatIsQueued() => Run(run =>
    {
        (AioSystem system, InjectionControl control) = run.StartInjected(static options =>
        {
            options.HandlesPerContext = 2;
            options.SharedContexts = 1;
        });
        AioFile file = AioFile.Open(system, run.CreatePath(8));
        Injection stall = control.Stall();

        // Two of them get handles, the others wait for one.
        byte[][] buffers = [.. Enumerable.Range(0, 8).Select(static _ => new byte[Pattern.BlockBytes])];
        Task<int>[] reads = [.. buffers.Select((buffer, block) => file.ReadAsync(buffer, (long)block * Pattern.BlockBytes).AsTask())];
        Task end = ConformanceRun.OnThread(system.Dispose);
        WaitUntilBlocked(end);
        stall.Release();
        Watchdog.Wait(end, "the system ends");
        for (int block = 0; block < 8; block++)
        {
            Watchdog.Wait(reads[block], "a read that was begun before the end ends");
            run.CheckContent(buffers[block], (long)block * Pattern.BlockBytes);
        }

        Assert.Throws<ObjectDisposedException>(() => system.CreateContext());
    });

    [Fact]
    public void AFileThatIsClosedWhileReadsAreInFlightLetsThemEnd() => RunAsync(async run =>
    {
        AioFile file = AioFile.Open(run.System, run.CreatePath(64));
        byte[] buffer = new byte[64 * Pattern.BlockBytes];
        Task<int>[] reads = [.. Enumerable.Range(0, 64).Select(block =>
            file.ReadAsync(buffer.AsMemory(block * Pattern.BlockBytes, Pattern.BlockBytes), (long)block * Pattern.BlockBytes).AsTask())];
        await file.DisposeAsync();
        int refused = 0;
        for (int block = 0; block < 64; block++)
        {
            try
            {
                Assert.Equal(Pattern.BlockBytes, await reads[block]);
                run.CheckContent(buffer.AsSpan(block * Pattern.BlockBytes, Pattern.BlockBytes), (long)block * Pattern.BlockBytes);
            }
            catch (ObjectDisposedException)
            {
                refused++;
            }
        }

        Assert.True(refused < 64);
        Assert.Throws<ObjectDisposedException>(() => { _ = file.ReadAsync(buffer, 0); });
    });

    [Fact]
    public void ALoopEndsWhenTheCodeOnItHas() => Run(run =>
    {
        for (int round = 0; round < 20; round++)
        {
            AioFile file = AioFile.Open(run.System, run.CreatePath(16));
            AioLoop loop = run.System.CreateLoop();
            byte[] buffer = new byte[16 * Pattern.BlockBytes];
            Task work = loop.InvokeAsync(async () =>
            {
                for (int block = 0; block < 16; block++)
                {
                    Assert.Equal(Pattern.BlockBytes, await file.ReadAsync(
                        buffer.AsMemory(block * Pattern.BlockBytes, Pattern.BlockBytes), (long)block * Pattern.BlockBytes));
                    Assert.Same(loop, AioLoop.Current);
                }
            });
            loop.Dispose();
            Watchdog.Wait(work, "the code on the loop ends");
            run.CheckContent(buffer, 0);
        }
    });

    // D5: what comes out of a callback fails its I/O, and nothing else.
    [Theory]
    [InlineData(ThrowingCallback.InStage)]
    [InlineData(ThrowingCallback.InShared)]
    [InlineData(ThrowingCallback.InLocal)]
    [InlineData(ThrowingCallback.WithoutStatus)]
    public void ACallbackThatThrowsFailsItsIoAndTheReaperLives(byte phase) => Run(run =>
    {
        IoFile file = run.CreateFile(4);
        NativeBlock memory = run.Allocate(4);
        AioContext context = run.System.CreateContext("faulted");
        AioReturn place = new();
        (ulong key, var trace) = TraceCallback.Create();
        AioHandle handle = context.Acquire(place);
        WaitReference reference = handle.Reference;
        handle.SetData([key]);
        handle.RegisterCallback(TraceCallback.Id, 1);
        handle.RegisterCallback(ThrowingCallback.Id, phase);
        handle.RegisterCallback(TraceCallback.Id, 2);
        new BlockTarget(0, 1).StartRead(handle, file, 0, memory.Block(0));
        Assert.True(context.Wait(reference));
        Assert.Equal(AioStatus.Error, place.Result.Status);
        Assert.Contains("callback threw", Assert.Throws<AioException>(place.ThrowIfFailed).Message);
        Assert.NotNull(context.Fault);
        if (phase == ThrowingCallback.InStage) Assert.Equal(["stage 2", "shared 2", "local 2"], trace);
        else Assert.Equal(6, trace.Count);
        Assert.Equal(1, run.System.ReadStatistics().CallbackFaults);
        Assert.Equal("faulted", Assert.Single(run.Warnings).ContextName);

        // Others go on, and so does the context.
        for (int block = 0; block < 4; block++) Blocks.Read(context, file, block, memory, block);
        while (context.WaitForAny())
        {
        }

        context.Dispose();
        run.CheckContent(memory.Span, 0);
    });
}
