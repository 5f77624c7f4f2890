using Sluice.Methods.Tests.Support;
using Sluice.Methods.Worker;

namespace Sluice.Methods.Tests.Worker;

/// <summary>How many workers there are: the bounds, growth under pressure, leaving when idle.</summary>
public class WorkerPoolTests
{
    [Fact]
    public void TheNumberOfWorkersConvergesToExactlyWhatIsAskedFor()
    {
        const int Seed = 4711;
        Random random = new(Seed);
        using IoMethod method = Create(TimeProvider.System, min: 1, max: 32, idle: 0, interval: 0);
        WorkerPool pool = ((WorkerMethod)method).Pool;
        int[] wanted = [1, 32, random.Next(2, 32), random.Next(2, 32), 32, 1, 7];
        foreach (int count in wanted)
        {
            Assert.True(method.TryChangeSetting("min_workers", count.ToString(), out string? refusal), refusal);
            Watchdog.Until(() => pool.WorkerCount == count, $"{count} workers by the minimum (there are {pool.WorkerCount})");
        }

        Watchdog.Until(() => LiveThreads(pool) == 7, "the others end");
        Assert.Equal(Enumerable.Range(0, 7).Select(id => $"sluice-worker-{id}"), pool.Threads.Select(thread => thread.Name));
    }

    [Fact]
    public void OneBatchWakesAsManyWorkersAsItHasRequestsByAChain()
    {
        using ManualResetEventSlim gate = new();
        using ScriptedFile file = Blocking(gate);
        using TestRequests requests = new(4);
        using IoMethod method = Create(new ManualTimeProvider(), min: 8, max: 8, idle: 60_000, interval: 100);
        WorkerPool pool = ((WorkerMethod)method).Pool;
        RecordingSink sink = new(4);
        using IoMethodContext context = MethodSettings.Context(method, sink);
        for (int i = 0; i < 4; i++) requests.Set(i, file, IoOperation.Fsync);
        Watchdog.Until(() => pool.IdleCount == 8, "all workers park");

        context.Offer(sink, requests.All);

        Watchdog.Until(() => file.Executions == 4, "four workers execute at once");
        gate.Set();
        sink.WaitForTotal(4);
        Assert.InRange(MethodSettings.Counter(method, "wakeups"), 1, 4);
    }

    [Fact]
    public void AMaximumBelowTheNumberOfWorkersMakesTheRestLeaveWithoutWaitingForTheTimeout()
    {
        ManualTimeProvider clock = new();
        using IoMethod method = Create(clock, min: 16, max: 32, idle: 60_000, interval: 100);
        WorkerPool pool = ((WorkerMethod)method).Pool;
        Assert.Equal(16, pool.WorkerCount);

        Assert.True(method.TryChangeSetting("min_workers", "3", out _));
        Assert.True(method.TryChangeSetting("max_workers", "5", out _));

        Watchdog.Until(() => pool.WorkerCount == 5, "five workers stay");
        Watchdog.Until(() => LiveThreads(pool) == 5, "the others end");
        Assert.Equal(11, MethodSettings.Counter(method, "retired"));
    }

    [Fact]
    public void WorkersAreStartedOnePerLaunchIntervalUpToTheMaximumAndServeEverything()
    {
        ManualTimeProvider clock = new();
        using ManualResetEventSlim gate = new();
        using ScriptedFile file = Blocking(gate);
        using TestRequests requests = new(32);
        using IoMethod method = Create(clock, min: 1, max: 4, idle: 60_000, interval: 100);
        WorkerPool pool = ((WorkerMethod)method).Pool;
        RecordingSink sink = new(32);
        using IoMethodContext context = MethodSettings.Context(method, sink);
        for (int i = 0; i < 32; i++) requests.Set(i, file, IoOperation.Fsync);

        context.Offer(sink, requests.All);
        clock.FireDue();

        // The first start is due at once, and stays the only one while the clock stands.
        Watchdog.Until(() => pool.WorkerCount == 2 && file.Executions == 2, "the second worker starts");
        clock.Advance(99);
        Assert.Equal(2, pool.WorkerCount);
        clock.Advance(1);
        Assert.Equal(3, pool.WorkerCount);
        Watchdog.Until(() => file.Executions == 3, "the third worker takes a request");
        clock.Advance(100);
        clock.Advance(100);
        clock.Advance(100);
        Assert.Equal(4, pool.WorkerCount);

        gate.Set();
        sink.WaitForTotal(32);
    }

