namespace Sluice.Tests;

/// <summary>Buffers: whose they are, and when another may have them.</summary>
public sealed class BufferArenaTests
{
    [Fact]
    public void BuffersArePageAlignedAndTheirOwn()
    {
        using AioSystem system = TestSystem.Start("sync");
        using BufferArena arena = system.CreateArena(5000, 8);
        Assert.Equal(0, arena.BufferBytes % Environment.SystemPageSize);
        AioBuffer[] rented = [.. Enumerable.Range(0, 8).Select(_ => arena.Rent())];
        Assert.All(rented, static buffer => Assert.Equal(0, buffer.Address % Environment.SystemPageSize));
        Assert.Equal(8, rented.Select(static buffer => buffer.Address).Distinct().Count());
        Assert.False(arena.TryRent(out _));
        InvalidOperationException none = Assert.Throws<InvalidOperationException>(() => arena.Rent());
        Assert.Contains("All 8 buffers", none.Message, StringComparison.Ordinal);
        foreach (AioBuffer buffer in rented)
        {
            buffer.Return();
            buffer.Return();
        }

        Assert.Equal(8, arena.FreeCount);
    }

    [Fact]
    public void DisposeIsRefusedWhileABufferIsOut()
    {
        using AioSystem system = TestSystem.Start("sync");
        BufferArena arena = system.CreateArena(4096, 2);
        AioBuffer buffer = arena.Rent();
        _ = Assert.Throws<InvalidOperationException>(arena.Dispose);
        buffer.Return();
        arena.Dispose();
        arena.Dispose();
        _ = Assert.Throws<ObjectDisposedException>(() => arena.TryRent(out _));
    }

    [Fact]
    public void ABufferThatWasReturnedCannotBePinned()
    {
        using AioSystem system = TestSystem.Start("sync");
        using BufferArena arena = system.CreateArena(4096, 1);
        AioBuffer buffer = arena.Rent();
        buffer.Return();
        _ = Assert.Throws<ObjectDisposedException>(() => buffer.Pin());
        Assert.Equal(1, arena.FreeCount);
    }

    [Fact]
    public async Task ABufferReturnedInFlightIsKeptUntilItsIoIsOver()
    {
        LinkedMethod method = new() { Holds = true };
        using TempFolder folder = new();
        await using AioSystem system = TestSystem.Start(method, shared: 1);
        await using AioFile file = await AioFile.OpenAsync(system, folder.FileWith(new byte[4096]));
        using BufferArena arena = system.CreateArena(4096, 1);
        AioBuffer buffer = arena.Rent();
        Task<int> read = file.ReadAsync(buffer.Memory, 0).AsTask();
        method.AwaitHeld(1);
        buffer.Return();
        Assert.False(arena.TryRent(out _));
        _ = method.LetGo();
        Assert.Equal(4096, await read);
        Assert.Equal(1, arena.FreeCount);
    }

    [Fact]
    public async Task AnArenaSurvivesAChangeOfTheMethod()
    {
        using TempFolder folder = new();
        await using AioSystem system = TestSystem.Start("io_uring", configure: static options => options.UnloadTimeout = TimeSpan.Zero);
        await using AioFile file = await AioFile.OpenAsync(system, folder.FileWith([.. Enumerable.Repeat((byte)7, 4096)]));
        using BufferArena arena = system.CreateArena(4096, 2);
        bool wasRegistered = arena.IsRegistered;
        foreach (string method in (string[])["sync", "worker", "io_uring"])
        {
            _ = await system.SwitchMethodAsync(method);
            using AioBuffer buffer = arena.Rent();
            buffer.Span.Clear();
            Assert.Equal(4096, await file.ReadAsync(buffer.Memory, 0));
            Assert.True(buffer.Span.IndexOfAnyExcept((byte)7) < 0);
            Assert.Equal(method == "io_uring" && wasRegistered, arena.IsRegistered);
        }
    }

    [Fact]
    public void ThreadsThatRentAndReturnNeverShareABuffer()
    {
        using AioSystem system = TestSystem.Start("sync");
        using BufferArena arena = system.CreateArena(4096, 3);
        TestThread[] threads = [.. Enumerable.Range(1, 4).Select(number => new TestThread(() =>
        {
            for (int round = 0; round < 20_000; round++)
            {
                if (!arena.TryRent(out AioBuffer? buffer)) continue;
                buffer.Span[0] = (byte)number;
                Thread.SpinWait(5);
                Assert.Equal(number, buffer.Span[0]);
                buffer.Return();
            }
        }))];
        foreach (TestThread thread in threads) thread.Start();
        foreach (TestThread thread in threads) thread.Join();
        Assert.Equal(3, arena.FreeCount);
    }
}
