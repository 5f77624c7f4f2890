using Sluice.Conformance.Layer;
using Sluice.Conformance.Support;

namespace Sluice.Conformance;

/// <summary>Group H: handles. The end of a statement is the end of a scope; an error is an exception through a scope.</summary>
public abstract partial class IoMethodConformance
{
    // H1, H2, H3, H4: a scope knows no transactions, so how it ends makes no difference.
    [Fact]
    public void AHandleThatIsStillHandedOutWhenItsScopeEndsIsGivenBackWithAWarning() => Run(run =>
    {
        using AioContext context = run.System.CreateContext();
        using (AioScope scope = context.CreateScope()) context.Acquire(null, scope);
        Assert.Contains("neither started nor released when its scope ended", Assert.Single(run.Warnings).Message);
        Assert.Equal(context.HandleCount, context.IdleCount);
        context.Acquire().Release();
    });

    // H5
    [Fact]
    public void AHandleThatItsScopeGaveBackCannotBeReleasedAgain() => Run(run =>
    {
        using AioContext context = run.System.CreateContext();
        AioHandle handle;
        using (AioScope scope = context.CreateScope()) handle = context.Acquire(null, scope);
        Assert.Single(run.Warnings);
        Assert.Throws<InvalidOperationException>(handle.Release);
    });

    // H6, H7
    [Fact]
    public void AcquireAndReleaseIsSilent() => Run(run =>
    {
        using AioContext context = run.System.CreateContext();
        using (AioScope scope = context.CreateScope()) context.Acquire(null, scope).Release();
        context.Acquire().Release();
        Assert.Empty(run.Warnings);
    });

    // H8
    [Fact]
    public void OnlyOneHandleCanBeHandedOutPerContext() => Run(run =>
    {
        using AioContext context = run.System.CreateContext();
        AioHandle handle = context.Acquire();
        Assert.Throws<InvalidOperationException>(() => context.Acquire());
        Assert.Throws<InvalidOperationException>(() => context.TryAcquire(out _));
        handle.Release();
        context.Acquire().Release();
    });

    // H9, H10, H11
    [Fact]
    public void AnExceptionThroughAScopeLeavesNoHandleBehind() => Run(run =>
    {
        using AioContext context = run.System.CreateContext();
        Assert.Throws<FormatException>((Action)(() =>
        {
            using AioScope scope = context.CreateScope();
            context.Acquire(null, scope);
            throw new FormatException();
        }));
        context.Acquire().Release();
        Assert.Equal(context.HandleCount, context.IdleCount);
    });

    [Fact]
    public void AScopeThatEndsDetachesWhatIsInFlightAndNeverCancelsIt() => Run(run =>
    {
        IoFile file = run.CreateFile(4);
        NativeBlock memory = run.Allocate(1);
        AioContext context = run.System.CreateContext();
        AioReturn place = new();
        WaitReference reference;
        using (AioScope scope = context.CreateScope())
        {
            AioHandle handle = context.Acquire(place, scope);
            reference = handle.Reference;
            using AioBatch batch = context.EnterBatch();
            new BlockTarget(2, 1).StartRead(handle, file, 2 * Pattern.BlockBytes, memory.Block(0));
        }

        Assert.True(reference.Wait());
        context.Dispose();
        Assert.False(place.IsPending);
        run.CheckContent(memory.Span, 2 * Pattern.BlockBytes);
    });

    [Fact]
    public void AScopeWithAStagedIoSubmitsItAndSaysSo() => Run(run =>
    {
        IoFile file = run.CreateFile(4);
        NativeBlock memory = run.Allocate(1);
        using AioContext context = run.System.CreateContext();
        WaitReference reference;
        bool wasStaged;
        using (context.EnterBatch())
        {
            using AioScope scope = context.CreateScope();
            AioHandle handle = context.Acquire(null, scope);
            reference = handle.Reference;
            new BlockTarget(1, 1).StartRead(handle, file, Pattern.BlockBytes, memory.Block(0));
            wasStaged = !reference.IsValid || handle.State == AioHandleState.Staged;
        }

        Assert.True(context.Wait(reference));
        Assert.Equal(wasStaged ? 1 : 0, run.Warnings.Count);
        run.CheckContent(memory.Span, Pattern.BlockBytes);
    });

    [Fact]
    public void WhenAllHandlesAreBusyAcquireWaitsForOne() => Run(run =>
    {
        AioSystem system = run.Start(static options => options.HandlesPerContext = 3);
        IoFile file = run.CreateFile(64);
        NativeBlock memory = run.Allocate(64);
        using AioContext context = system.CreateContext();
        AioReturn[] places = [.. Enumerable.Range(0, 64).Select(static _ => new AioReturn())];
        for (int block = 0; block < 64; block++) Blocks.Read(context, file, block, memory, block, places[block]);
        while (context.WaitForAny())
        {
        }

        Assert.All(places, static place => Assert.Equal(AioResult.Ok(Pattern.BlockBytes), place.Result));
        run.CheckContent(memory.Span, 0);
    });

    [Fact]
    public void WhenAllHandlesAreStagedInAnOpenBatchAcquireSubmitsThem() => Run(run =>
    {
        AioSystem system = run.Start(static options => options.HandlesPerContext = 2);
        IoFile file = run.CreateFile(8);
        NativeBlock memory = run.Allocate(8);
        using AioContext context = system.CreateContext();
        using (context.EnterBatch())
        {
            for (int block = 0; block < 8; block++) Blocks.Read(context, file, block, memory, block);
        }

        while (context.WaitForAny())
        {
        }

        run.CheckContent(memory.Span, 0);
    });