    [Fact]
    public void GrowthThatIsNoLongerWantedIsCancelled()
    {
        ManualTimeProvider clock = new();
        using ManualResetEventSlim gate = new();
        using ScriptedFile file = Blocking(gate);
        using TestRequests requests = new(8);
        using IoMethod method = Create(clock, min: 1, max: 4, idle: 60_000, interval: 100);
        WorkerPool pool = ((WorkerMethod)method).Pool;
        RecordingSink sink = new(8);
        using IoMethodContext context = MethodSettings.Context(method, sink);
        for (int i = 0; i < 8; i++) requests.Set(i, file, IoOperation.Fsync);
        context.Offer(sink, requests.All);
        clock.FireDue();
        Watchdog.Until(() => pool.WorkerCount == 2 && file.Executions == 2, "the second worker starts");

        gate.Set();
        sink.WaitForTotal(8);
        Watchdog.Until(() => pool.IdleCount == 2, "the queue runs empty");
        clock.Advance(100);
        clock.Advance(100);

        Assert.Equal(2, pool.WorkerCount);
    }

    [Fact]
    public void OnlyTheHighestWorkerLeavesAfterTheTimeoutOneAtATimeDownToTheMinimum()
    {
        ManualTimeProvider clock = new();
        using IoMethod method = Create(clock, min: 4, max: 8, idle: 1_000, interval: 100);
        WorkerPool pool = ((WorkerMethod)method).Pool;
        Watchdog.Until(() => pool.IdleCount == 4, "all workers park");
        Assert.True(method.TryChangeSetting("min_workers", "2", out _));

        // Nobody leaves before the timeout, and each departure starts the next one's time.
        Watchdog.Until(() => pool.IdleCount == 4, "all workers park again");
        clock.Advance(999);
        Assert.Equal(4, pool.WorkerCount);
        clock.Advance(1);
        Watchdog.Until(() => pool.WorkerCount == 3 && pool.IdleCount == 3, "the highest leaves");
        clock.Advance(999);
        Assert.Equal(3, pool.WorkerCount);
        Watchdog.Until(() =>
        {
            clock.Advance(1);
            return pool.WorkerCount == 2;
        }, "the next leaves");
        clock.Advance(10_000);
        clock.Advance(10_000);

        Assert.Equal(2, pool.WorkerCount);
        Assert.Equal(2, MethodSettings.Counter(method, "retired"));
    }

    [Fact]
    public void WorkersAreBackgroundThreadsNumberedWithoutGaps()
    {
        using IoMethod method = Create(TimeProvider.System, min: 6, max: 6, idle: 0, interval: 0);
        WorkerPool pool = ((WorkerMethod)method).Pool;

        Assert.Equal(Enumerable.Range(0, 6).Select(id => $"sluice-worker-{id}"), pool.Threads.Select(thread => thread.Name));
        Assert.All(pool.Threads, thread => Assert.True(thread.IsBackground));
    }

    [Fact]
    public void BoundsMayBeChangedUnderLoadAndNothingIsLost()
    {
        using ScriptedFile file = new();
        using TestRequests requests = new(32);
        using IoMethod method = Create(TimeProvider.System, min: 1, max: 32, idle: 0, interval: 0);
        WorkerPool pool = ((WorkerMethod)method).Pool;
        RecordingSink sink = new(32);
        using IoMethodContext context = MethodSettings.Context(method, sink);
        for (int i = 0; i < 32; i++) requests.Set(i, file, IoOperation.Fsync);
        Random random = new(99);
        for (int round = 1; round <= 2_000; round++)
        {
            if (round % 10 == 0)
            {
                Assert.True(method.TryChangeSetting("min_workers", random.Next(1, 33).ToString(), out string? refusal), refusal);
            }

            context.Offer(sink, requests.All);
            SpinUntilTotal(sink, round * 32L);
        }

        Assert.True(method.TryChangeSetting("min_workers", "5", out _));
        Watchdog.Until(() => pool.WorkerCount == 5, "five workers in the end");
        for (int i = 0; i < 32; i++) Assert.Equal(2_000, sink.DeliveriesOf(i));
    }

    internal static void SpinUntilTotal(RecordingSink sink, long total)
    {
        SpinWait spin = default;
        long start = Environment.TickCount64;
        while (sink.Total < total)
        {
            spin.SpinOnce(sleep1Threshold: -1);
            if (Environment.TickCount64 - start < Watchdog.Patience.TotalMilliseconds) continue;
            Assert.Fail($"Lost: {total - sink.Total} of {total} deliveries");
        }
    }

    internal static ScriptedFile Blocking(ManualResetEventSlim gate) => new()
    {
        OnExecute = _ =>
        {
            Assert.True(gate.Wait(Watchdog.Patience));
            return default;
        },
    };

    internal static IoMethod Create(TimeProvider clock, int min, int max, int idle, int interval) =>
        new WorkerMethodFactory().Create(MethodSettings.With(
            clock,
            ("min_workers", min.ToString()),
            ("max_workers", max.ToString()),
            ("worker_idle_timeout_milliseconds", idle.ToString()),
            ("worker_launch_interval_milliseconds", interval.ToString())));

    private static int LiveThreads(WorkerPool pool) => pool.Threads.Count(thread => thread.IsAlive);
}
