namespace Sluice.Tests;

/// <summary>Loops: one thread runs everything, nothing is lost, everything ends.</summary>
public sealed class AioLoopTests
{
    private static readonly IoOpenOptions s_new = new() { Access = IoAccess.ReadWrite, Creation = IoCreation.OpenOrCreate };

    [Theory]
    [MemberData(nameof(TestSystem.AllMethods), MemberType = typeof(TestSystem))]
    public void EverythingThatIsAwaitedGoesOnOnTheLoopsThread(string method) => TestSystem.WithinWatchdog(() =>
    {
        using AioSystem system = TestSystem.Start(method);
        using TempFolder folder = new();
        int thread = Environment.CurrentManagedThreadId;
        system.RunLoop(async () =>
        {
            AioFile file = await AioFile.OpenAsync(system, folder.FileWith(new byte[100_000]), s_new);
            Assert.Equal(thread, Environment.CurrentManagedThreadId);
            await file.ReadAsync(new byte[10], 0).ConfigureAwait(false);
            Assert.Equal(thread, Environment.CurrentManagedThreadId);
            await Task.Yield();
            await Task.Delay(1);
            Assert.Equal(thread, Environment.CurrentManagedThreadId);
            byte[][] buffers = [.. Enumerable.Range(0, 300).Select(static _ => new byte[100])];
            await Task.WhenAll(buffers.Select(async (buffer, index) =>
            {
                for (int round = 0; round < 10; round++)
                {
                    _ = await file.ReadAsync(buffer, index * 100);
                    Assert.Equal(thread, Environment.CurrentManagedThreadId);
                }
            }));
            await file.DisposeAsync();
        });
        Assert.Null(AioLoop.Current);
    });

    [Theory]
    [MemberData(nameof(TestSystem.AllMethods), MemberType = typeof(TestSystem))]
    public void HandlesAwaitedOnALoopComeBackOnIt(string method) => TestSystem.WithinWatchdog(() =>
    {
        using AioSystem system = TestSystem.Start(method);
        using TempFolder folder = new();
        using IoFile file = system.FileSystem.Open(folder.FileWith([1]), s_new);
        system.RunLoop(async () =>
        {
            AioContext context = AioLoop.Current!.Context;
            for (int round = 0; round < 3000; round++)
            {
                AioReturn place = new();
                AioHandle handle = context.Acquire(place);
                WaitReference reference = handle.Reference;
                handle.StartFlushRange(file, 0, 1);
                await context.WaitAsync(reference);
                Assert.True(place.IsFilled);
            }
        });
    });

    [Theory]
    [MemberData(nameof(TestSystem.RealMethods), MemberType = typeof(TestSystem))]
    public void PostsFromOtherThreadsAreNeverLost(string method) => TestSystem.WithinWatchdog(() =>
    {
        using AioSystem system = TestSystem.Start(method);
        using AioLoop loop = system.CreateLoop();
        int sum = 0;
        TestThread[] threads = [.. Enumerable.Range(0, 4).Select(_ => new TestThread(() =>
        {
            for (int post = 0; post < 3000; post++)
            {
                Task<int> invoked = loop.InvokeAsync(() => Task.FromResult(++sum));
                if (post % 100 == 0) invoked.GetAwaiter().GetResult();
            }
        }))];
        foreach (TestThread thread in threads) thread.Start();
        foreach (TestThread thread in threads) thread.Join();
        Assert.Equal(12_001, loop.InvokeAsync(() => Task.FromResult(++sum)).GetAwaiter().GetResult());
    });

    [Theory]
    [MemberData(nameof(TestSystem.RealMethods), MemberType = typeof(TestSystem))]
    public async Task DisposeWaitsForTheCodeThatRuns(string method)
    {
        await using AioSystem system = TestSystem.Start(method);
        using TempFolder folder = new();
        string path = folder.FileWith(new byte[8192]);
        for (int round = 0; round < 20; round++)
        {
            AioLoop loop = system.CreateLoop();
            Task<int> work = loop.InvokeAsync(async () =>
            {
                await using AioFile file = await AioFile.OpenAsync(system, path);
                await Task.Delay(round % 3);
                int bytes = 0;
                for (int read = 0; read < 10; read++) bytes += await file.ReadAsync(new byte[100], read);
                return bytes;
            });
            TestSystem.WithinWatchdog(loop.Dispose);
            Assert.Equal(1000, await work.WaitAsync(TestSystem.Watchdog));
            _ = Assert.Throws<ObjectDisposedException>(() => { _ = loop.InvokeAsync(static () => Task.CompletedTask); });
            loop.Dispose();
        }
    }

