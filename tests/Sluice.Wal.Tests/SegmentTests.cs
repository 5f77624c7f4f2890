using Sluice.TestPlugins.Injecting;

namespace Sluice.Wal.Tests;

/// <summary>Segments that are given up, and memory that an opening takes: neither is in anybody's way.</summary>
public sealed class SegmentTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task SegmentsAreMadeWhileOthersAreBeingGivenUp()
    {
        using ManualResetEventSlim isRenaming = new();
        using ManualResetEventSlim mayGoOn = new();
        InjectionControl control = new()
        {
            FileSystem = new WatchedFileSystem((_, target) =>
            {
                if (!Path.GetFileName(target).StartsWith("spare-", StringComparison.Ordinal)) return;
                isRenaming.Set();
                mayGoOn.Wait(TestLog.Watchdog);
            }),
        };
        await using AioSystem system = TestLog.Start(control);
        await using WriteAheadLog log = await WriteAheadLog.OpenAsync(system, _folder.Log, TestLog.Small with { SegmentsAhead = 1 });
        await AppendAsync(3 << 20);
        Task<int> release = Task.Run(() => log.ReleaseBeforeAsync(log.InsertPosition));
        try
        {
            Assert.True(isRenaming.Wait(TestLog.Watchdog));

            // A disk that is slow with names: committers get their segments nevertheless.
            await AppendAsync(4 << 20).WaitAsync(TestLog.Watchdog);
        }
        finally
        {
            mayGoOn.Set();
        }

        Assert.Equal(3, await release);

        // What was kept is used again, and everything is there.
        await AppendAsync(4 << 20);
        Assert.True(log.ReadStatistics().SegmentsRecycled > 0);
        Assert.Null(log.Failure);

        async Task AppendAsync(int bytes)
        {
            for (int count = 0; count < bytes / 10_000; count++) await log.AppendAsync(1, TestLog.Body(count, 10_000));
            await log.FlushAsync(log.InsertPosition);
        }
    }

    [Fact]
    public async Task AnOpeningThatFindsNoContextLeavesNoMemoryBehind()
    {
        await using AioSystem system = AioSystem.Start(new AioSystemOptions { Method = "io_uring", HandlesPerContext = 64, SharedContexts = 2, ContextsMax = 3 });
        string before = Registered(system);
        using (AioContext last = system.CreateContext("the last there can be"))
        {
            for (int time = 0; time < 3; time++) await Assert.ThrowsAsync<InvalidOperationException>(() => WriteAheadLog.OpenAsync(system, _folder.Log, TestLog.Small));
            Assert.Equal(before, Registered(system));
        }

        // With one it opens, and its ring is what is registered more.
        await using WriteAheadLog log = await WriteAheadLog.OpenAsync(system, _folder.Log, TestLog.Small);
        Assert.NotEqual(before, Registered(system));
    }

    private static string Registered(AioSystem system) => system.DescribeMethod().Single(static line => line.Key == "registered buffers").Value.Split(' ')[0];
}
