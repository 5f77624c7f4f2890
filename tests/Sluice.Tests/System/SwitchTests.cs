using Sluice.Methods;

namespace Sluice.Tests;

/// <summary>Changing the method while I/O runs: nothing is lost, nobody is forgotten.</summary>
public sealed class SwitchTests
{
    private static readonly string[] s_methods = ["worker", "io_uring", "sync", "io_uring", "worker", "sync"];

    [Fact]
    public async Task AnUnknownOrUnavailableMethodChangesNothing()
    {
        await using AioSystem system = TestSystem.Start("sync");
        _ = await Assert.ThrowsAsync<IoMethodException>(() => system.SwitchMethodAsync("no_such"));
        Assert.Equal("sync", system.MethodName);
        Assert.True(await system.SwitchMethodAsync("sync"));
        _ = await system.SwitchMethodAsync("auto");
        string best = system.MethodName;
        Assert.True(await system.SwitchMethodAsync("auto"));
        Assert.Equal(best, system.MethodName);
    }

    [Theory]
    [InlineData("worker", "io_uring")]
    [InlineData("io_uring", "worker")]
    [InlineData("io_uring", "sync")]
    [InlineData("sync", "io_uring")]
    public async Task WhatIsStagedAndAwaitedBeforeASwitchIsDoneAfterIt(string from, string to)
    {
        await using AioSystem system = TestSystem.Start(
            from, handles: 64, shared: 1, configure: static options => options.UnloadTimeout = TimeSpan.Zero);
        using TempFolder folder = new();
        await using AioFile file = await AioFile.OpenAsync(
            system, folder.FileWith(new byte[1000]), new IoOpenOptions { Access = IoAccess.ReadWrite });
        AioContext shared = system.ContextById(0)!;
        shared.CloseGate();
        Task[] waits = [.. Enumerable.Range(0, 200).Select(index => file.ReadAsync(new byte[10], index).AsTask())];
        AioContext own = system.CreateContext();
        own.CloseGate();
        AioHandle handle = own.Acquire();
        WaitReference reference = handle.Reference;
        handle.StartFdatasync(file.File);
        Task foreign = reference.WaitAsync().AsTask();
        using ManualResetEventSlim ended = new();
        Thread blocks = new(() =>
        {
            _ = reference.Wait();
            ended.Set();
        })
        { IsBackground = true };
        blocks.Start();
        _ = await system.SwitchMethodAsync(to).WaitAsync(TestSystem.Watchdog);
        await Task.WhenAll([.. waits, foreign]).WaitAsync(TestSystem.Watchdog);
        Assert.True(ended.Wait(TestSystem.Watchdog), "A blocked wait is forgotten.");
        own.Dispose();
        AioStatistics statistics = system.ReadStatistics();
        Assert.Equal(0, statistics.RefusedByMethod);
        Assert.Equal(0, statistics.MethodFaults);
    }

    [Fact]
    public async Task SwitchingUnderLoadLosesNothing()
    {
        await using AioSystem system = TestSystem.Start("worker", handles: 48, shared: 2, configure: static options =>
        {
            options.UnloadTimeout = TimeSpan.Zero;
            options.ContextsMax = 16;
        });
        using TempFolder folder = new();
        byte[] content = new byte[100_000];
        new Random(5).NextBytes(content);
        await using AioFile file = await AioFile.OpenAsync(
            system, folder.FileWith(content), new IoOpenOptions { Access = IoAccess.ReadWrite });
        using CancellationTokenSource ends = new();
        long done = 0;
        Task awaiting = Task.Run(() => ReadMany(100));
        TestThread[] blocking =
        [
            new(() =>
            {
                using AioLoop loop = system.CreateLoop();
                loop.InvokeAsync(() => ReadMany(60)).GetAwaiter().GetResult();
            }),
            new(BlockingReads),
            new(ComeAndGo),
        ];
        foreach (TestThread thread in blocking) thread.Start();
        for (int round = 0; round < 18; round++)
        {
            await Task.Delay(30);
            _ = await system.SwitchMethodAsync(s_methods[round % s_methods.Length]).WaitAsync(TestSystem.Watchdog);
        }

        await ends.CancelAsync();
        await awaiting.WaitAsync(TestSystem.Watchdog);
        foreach (TestThread thread in blocking) thread.Join();
        Assert.True(done > 1000);
        AioStatistics statistics = system.ReadStatistics();
        Assert.Equal(0, statistics.StaleCompletions);
        Assert.Equal(0, statistics.RefusedByMethod);
        Assert.Equal(0, statistics.MethodFaults);
        Assert.Equal(0, statistics.HandlesInFlight);

        async Task ReadMany(int depth) => await Task.WhenAll(Enumerable.Range(0, depth).Select(async number =>
        {
            byte[] buffer = new byte[700];
            Random random = new(number);
            while (!ends.IsCancellationRequested)
            {
                await Task.Yield();
                int offset = random.Next(content.Length - buffer.Length);
                Assert.Equal(buffer.Length, await file.ReadAsync(buffer, offset));
                Assert.True(buffer.AsSpan().SequenceEqual(content.AsSpan(offset, buffer.Length)));
                if (random.Next(50) == 0) await file.FlushAsync();
                _ = Interlocked.Increment(ref done);
            }
        }));

        unsafe void BlockingReads()
        {
            byte* memory = (byte*)global::System.Runtime.InteropServices.NativeMemory.Alloc(700);
            using (AioContext context = system.CreateContext())
            {
                Random random = new(9);
                while (!ends.IsCancellationRequested)
                {
                    int offset = random.Next(content.Length - 700);
                    AioReturn place = new();
                    AioHandle handle = context.Acquire(place);
                    WaitReference reference = handle.Reference;
                    handle.SetVector(new IoVector(memory, 700));
                    handle.StartRead(file.File, offset);
                    while (!context.Wait(reference, timeoutMilliseconds: 1000))
                    {
                    }

                    Assert.Equal(AioResult.Ok(700), place.Result);
                    Assert.True(new Span<byte>(memory, 700).SequenceEqual(content.AsSpan(offset, 700)));
                    _ = Interlocked.Increment(ref done);
                }
            }

            global::System.Runtime.InteropServices.NativeMemory.Free(memory);
        }

        void ComeAndGo()
        {
            while (!ends.IsCancellationRequested)
            {
                using AioContext context = system.CreateContext("brief");
                context.Acquire().StartFdatasync(file.File);
                _ = Interlocked.Increment(ref done);
            }
        }
    }
}