    [Fact]
    public void AnExceptionComesOutOfRunLoopAndInvoke() => TestSystem.WithinWatchdog(() =>
    {
        using AioSystem system = TestSystem.Start("null");
        _ = Assert.Throws<TimeZoneNotFoundException>(() => system.RunLoop(static async () =>
        {
            await Task.Yield();
            throw new TimeZoneNotFoundException();
        }));
        _ = Assert.Throws<TimeZoneNotFoundException>(() => system.RunLoop(static () => throw new TimeZoneNotFoundException()));
        _ = Assert.Throws<TaskCanceledException>(
            () => system.RunLoop(static () => Task.FromCanceled(new CancellationToken(canceled: true))));
        using AioLoop loop = system.CreateLoop();
        _ = Assert.Throws<TimeZoneNotFoundException>(
            () => loop.InvokeAsync(static () => throw new TimeZoneNotFoundException()).GetAwaiter().GetResult());
        loop.InvokeAsync(static () => Task.CompletedTask).GetAwaiter().GetResult();
    });

    [Fact]
    public void ALoopInsideALoopAndDisposeFromInsideAreRefused() => TestSystem.WithinWatchdog(() =>
    {
        using AioSystem system = TestSystem.Start("null");
        system.RunLoop(() =>
        {
            _ = Assert.Throws<InvalidOperationException>(() => system.RunLoop(static () => Task.CompletedTask));
            _ = Assert.Throws<InvalidOperationException>(system.Dispose);
            _ = Assert.Throws<InvalidOperationException>(AioLoop.Current!.Dispose);
            return Task.CompletedTask;
        });
        _ = system.CreateContext();
    });

    [Fact]
    public void WorkThatEndsOnAnotherThreadEndsTheLoop() => TestSystem.WithinWatchdog(() =>
    {
        using AioSystem system = TestSystem.Start("io_uring");
        system.RunLoop(static async () => await Task.Delay(20).ConfigureAwait(false));
    });

    [Theory]
    [MemberData(nameof(TestSystem.RealMethods), MemberType = typeof(TestSystem))]
    public void AnIoOfAForeignContextCanBeAwaitedOnALoop(string method) => TestSystem.WithinWatchdog(() =>
    {
        using AioSystem system = TestSystem.Start(method);
        using TempFolder folder = new();
        using IoFile file = system.FileSystem.Open(folder.FileWith([1]), s_new);
        using AioContext foreign = system.CreateContext();
        for (int round = 0; round < 200; round++)
        {
            using AioBatch batch = foreign.EnterBatch();
            AioHandle handle = foreign.Acquire();
            WaitReference reference = handle.Reference;
            handle.StartFdatasync(file);
            if (round % 10 == 0) system.RunLoop(async () => await reference.WaitAsync());
            else Assert.True(reference.Wait());
        }
    });

    [Theory]
    [MemberData(nameof(TestSystem.RealMethods), MemberType = typeof(TestSystem))]
    public void TheSystemEndsItsLoopsBeforeTheirContexts(string method) => TestSystem.WithinWatchdog(() =>
    {
        for (int round = 0; round < 10; round++)
        {
            AioSystem system = TestSystem.Start(method);
            using TempFolder folder = new();
            string path = folder.FileWith(new byte[100_000]);
            AioLoop loop = system.CreateLoop();
            Task<int> work = loop.InvokeAsync(async () =>
            {
                AioFile file = await AioFile.OpenAsync(system, path);
                int[] read = await Task.WhenAll(
                    Enumerable.Range(0, 100).Select(index => file.ReadAsync(new byte[100], index * 100).AsTask()));
                await file.DisposeAsync();
                return read.Sum();
            });
            system.Dispose();
            Assert.Equal(10_000, work.GetAwaiter().GetResult());
        }
    });
}
