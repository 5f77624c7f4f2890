using Sluice.Methods.Tests.Support;
using Sluice.Methods.Worker;

namespace Sluice.Methods.Tests.Worker;

/// <summary>No wake-up and no request is lost, none is done twice, and nothing is allocated.</summary>
public class WorkerStressTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void NoWakeUpIsLostInThousandsOfRounds(int workers)
    {
        using ScriptedFile file = new();
        using TestRequests requests = new(4);
        using IoMethod method = WorkerPoolTests.Create(TimeProvider.System, min: workers, max: workers, idle: 0, interval: 0);
        WorkerPool pool = ((WorkerMethod)method).Pool;
        RecordingSink sink = new(4);
        using IoMethodContext context = MethodSettings.Context(method, sink);
        for (int i = 0; i < 4; i++) requests.Set(i, file, IoOperation.Fsync);
        Random random = new(12345);
        long total = 0;
        for (int round = 0; round < 30_000; round++)
        {
            // Sometimes the workers are parked, sometimes about to park, sometimes busy when the next batch comes.
            int count = random.Next(1, 5);
            context.Offer(sink, requests.Range(0, count));
            total += count;
            WorkerPoolTests.SpinUntilTotal(sink, total);
            Thread.SpinWait(random.Next(0, 400));
            if (round % 97 == 0) Watchdog.Until(() => pool.IdleCount == workers, "all workers park");
        }

        Assert.Equal(total, MethodSettings.Counter(method, "executed_by_workers"));
        Assert.True(MethodSettings.Counter(method, "wakeups") > 0);
        Assert.True(MethodSettings.Counter(method, "useless_wakeups") <= MethodSettings.Counter(method, "wakeups"));
    }

    [Fact]
    public void EveryRequestIsDeliveredExactlyOnceUnderEightContexts()
    {
        const int Contexts = 8;
        const int Rounds = 2_000;
        const int Depth = 32;
        using IoMethod method = new WorkerMethodFactory().Create(MethodSettings.With(("queue_entries", "64"), ("max_workers", "8")));
        using ScriptedFile file = new()
        {
            OnTry = request => request.OffsetBytes % 3 == 0 ? new IoOutcome((int)request.OffsetBytes) : null,
            OnExecute = request => new IoOutcome((int)request.OffsetBytes),
        };
        int wrong = 0;
        List<Thread> threads = [];
        for (int c = 0; c < Contexts; c++)
        {
            int id = c;
            threads.Add(new Thread(() =>
            {
                using TestRequests requests = new(Depth);
                RecordingSink sink = new(Depth);
                using IoMethodContext context = MethodSettings.Context(method, sink, id);
                for (int round = 1; round <= Rounds; round++)
                {
                    for (int i = 0; i < Depth; i++)
                    {
                        IoRequestFlags flags = i % 2 == 0 ? IoRequestFlags.Buffered : IoRequestFlags.None;
                        requests.Set(i, file, IoOperation.Read, (round * 100) + i, flags: flags);
                    }

                    if (context.Offer(sink, requests.All) != Depth) Interlocked.Increment(ref wrong);
                    WorkerPoolTests.SpinUntilTotal(sink, (long)round * Depth);
                    for (int i = 0; i < Depth; i++)
                    {
                        if (sink.DeliveriesOf(i) != round || sink.Last(i).Result != (round * 100) + i) Interlocked.Increment(ref wrong);
                    }
                }
            }));
        }

        foreach (Thread thread in threads) thread.Start();
        foreach (Thread thread in threads) Watchdog.Join(thread, "all contexts finish");

        Assert.Equal(0, wrong);
        Assert.Equal((long)Contexts * Rounds * Depth, MethodSettings.Counter(method, "submitted"));
        Assert.Equal(
            (long)Contexts * Rounds * Depth,
            MethodSettings.Counter(method, "nowait_hits") + MethodSettings.Counter(method, "queue_overflows") +
            MethodSettings.Counter(method, "executed_by_workers"));
        Assert.Equal(0, MethodSettings.Counter(method, "faults"));
    }

    [Theory]
    [InlineData("true")]
    [InlineData("false")]
    public void NothingIsAllocatedPerRequestOnAnyThread(string nowait)
    {
        using TestFile file = new(blocks: 32);
        using TestRequests requests = new(32);
        using IoMethod method = new WorkerMethodFactory().Create(
            MethodSettings.With(("nowait_reads", nowait), ("min_workers", "4"), ("max_workers", "4")));
        RecordingSink sink = new(32);
        using IoMethodContext context = MethodSettings.Context(method, sink);
        for (int i = 0; i < 32; i++)
        {
            IoOperation operation = i % 4 == 3 ? IoOperation.Write : IoOperation.Read;
            requests.Set(i, file.File, operation, (long)i * TestRequests.BufferBytes, flags: IoRequestFlags.Buffered);
        }

        long total = 0;
        Run(rounds: 300);

        long before = GC.GetTotalAllocatedBytes(precise: true);
        Run(rounds: 100_000 / 32);
        long allocated = GC.GetTotalAllocatedBytes(precise: true) - before;

        // The whole process is counted, so what the test host and the runtime's own threads do in the meantime counts too: a few
        // kilobytes. One object per request would be 100 000 times 24 bytes at least, 2.4 MB.
        Assert.True(allocated < 200_000, $"{allocated} bytes were allocated for 100 000 requests.");

        void Run(int rounds)
        {
            for (int round = 0; round < rounds; round++)
            {
                context.Offer(sink, requests.All);
                total += 32;
                WorkerPoolTests.SpinUntilTotal(sink, total);
            }
        }
    }
}
