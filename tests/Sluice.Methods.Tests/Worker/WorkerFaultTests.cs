using Sluice.Methods.Tests.Support;
using Sluice.Methods.Worker;

namespace Sluice.Methods.Tests.Worker;

/// <summary>A file that throws in a worker, and the end of the method.</summary>
public class WorkerFaultTests
{
    [Theory]
    [InlineData(IoOperation.Read, IoOutcomeDetail.None)]
    [InlineData(IoOperation.Fsync, IoOutcomeDetail.None)]
    [InlineData(IoOperation.Write, IoOutcomeDetail.Unknown)]
    [InlineData(IoOperation.Allocate, IoOutcomeDetail.Unknown)]
    public void AFileThatThrowsFailsItsRequestAndTheWorkerIsReplaced(IoOperation operation, IoOutcomeDetail detail)
    {
        using ScriptedFile bad = new() { OnExecute = _ => throw new InvalidOperationException("broken") };
        using ScriptedFile good = new();
        using TestRequests requests = new(2);
        using IoMethod method = WorkerPoolTests.Create(TimeProvider.System, min: 1, max: 1, idle: 0, interval: 100);
        WorkerPool pool = ((WorkerMethod)method).Pool;
        Thread first = pool.Threads.Single();
        RecordingSink sink = new(2);
        using IoMethodContext context = MethodSettings.Context(method, sink);
        requests.Set(0, bad, operation);
        requests.Set(1, good, IoOperation.Write);

        context.Offer(sink, requests.Range(0, 1));
        Assert.Equal(new IoCompletion(0, -Errno.EIO, detail), sink.WaitFor(0));
        context.Offer(sink, requests.Range(1, 1));
        Assert.Equal(TestRequests.BufferBytes, sink.WaitFor(1).Result);

        Watchdog.Join(first, "the thread that met the exception ends");
        Assert.Equal(1, pool.WorkerCount);
        Assert.NotSame(first, pool.Threads.Single(thread => thread.IsAlive));
        Assert.Equal(1, MethodSettings.Counter(method, "faults"));
        Assert.Equal(2, MethodSettings.Counter(method, "launched"));
        Assert.Contains("broken", new Dictionary<string, string>(method.Describe())["last_fault"], StringComparison.Ordinal);
    }

    [Fact]
    public void ManyFaultsAmongManyWorkersLoseNothingAndKeepTheNumberOfWorkers()
    {
        using ScriptedFile file = new() { OnExecute = request => request.Slot % 7 == 0 ? throw new IOException("broken") : default };
        using TestRequests requests = new(32);
        using IoMethod method = WorkerPoolTests.Create(TimeProvider.System, min: 4, max: 4, idle: 0, interval: 0);
        WorkerPool pool = ((WorkerMethod)method).Pool;
        RecordingSink sink = new(32);
        using IoMethodContext context = MethodSettings.Context(method, sink);
        for (int i = 0; i < 32; i++) requests.Set(i, file, IoOperation.Fsync);
        for (int round = 1; round <= 100; round++)
        {
            context.Offer(sink, requests.All);
            sink.WaitForTotal(round * 32L);
        }

        Watchdog.Until(() => pool.WorkerCount == 4 && pool.IdleCount == 4, "four workers are there and idle");
        for (int i = 0; i < 32; i++) Assert.Equal(100, sink.DeliveriesOf(i));
        Assert.Equal(500, MethodSettings.Counter(method, "faults"));
    }

    [Fact]
    public void ASinkThatThrowsEndsNeitherTheProcessNorTheService()
    {
        using ScriptedFile file = new();
        using TestRequests requests = new(1);
        using IoMethod method = WorkerPoolTests.Create(TimeProvider.System, min: 1, max: 1, idle: 0, interval: 100);
        RecordingSink sink = new(1);
        using IoMethodContext context = MethodSettings.Context(method, sink);
        requests.Set(0, file, IoOperation.Fsync);
        sink.Delivering = _ => throw new InvalidOperationException("a sink must not");
        context.Offer(sink, requests.All);
        Watchdog.Until(() => MethodSettings.Counter(method, "faults") == 1, "the exception is counted");

        sink.Delivering = null;
        context.Offer(sink, requests.All);

        sink.WaitFor(0);
    }

    [Fact]
    public void DisposeJoinsAllThreadsAlsoThoseThatLeftBefore()
    {
        IoMethod method = WorkerPoolTests.Create(TimeProvider.System, min: 16, max: 32, idle: 0, interval: 0);
        WorkerPool pool = ((WorkerMethod)method).Pool;
        Thread[] threads = [.. pool.Threads];
        Assert.Equal(16, threads.Length);
        Assert.True(method.TryChangeSetting("min_workers", "2", out _));

        method.Dispose();

        Assert.All(threads, thread => Assert.False(thread.IsAlive));
        Assert.False(method.TryChangeSetting("min_workers", "3", out string? refusal));
        Assert.Contains("disposed", refusal, StringComparison.Ordinal);
        method.Dispose();
    }

    [Fact]
    public void DisposeSaysWhatHangsInsteadOfWaitingForEver()
    {
        using ManualResetEventSlim gate = new();
        using ScriptedFile file = WorkerPoolTests.Blocking(gate);
        using TestRequests requests = new(1);
        IoMethod method = WorkerPoolTests.Create(TimeProvider.System, min: 2, max: 2, idle: 0, interval: 100);
        WorkerPool pool = ((WorkerMethod)method).Pool;
        Thread[] threads = [.. pool.Threads];
        pool.StopMilliseconds = 50;
        RecordingSink sink = new(1);
        IoMethodContext context = MethodSettings.Context(method, sink);
        requests.Set(0, file, IoOperation.Fsync);
        context.Offer(sink, requests.All);
        Watchdog.Until(() => file.Executions == 1, "a worker hangs in the file");

        IoMethodException refusal = Assert.Throws<IoMethodException>(method.Dispose);

        Assert.Contains("is executing Fsync of scripted", refusal.Message, StringComparison.Ordinal);
        gate.Set();
        sink.WaitFor(0);
        foreach (Thread thread in threads) Watchdog.Join(thread, "the thread ends once the device answers");
    }

    [Fact]
    public void MethodsComeAndGoWithoutLeavingThreads()
    {
        for (int round = 0; round < 50; round++)
        {
            IoMethod method = WorkerPoolTests.Create(TimeProvider.System, min: 4, max: 8, idle: 0, interval: 0);
            Thread[] threads = [.. ((WorkerMethod)method).Pool.Threads];
            method.Dispose();
            Assert.All(threads, thread => Assert.False(thread.IsAlive));
        }
    }
}
