using Sluice.Storage.Tests.Support;

namespace Sluice.Storage.Tests.Checkpoints;

/// <summary>The background writer makes clean what will soon have to go, and nothing else.</summary>
public sealed class BackgroundWriterTests
{
    private static readonly BufferPoolOptions s_small = new() { BufferCount = 128 };

    [Theory]
    [MemberData(nameof(StorageRig.Methods), MemberType = typeof(StorageRig))]
    public async Task WhoeverNeedsABufferFindsACleanOne(string method)
    {
        await using CheckpointRig rig = await CheckpointRig.StartAsync(method, blocks: 1000, options: s_small);
        await using BackgroundWriter writer = new(rig.Pool, new BackgroundWriterOptions { Multiplier = 4, PagesMax = 1000 });
        for (uint block = 0; block < 1000; block++)
        {
            await rig.ChangeAsync(rig.Relations[0], block);
            if (block % 16 == 15) await writer.RunRoundAsync();
        }

        Assert.True(writer.WrittenCount > 300, $"It wrote only {writer.WrittenCount} pages.");
        await rig.Checkpointer.CheckpointAsync();
        rig.ExpectNewestOnDisk();
    }

    [Fact]
    public async Task ARoundWritesNoMoreThanItMay()
    {
        await using CheckpointRig rig = await CheckpointRig.StartAsync("worker", blocks: 1000, options: s_small);
        await using BackgroundWriter writer = new(rig.Pool, new BackgroundWriterOptions { Multiplier = 10, PagesMax = 7 });
        long limitsBefore = writer.LimitCount;
        for (uint block = 0; block < 1000; block++)
        {
            await rig.ChangeAsync(rig.Relations[0], block);
            if (block % 64 == 63) Assert.InRange((await writer.RunRoundAsync()).Written, 0, 7);
        }

        Assert.True(writer.LimitCount > limitsBefore);
    }

    [Fact]
    public async Task PinnedPagesAreLeftAlone()
    {
        await using CheckpointRig rig = await CheckpointRig.StartAsync("sync", blocks: 100, options: s_small);
        List<BufferPin> pins = [];
        for (uint block = 0; block < 50; block++)
        {
            await rig.ChangeAsync(rig.Relations[0], block);
            pins.Add(await rig.Session.ReadAsync(rig.Relations[0], RelationFork.Main, block));
        }

        await using BackgroundWriter writer = new(rig.Pool, new BackgroundWriterOptions { Multiplier = 10, PagesMax = 1000 });
        for (int round = 0; round < 20; round++) await writer.RunRoundAsync();
        Assert.Equal(0, writer.WrittenCount);
        foreach (BufferPin pin in pins) pin.Release();
    }

    [Theory]
    [MemberData(nameof(StorageRig.Methods), MemberType = typeof(StorageRig))]
    public async Task AWriteThatFailsLeavesThePageDirty(string method)
    {
        await using CheckpointRig rig = await CheckpointRig.StartAsync(method, blocks: 1000, options: s_small);
        await using BackgroundWriter writer = new(rig.Pool, new BackgroundWriterOptions { Multiplier = 4, PagesMax = 1000 });
        int failures = 0;
        using (rig.Control.Replace(
            static _ => -Errno.EIO, static request => request.Operation == IoOperation.Write && request.OffsetBytes % 3 == 0, times: 40))
        {
            for (uint block = 0; block < 1000; block++)
            {
                await rig.ChangeAsync(rig.Relations[0], block);
                if (block % 16 != 15) continue;
                try
                {
                    await writer.RunRoundAsync();
                }
                catch (AioException)
                {
                    failures++;
                }
            }
        }

        Assert.True(failures > 0);
        await rig.Checkpointer.CheckpointAsync();
        rig.ExpectNewestOnDisk();
    }

    [Fact]
    public async Task ItRunsUntilItIsStopped()
    {
        await using CheckpointRig rig = await CheckpointRig.StartAsync("io_uring", blocks: 400, options: s_small);
        await using BackgroundWriter writer =
            new(rig.Pool, new BackgroundWriterOptions { Delay = TimeSpan.FromMilliseconds(1), Multiplier = 4, PagesMax = 1000 });
        using CancellationTokenSource stopping = new();
        Task running = writer.RunAsync(stopping.Token);
        using CancellationTokenSource watchdog = new(StorageRig.Watchdog);
        for (uint block = 0; writer.WrittenCount == 0; block = (block + 1) % 400)
        {
            watchdog.Token.ThrowIfCancellationRequested();
            await rig.ChangeAsync(rig.Relations[0], block);
            await Task.Yield();
        }

        await stopping.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }
}
