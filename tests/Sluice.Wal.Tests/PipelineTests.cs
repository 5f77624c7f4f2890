using Sluice.TestPlugins.Injecting;

namespace Sluice.Wal.Tests;

/// <summary>
/// Commits that overlap: the next flush begins while the one before is out, whoever waits and however, and what it made durable counts when the one before has.
/// </summary>
public sealed class PipelineTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public static TheoryData<string, WalSyncForm, bool> Cases
    {
        get
        {
            TheoryData<string, WalSyncForm, bool> cases = [];
            foreach (string method in (string[])["worker", "io_uring"])
            {
                foreach (WalSyncForm form in (WalSyncForm[])[WalSyncForm.Fdatasync, WalSyncForm.Fsync, WalSyncForm.LinkedFdatasync])
                {
                    cases.Add(method, form, true);
                    cases.Add(method, form, false);
                }
            }

            return cases;
        }
    }

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task TwoFlushesAreInFlightAtOnceWhenCommittersWaitBeyondTheFirst(string method, WalSyncForm form, bool blocks)
    {
        InjectionControl control = new();
        await using AioSystem system = TestLog.Start(control, method);
        await using WriteAheadLog log = await WriteAheadLog.OpenAsync(system, _folder.Log, TestLog.Small with { SyncForm = form, SealWaiters = 1 });
        using Injection first = control.Stall(request => IsFlush(request, form), times: 1);
        LogPosition firstEnd = log.Append(1, TestLog.Body(1, 100));
        Task firstCommit = CommitAsync(log, firstEnd, blocks);
        Assert.True(first.WaitUntilStalled(1, TestLog.Watchdog));

        // The first is out. Whoever waits beyond it, on a thread or awaiting, gets the next one begun, and nobody else comes who could.
        using Injection second = control.Stall(request => IsFlush(request, form), times: 1);
        LogPosition secondEnd = log.Append(1, TestLog.Body(2, 100));
        Task secondCommit = CommitAsync(log, secondEnd, blocks);
        Assert.True(second.WaitUntilStalled(1, TestLog.Watchdog), "The second flush waited for the first.");
        Assert.Equal(2, FlushesInFlight(system, form));

        // It returns first, and counts for nothing before the first has returned: an error is told once, and may be told to that one.
        second.Release();
        using CancellationTokenSource watchdog = new(TestLog.Watchdog);
        while (FlushesInFlight(system, form) != 1) await Task.Delay(1, watchdog.Token);
        Assert.True(log.DurablePosition < firstEnd);
        Assert.False(firstCommit.IsCompleted);
        Assert.False(secondCommit.IsCompleted);

        first.Release();
        await Task.WhenAll(firstCommit, secondCommit).WaitAsync(TestLog.Watchdog);
        Assert.True(log.DurablePosition >= secondEnd);
        Assert.Equal(2, log.ReadStatistics().CommitsWoken - 1);
    }

    [Fact]
    public async Task ALoopGoesOnWhileAllFlushesAreOutAndAWriteIs()
    {
        InjectionControl control = new();
        await using AioSystem system = TestLog.Start(control, "io_uring");
        using AioLoop loop = system.CreateLoop("log");
        WriteAheadLog log = null!;
        await loop.InvokeAsync(async () => log = await WriteAheadLog.OpenAsync(system, _folder.Log, TestLog.Small with { SyncForm = WalSyncForm.Fdatasync, FlushesInFlight = 1 }));
        using Injection flush = control.Stall(static request => IsFlush(request, WalSyncForm.Fdatasync), times: 1);
        Task first = loop.InvokeAsync(async () => await log.AppendAndFlushAsync(1, TestLog.Body(1, 100)));
        Assert.True(flush.WaitUntilStalled(1, TestLog.Watchdog));
        using Injection write = control.Stall(BlockWatch.IsOfSegment, times: 1);
        Task second = loop.InvokeAsync(async () => await log.AppendAndFlushAsync(1, TestLog.Body(2, 100)));
        Assert.True(write.WaitUntilStalled(1, TestLog.Watchdog), "The loop goes round without end.");

        // Nothing can be begun, and nobody tries for ever.
        await loop.InvokeAsync(static () => Task.CompletedTask).WaitAsync(TestLog.Watchdog);
        write.Release();
        flush.Release();
        await Task.WhenAll(first, second).WaitAsync(TestLog.Watchdog);
        await loop.InvokeAsync(async () => await log.DisposeAsync());
    }

    private static Task CommitAsync(WriteAheadLog log, LogPosition end, bool blocks) => blocks
        ? Task.Factory.StartNew(() => log.Flush(end), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)
        : log.FlushAsync(end).AsTask();

    private static bool IsFlush(IoRequest request, WalSyncForm form) =>
        request.Operation == OperationOf(form) && SegmentName.TryParse(Path.GetFileName(request.File.Path), 1 << 20, out _, out _);

    private static int FlushesInFlight(AioSystem system, WalSyncForm form) =>
        system.Snapshot().Count(row => row.TargetName == "wal" && row.Operation == OperationOf(form) && row.State == AioHandleState.Submitted);

    // A linked write is its own flush.
    private static IoOperation OperationOf(WalSyncForm form) => form switch
    {
        WalSyncForm.Fdatasync => IoOperation.Fdatasync,
        WalSyncForm.Fsync => IoOperation.Fsync,
        _ => IoOperation.Write,
    };
}
