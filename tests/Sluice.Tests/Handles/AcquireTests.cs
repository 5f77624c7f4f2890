using Sluice.Methods;

namespace Sluice.Tests;

/// <summary>Taking, setting up and giving back handles, and the places for their outcomes.</summary>
public sealed class AcquireTests
{
    [Fact]
    public void ARefusedReturnCostsNoHandle()
    {
        LinkedMethod method = new() { Holds = true };
        using AioSystem system = TestSystem.Start(method, handles: 2);
        using AioContext context = system.CreateContext();
        using TempFolder folder = new();
        using IoFile file = system.FileSystem.Open(folder.FileWith(new byte[10]), new IoOpenOptions());
        AioReturn place = new();
        context.Acquire(place).StartFsync(file);
        _ = Assert.Throws<InvalidOperationException>(() => context.Acquire(place));
        Assert.Equal(1, context.IdleCount);
        context.Acquire().Release();
        method.AwaitHeld(1);
        _ = method.LetGo();
        Assert.True(context.WaitForAny() || place.IsFilled);
        Assert.True(place.IsFilled);
    }

    [Fact]
    public void AScopeThatWasDisposedOrBelongsToAnotherContextCostsNoHandle()
    {
        using AioSystem system = TestSystem.Start("null", handles: 2);
        using AioContext context = system.CreateContext();
        using AioContext other = system.CreateContext();
        AioScope ended = context.CreateScope();
        ended.Dispose();
        AioReturn place = new();
        _ = Assert.Throws<InvalidOperationException>(() => context.Acquire(place, ended));
        using AioScope foreign = other.CreateScope();
        _ = Assert.Throws<InvalidOperationException>(() => context.Acquire(place, foreign));
        Assert.False(place.IsPending);
        Assert.Equal(2, context.IdleCount);
    }

    [Fact]
    public void AReturnThatIsFilledAndNotTakenIsRefused()
    {
        using AioSystem system = TestSystem.Start("null");
        using AioContext context = system.CreateContext();
        using TempFolder folder = new();
        using IoFile file = system.FileSystem.Open(folder.FileWith([1]), new IoOpenOptions());
        AioReturnQueue queue = new();
        AioReturn place = new(queue);
        context.Acquire(place).StartFsync(file);
        _ = context.Poll();
        Assert.Equal(1, queue.Count);
        _ = Assert.Throws<InvalidOperationException>(() => context.Acquire(place));
        Assert.True(queue.TryTake(out _));
        context.Acquire(place).Release();
        Assert.Equal(0, queue.Count);
    }

    [Fact]
    public async Task WhoeverWaitsForAHandleThatIsReleasedIsWoken()
    {
        using AioSystem system = TestSystem.Start("io_uring");
        using AioContext context = system.CreateContext();
        AioHandle handle = context.Acquire();
        WaitReference reference = handle.Reference;
        Task waits = reference.WaitAsync().AsTask();
        using ManualResetEventSlim ended = new();
        Thread blocks = new(() =>
        {
            _ = reference.Wait();
            ended.Set();
        })
        { IsBackground = true };
        blocks.Start();
        Assert.True(SpinWait.SpinUntil(() => blocks.ThreadState.HasFlag(ThreadState.WaitSleepJoin), TestSystem.Watchdog));
        handle.Release();
        await waits.WaitAsync(TestSystem.Watchdog);
        Assert.True(ended.Wait(TestSystem.Watchdog), "A wait for a released handle hangs.");
    }

    [Theory]
    [MemberData(nameof(TestSystem.RealMethods), MemberType = typeof(TestSystem))]
    public async Task AnIoThatSomebodyAwaitsIsSubmittedOutOfAnOpenBatch(string method)
    {
        using AioSystem system = TestSystem.Start(method);
        using TempFolder folder = new();
        using IoFile file = system.FileSystem.Open(folder.FileWith([1]), new IoOpenOptions());
        AioContext context = system.CreateContext();
        AioHandle handle = context.Acquire();
        WaitReference reference = handle.Reference;

        // The wait begins before the I/O is one: only the issuer can then see that somebody waits.
        Task foreign = reference.WaitAsync().AsTask();
        AioBatch batch = context.EnterBatch();
        handle.StartFsync(file);
        await foreign.WaitAsync(TestSystem.Watchdog);
        batch.Dispose();
        context.Dispose();
    }

    [Fact]
    public void MoreVectorsThanTheFileTakesAreRefused()
    {
        using AioSystem system = TestSystem.Start("null");
        using AioContext context = system.CreateContext();
        using MemoryFile file = new(new byte[100], new IoFileCapabilities { VectorsMax = 1 });
        AioHandle handle = context.Acquire();
        handle.SetVectors([new IoVector(1, 1), new IoVector(2, 1)]);
        ArgumentException refusal = Assert.Throws<ArgumentException>(() => handle.StartRead(file, 0));
        Assert.Contains("at most 1 vectors", refusal.Message, StringComparison.Ordinal);
        handle.Release();
    }

    [Theory]
    [MemberData(nameof(TestSystem.AllMethods), MemberType = typeof(TestSystem))]
    public void FlowsOnALoopTakeTurnsWithFewHandles(string method) => TestSystem.WithinWatchdog(() =>
    {
        using AioSystem system = TestSystem.Start(method, handles: 2);
        using TempFolder folder = new();
        using IoFile file = system.FileSystem.Open(folder.FileWith([1]), new IoOpenOptions { Access = IoAccess.ReadWrite });
        int done = 0;
        system.RunLoop(() => Task.WhenAll(Enumerable.Range(0, 20).Select(async _ =>
        {
            AioContext context = AioLoop.Current!.Context;
            AioReturn place = new();
            for (int round = 0; round < 50; round++)
            {
                AioHandle? handle;
                while (!context.TryAcquire(out handle, place)) await context.WaitForHandleAsync();
                WaitReference reference = handle.Reference;
                handle.StartFlushRange(file, 0, 1);
                await context.WaitAsync(reference);
                done++;
            }
        })));
        Assert.Equal(1000, done);
    });

    [Fact]
    public async Task WaitingForAHandleEndsAtOnceWhenOneIsFreeAndIsRefusedWhenNobodyWouldFreeOne()
    {
        LinkedMethod method = new() { Holds = true };
        using AioSystem system = TestSystem.Start(method, handles: 1);
        using AioContext context = system.CreateContext();
        using TempFolder folder = new();
        using IoFile file = system.FileSystem.Open(folder.FileWith(new byte[10]), new IoOpenOptions());
        Assert.True(context.WaitForHandleAsync().IsCompletedSuccessfully);
        AioHandle handle = context.Acquire();
        _ = await Assert.ThrowsAsync<InvalidOperationException>(() => context.WaitForHandleAsync().AsTask());
        handle.StartFsync(file);
        Task waits = context.WaitForHandleAsync().AsTask();
        using (CancellationTokenSource impatient = new())
        {
            Task cancelled = context.WaitForHandleAsync(impatient.Token).AsTask();
            await impatient.CancelAsync();
            _ = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        }

        Assert.False(waits.IsCompleted);
        method.AwaitHeld(1);
        _ = method.LetGo();
        await waits.WaitAsync(TestSystem.Watchdog);
        Assert.True(context.TryAcquire(out AioHandle? again));
        again.Release();
    }
}
