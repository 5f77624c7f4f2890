using Sluice.TestPlugins.Injecting;

namespace Sluice.Wal.Tests;

/// <summary>I/O that fails: every waiter gets an answer, nothing acknowledged is lost, and no later success is believed.</summary>
public sealed class FailureTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public static TheoryData<string, WalSyncForm> Cases
    {
        get
        {
            TheoryData<string, WalSyncForm> cases = [];
            foreach (string method in (string[])["sync", "worker", "io_uring"])
            {
                foreach (WalSyncForm form in (WalSyncForm[])[WalSyncForm.Fdatasync, WalSyncForm.WriteDatasync, WalSyncForm.LinkedFdatasync]) cases.Add(method, form);
            }

            return cases;
        }
    }

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task AFailedWriteOrFlushFailsEveryWaiterAndEndsTheLog(string method, WalSyncForm form)
    {
        foreach (int errno in (int[])[Errno.EIO, Errno.ENOSPC])
        {
            string folder = Path.Combine(_folder.Path, $"{errno}");
            InjectionControl control = new();
            await using AioSystem system = TestLog.Start(control, method);
            WriteAheadLog log = await WriteAheadLog.OpenAsync(system, folder, TestLog.Small with { SyncForm = form });
            await log.AppendAndFlushAsync(1, "before"u8.ToArray());
            LogPosition durable = log.DurablePosition;
            IoOperation failing = form == WalSyncForm.Fdatasync && errno == Errno.EIO ? IoOperation.Fdatasync : IoOperation.Write;

            // Only the first fails: a log that tries again would succeed.
            control.Replace(_ => -errno, request => request.Operation == failing && !request.File.Path.Contains("preparing", StringComparison.Ordinal), times: 1);
            Task[] commits = [.. Enumerable.Range(0, 20).Select(number => Task.Run(async () => await log.AppendAndFlushAsync(2, TestLog.Body(number, 50))))];
            foreach (Task commit in commits)
            {
                WalException exception = await Assert.ThrowsAsync<WalException>(() => commit.WaitAsync(TestLog.Watchdog));
                Assert.True(exception.IsLogFailed, exception.Message);
                Assert.Contains("open the log again", exception.Message, StringComparison.Ordinal);
            }

            Assert.Equal(durable, log.DurablePosition);
            Assert.NotNull(log.Failure);
            Assert.Throws<WalException>(() => log.Append(3, default));
            await Assert.ThrowsAsync<WalException>(async () => await log.FlushAsync(log.InsertPosition));
            await log.DisposeAsync();

            await using WriteAheadLog again = await WriteAheadLog.OpenAsync(system, folder, TestLog.Small with { SyncForm = form });
            Assert.True(again.Recovery.Records >= 2);
            await again.AppendAndFlushAsync(4, "after"u8.ToArray());
        }
    }

    [Theory]
    [InlineData("sync")]
    [InlineData("worker")]
    [InlineData("io_uring")]
    public async Task ShortWritesAreContinuedToTheEnd(string method)
    {
        InjectionControl control = new();
        await using AioSystem system = TestLog.Start(control, method);
        Random random = new(3);
        await using (WriteAheadLog log = await WriteAheadLog.OpenAsync(system, _folder.Log, TestLog.Small))
        {
            control.Replace(result => result <= 0 ? result : random.Next(3) == 0 ? result : Math.Max(512, result / 2 / 512 * 512), static request => request.Operation == IoOperation.Write);
            for (int number = 0; number < 300; number++)
            {
                LogPosition end = await log.AppendAsync(1, TestLog.Body(number, number * 20));
                if (number % 5 == 0) await log.FlushAsync(end);
            }

            Assert.True(log.ReadStatistics().ShortWrites > 0);
        }

        List<(LogRecord Record, byte[] Body)> found = await TestLog.ReadAllAsync(system, _folder.Log);
        Assert.Equal(300, found.Count);
        for (int number = 0; number < 300; number++) Assert.Equal(TestLog.Body(number, number * 20), found[number].Body);
    }

    [Theory]
    [InlineData("worker")]
    [InlineData("io_uring")]
    public async Task ABlockIsNotWrittenAgainBeforeItsWriteIsOver(string method)
    {
        InjectionControl control = new();
        await using AioSystem system = TestLog.Start(control, method);
        await using WriteAheadLog log = await WriteAheadLog.OpenAsync(system, _folder.Log, TestLog.Small with { FlushesInFlight = 4 });
        BlockWatch watch = new(control);
        using Injection held = control.Stall(BlockWatch.IsOfSegment, times: 1);
        Task first = log.AppendAndFlushAsync(1, TestLog.Body(1, 60)).AsTask();
        Assert.True(held.WaitUntilStalled(1, TestLog.Watchdog));

        // Of the same block, while the first write of it is out: it has to wait for that, and goes when that is over.
        Task second = log.AppendAndFlushAsync(1, TestLog.Body(2, 60)).AsTask();
        Assert.Equal(1, watch.Writes);
        held.Release();
        await Task.WhenAll(first, second).WaitAsync(TestLog.Watchdog);
        Assert.Equal(2, watch.Writes);
        Assert.Equal(1, watch.Rewrites);
        Assert.Null(watch.Overlap);
    }

    [Theory]
    [InlineData("worker", 2)]
    [InlineData("worker", 1000)]
    [InlineData("io_uring", 2)]
    [InlineData("io_uring", 1000)]
    public async Task TwoWritesOfOneBlockAreNeverInFlightTogether(string method, int sealWaiters)
    {
        InjectionControl control = new() { Reorders = true };
        await using AioSystem system = TestLog.Start(control, method);
        await using WriteAheadLog log = await WriteAheadLog.OpenAsync(system, _folder.Log, TestLog.Small with { SealWaiters = sealWaiters, FlushesInFlight = 4 });

        // What is watched ends only when the log is told of it, a while after it has ended.
        BlockWatch watch = new(control) { LingersMilliseconds = 1 };
        await Task.WhenAll(Enumerable.Range(0, 16).Select(own => Task.Run(async () =>
        {
            for (int number = 0; number < 40; number++) await log.AppendAndFlushAsync((ushort)own, TestLog.Body(number, 60));
        }))).WaitAsync(TestLog.Watchdog);
        Assert.Equal(641, log.ReadStatistics().Records);
        Assert.Null(watch.Overlap);

        // The dangerous case was there: a block that was written half filled was written again.
        Assert.True(watch.Rewrites > 0);
    }

    [Fact]
    public async Task NoSpaceForASegmentIsAClearErrorBeforeTheRecordIsPartOfTheLog()
    {
        InjectionControl control = new();
        await using AioSystem system = TestLog.Start(control);
        await using WriteAheadLog log = await WriteAheadLog.OpenAsync(system, _folder.Log, TestLog.Small with { SegmentsAhead = 1 });
        Injection full = control.Replace(static _ => -Errno.ENOSPC, static request => request.Operation == IoOperation.Write && request.File.Path.Contains("preparing", StringComparison.Ordinal));
        int count = 0;
        WalException failure = Assert.Throws<WalException>(() =>
        {
            for (; count < 1000; count++) log.Append(1, TestLog.Body(count, 10_000));
        });
        Assert.False(failure.IsLogFailed);
        Assert.Contains("ENOSPC", failure.Message, StringComparison.Ordinal);
        Assert.Contains("free some space", failure.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<WalException>(async () => await log.AppendAsync(1, TestLog.Body(count, 10_000)));

        // What is part of the log can be committed, and with space it goes on.
        await log.FlushAsync(log.InsertPosition);
        full.Release();
        for (int more = 0; more < 50; more++) log.Append(1, TestLog.Body(count + more, 10_000));
        await log.FlushAsync(log.InsertPosition);
        Assert.Null(log.Failure);
        Assert.Equal(count + 51, log.ReadStatistics().Records);
    }
}
