namespace Sluice.Tests;

/// <summary>Pooled awaits: once each, where the awaiting code wants to go on, with what flows with it.</summary>
public sealed class AwaitableWaiterTests
{
    [Fact]
    public async Task AwaitingTwiceIsRefused()
    {
        LinkedMethod method = new() { Holds = true };
        using TempFolder folder = new();
        await using AioSystem system = TestSystem.Start(method, shared: 1);
        await using AioFile file = await AioFile.OpenAsync(system, folder.FileWith([1]));
#pragma warning disable CA2012 // Awaiting twice is the subject.
        ValueTask<int> read = file.ReadAsync(new byte[1], 0);
        method.AwaitHeld(1);
        _ = method.LetGo();
        Assert.Equal(1, await read);
        _ = await Assert.ThrowsAsync<InvalidOperationException>(async () => _ = await read);
        ValueTask<int> other = file.ReadAsync(new byte[1], 0);
        _ = Assert.Throws<InvalidOperationException>(() => other.GetAwaiter().GetResult());
        method.AwaitHeld(1);
        _ = method.LetGo();
        Task<int> task = other.AsTask();
        Assert.Equal(1, await task + (await task) - 1);
#pragma warning restore CA2012
    }

    [Fact]
    public async Task TheSynchronizationContextIsRespectedUnlessItRefuses()
    {
        LinkedMethod method = new() { Holds = true };
        using TempFolder folder = new();
        await using AioSystem system = TestSystem.Start(method, shared: 1);
        await using AioFile file = await AioFile.OpenAsync(system, folder.FileWith([1]));
        RecordingContext context = new();
        Task<bool> first = Run(configure: true);
        Release();
        Assert.True(await first.WaitAsync(TestSystem.Watchdog));
        Task<bool> second = Run(configure: false);
        Release();
        Assert.False(await second.WaitAsync(TestSystem.Watchdog));
        context.Refuses = true;
        Task<bool> third = Run(configure: true);
        Release();
        Assert.False(await third.WaitAsync(TestSystem.Watchdog));

        void Release()
        {
            method.AwaitHeld(1);
            _ = method.LetGo();
        }

        Task<bool> Run(bool configure)
        {
            SynchronizationContext? outer = SynchronizationContext.Current;
            SynchronizationContext.SetSynchronizationContext(context);
            try
            {
                return Body(configure);
            }
            finally
            {
                SynchronizationContext.SetSynchronizationContext(outer);
            }
        }

        async Task<bool> Body(bool configure)
        {
            _ = await file.ReadAsync(new byte[1], 0).ConfigureAwait(configure);
            return RecordingContext.IsRunning;
        }
    }

    [Fact]
    public async Task TheTaskSchedulerIsRespected()
    {
        LinkedMethod method = new() { Holds = true };
        using TempFolder folder = new();
        await using AioSystem system = TestSystem.Start(method, shared: 1);
        await using AioFile file = await AioFile.OpenAsync(system, folder.FileWith([1]));
        TaskScheduler exclusive = new ConcurrentExclusiveSchedulerPair().ExclusiveScheduler;
        Task<TaskScheduler> work = Task.Factory.StartNew(
            async () =>
            {
                _ = await file.ReadAsync(new byte[1], 0);
                return TaskScheduler.Current;
            },
            CancellationToken.None,
            TaskCreationOptions.None,
            exclusive).Unwrap();
        method.AwaitHeld(1);
        _ = method.LetGo();
        Assert.Same(exclusive, await work.WaitAsync(TestSystem.Watchdog));
    }

    [Fact]
    public async Task AsyncLocalsFlowThroughAnAwait()
    {
        await using AioSystem system = TestSystem.Start("io_uring");
        using TempFolder folder = new();
        await using AioFile file = await AioFile.OpenAsync(
            system, folder.FileWith(new byte[100_000]), new IoOpenOptions { Access = IoAccess.ReadWrite });
        AsyncLocal<int> local = new();
        await Task.WhenAll(Enumerable.Range(1, 50).Select(async number =>
        {
            local.Value = number;
            for (int round = 0; round < 20; round++)
            {
                await file.FlushAsync();
                Assert.Equal(number, local.Value);
            }
        })).WaitAsync(TestSystem.Watchdog);
    }

    [Theory]
    [MemberData(nameof(TestSystem.RealMethods), MemberType = typeof(TestSystem))]
    public async Task WaitsThatAreGivenUpWhileTheirIoCompletesEndExactlyOnce(string method)
    {
        using AioSystem system = TestSystem.Start(method);
        using TempFolder folder = new();
        using IoFile file = system.FileSystem.Open(folder.FileWith(new byte[4096]), new IoOpenOptions { Access = IoAccess.ReadWrite });
        AioContext context = system.CreateContext();
        int done = 0;
        for (int round = 0; round < 500; round++)
        {
            using CancellationTokenSource cancellation = new();
            AioHandle handle = context.Acquire();
            WaitReference reference = handle.Reference;
            handle.StartFdatasync(file);
            Task cancels = Task.Run(cancellation.Cancel);
            try
            {
                if (round % 2 == 0) await reference.WaitAsync(cancellation.Token).AsTask().WaitAsync(TestSystem.Watchdog);
                else
                {
                    await context.WaitAsync(
                        reference, TimeSpan.FromTicks(round * 20), cancellation.Token).AsTask().WaitAsync(TestSystem.Watchdog);
                }

                done++;
            }
            catch (Exception exception) when (exception is OperationCanceledException or TimeoutException)
            {
                Assert.False(
                    exception is TimeoutException && exception.Message.Contains("operation has timed out", StringComparison.Ordinal),
                    "The wait hangs.");
                done++;
            }

            await cancels;
            Assert.True(reference.Wait(60_000));
        }

        Assert.Equal(500, done);
        context.Dispose();
    }

    private sealed class RecordingContext : SynchronizationContext
    {
        [ThreadStatic]
        private static bool t_isRunning;

        internal static bool IsRunning => t_isRunning;

        internal bool Refuses { get; set; }

        public override void Post(SendOrPostCallback d, object? state)
        {
            if (Refuses) throw new InvalidOperationException("This context has ended.");
            _ = ThreadPool.UnsafeQueueUserWorkItem(
                _ =>
                {
                    t_isRunning = true;
                    d(state);
                    t_isRunning = false;
                },
                null);
        }
    }
}