    [Fact]
    public void TryAcquireSaysNoWhenAllHandlesAreBusy() => Run(run =>
    {
        (AioSystem system, var control) = run.StartInjected(static options => options.HandlesPerContext = 1);
        IoFile file = run.CreateFile(1);
        NativeBlock memory = run.Allocate(1);
        using AioContext context = system.CreateContext();
        using var stall = control.Stall();
        WaitReference reference = Blocks.Read(context, file, 0, memory);
        Assert.False(context.TryAcquire(out _));
        stall.Release();
        Assert.True(context.Wait(reference));
        Assert.True(context.TryAcquire(out AioHandle? handle));
        handle.Release();
    });

    // ABA: a reference names one I/O, not a handle.
    [Fact]
    public void AReferenceToAnEarlierLifeOfAHandleIsOverForEver() => Run(run =>
    {
        const int Reuses = 2_000_000;
        AioSystem system = run.Start(static options => options.HandlesPerContext = 1);
        using AioContext context = system.CreateContext();
        IoFile file = run.CreateFile(1);
        NativeBlock memory = run.Allocate(1);
        List<WaitReference> kept = [];
        for (int round = 0; round < Reuses; round++)
        {
            AioHandle handle = context.Acquire();
            if (round % 1000 == 0) kept.Add(handle.Reference);

            // An empty read completes without the method, so that many lives cost little; some go all the way.
            handle.SetVector(memory.Vector(0, round % 1000 == 0 ? Pattern.BlockBytes : 0));
            handle.StartRead(file, 0);
            if (round % 1000 == 0) context.Wait(kept[^1]);
        }

        AioHandle current = context.Acquire();
        foreach (WaitReference reference in kept)
        {
            Assert.True(reference.IsDone);
            Assert.True(reference.Wait(timeoutMilliseconds: 0));
            Assert.True(reference.WaitAsync().IsCompletedSuccessfully);
            Assert.True(context.Wait(reference, timeoutMilliseconds: 0));
        }

        Assert.False(current.Reference.IsDone);
        Assert.Equal(kept.Count, kept.Distinct().Count());
        current.Release();
    });

    [Fact]
    public void WaitersOfManyThreadsSurviveTheReuseOfTheHandle() => Run(run =>
    {
        AioSystem system = run.Start(static options => options.HandlesPerContext = 2);
        IoFile file = run.CreateFile(8);
        NativeBlock memory = run.Allocate(2);
        WaitReference shared = default;
        Lock publication = new();
        bool isOver = false;
        Task[] waiters = [.. Enumerable.Range(0, 4).Select(index => ConformanceRun.OnThread(() =>
        {
            while (!Volatile.Read(ref isOver))
            {
                WaitReference reference;
                lock (publication) reference = shared;
                if (index % 2 == 0) Assert.True(reference.Wait());
                else Watchdog.Wait(reference.WaitAsync().AsTask(), "the await of an I/O that is over ends");
            }
        }))];
        using (AioContext context = system.CreateContext())
        {
            for (int round = 0; round < 4000; round++)
            {
                AioHandle handle = context.Acquire();
                lock (publication) shared = handle.Reference;
                new BlockTarget(round % 8, 1).StartRead(handle, file, (long)(round % 8) * Pattern.BlockBytes, memory.Block(0));
                context.Wait(shared);
            }
        }

        Volatile.Write(ref isOver, true);
        foreach (Task waiter in waiters) Watchdog.Wait(waiter, "a waiter ends");
    });

    [Fact]
    public void AWaiterOfAHandleThatIsReleasedUnusedGoesOn() => Run(run =>
    {
        using AioContext context = run.System.CreateContext();
        AioHandle handle = context.Acquire();
        WaitReference reference = handle.Reference;
        ValueTask awaited = reference.WaitAsync();
        Assert.False(awaited.IsCompleted);
        Task blocked = ConformanceRun.OnThread(() => Assert.True(reference.Wait()));
        WaitUntilBlocked(blocked);
        handle.Release();
        Watchdog.Wait(blocked, "the blocked waiter goes on");
        Watchdog.Wait(awaited.AsTask(), "the awaiting one goes on");
    });

    [Fact]
    public void CallbacksRunLastRegisteredFirstAndEachPhaseOnce() => Run(run =>
    {
        IoFile file = run.CreateFile(1);
        NativeBlock memory = run.Allocate(1);
        using AioContext context = run.System.CreateContext();
        (ulong key, var trace) = TraceCallback.Create();
        AioHandle handle = context.Acquire();
        handle.SetData([key]);
        for (byte layer = 1; layer <= 4; layer++) handle.RegisterCallback(TraceCallback.Id, layer);
        Assert.Throws<InvalidOperationException>(() => handle.RegisterCallback(TraceCallback.Id, 5));
        WaitReference reference = handle.Reference;
        new BlockTarget(0, 1).StartRead(handle, file, 0, memory.Block(0));
        Assert.True(context.Wait(reference));
        Assert.Equal(
            "stage 4,stage 3,stage 2,stage 1,shared 4,shared 3,shared 2,shared 1,local 4,local 3,local 2,local 1", string.Join(',', trace));
    });

    private static void WaitUntilBlocked(Task task)
    {
        // Nothing tells from outside that a thread sleeps; a few turns make it likely, and the tests hold either way.
        for (int turn = 0; turn < 20; turn++) Thread.Sleep(1);
        Assert.False(task.IsCompleted);
    }
}
