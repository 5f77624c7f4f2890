namespace Sluice.Methods.IoUring.Tests;

/// <summary>One thread can wait for the rings of all watched contexts.</summary>
public sealed unsafe class WatchTests
{
    [Fact]
    public void OnlyAWatchedContextIsReported()
    {
        using Bench bench = new();
        using OsFile file = Bench.OpenUnnamed();
        byte* memory = bench.Allocate(4096, 1);
        bench.Context.Submit([bench.PrepareTransfer(0, file, IoOperation.Write, memory, 4096)], waitFollows: false);
        SpinWait.SpinUntil(() => bench.Context.HasCompletions);
        int[] ready = new int[4];
        Assert.Equal(0, bench.Method.WaitForReady(ready, 0));
        bench.Context.SetWatched(true);
        Assert.Equal(1, bench.Method.WaitForReady(ready, -1));
        Assert.Equal(0, ready[0]);
        Assert.Equal(1, bench.Context.Reap());
        bench.Context.SetWatched(false);
        bench.Context.Submit([bench.PrepareTransfer(0, file, IoOperation.Write, memory, 4096)], waitFollows: false);
        SpinWait.SpinUntil(() => bench.Context.HasCompletions);
        Assert.Equal(0, bench.Method.WaitForReady(ready, 10));

        // What is there already counts when it is watched again.
        bench.Context.SetWatched(true);
        Assert.Equal(1, bench.Method.WaitForReady(ready, -1));
        Assert.Equal(1, bench.Context.Reap());
    }

    [Fact]
    public void EachCompletionAfterAReportIsReportedAgain()
    {
        using Bench bench = new();
        using OsFile file = Bench.OpenUnnamed();
        byte* memory = bench.Allocate(4096, 1);
        bench.Context.SetWatched(true);
        int[] ready = new int[4];
        for (int round = 0; round < 2_000; round++)
        {
            bench.Context.Submit([bench.PrepareTransfer(round % 64, file, IoOperation.Write, memory, 4096)], waitFollows: false);
            Assert.Equal(1, bench.Method.WaitForReady(ready, 30_000));

            // Reaping only every other time: the next completion has to be reported although the ring was not emptied. A
            // report may come twice for one completion, never less than once.
            if (round % 2 == 0) continue;
            int reaped = bench.Context.Reap();
            while (reaped < 2)
            {
                Assert.Equal(1, bench.Method.WaitForReady(ready, 30_000));
                reaped += bench.Context.Reap();
            }
        }
    }

    [Fact]
    public void APollerDrivesAllContextsOfAMethod()
    {
        using Bench bench = new(handles: 8);
        const int contexts = 3;
        const int rounds = 1_000;
        using OsFile file = Bench.OpenUnnamed();
        byte* memory = bench.Allocate(4096, 1);
        RecordingSink sink = bench.Sink;
        IoMethodContext[] all = [bench.Context, Make(1), Make(2)];
        foreach (IoMethodContext context in all) context.SetWatched(true);
        bool isOver = false;
        Thread poller = new(() =>
        {
            int[] ready = new int[2];
            while (!Volatile.Read(ref isOver))
            {
                int count = bench.Method.WaitForReady(ready, -1);
                for (int index = 0; index < count; index++) all[ready[index]].Reap();
            }
        });
        poller.Start();
        for (int round = 0; round < rounds; round++)
        {
            for (int index = 0; index < contexts; index++)
            {
                all[index].Submit([bench.PrepareTransfer(index, file, IoOperation.Write, memory, 4096)], waitFollows: false);
            }

            bool isComplete = SpinWait.SpinUntil(() => sink.Count == (round + 1) * contexts, TimeSpan.FromSeconds(30));
            Assert.True(isComplete, "a completion was not reported");
        }

        Volatile.Write(ref isOver, true);
        bench.Method.WakeReadyWaiter();
        poller.Join();
        all[1].Dispose();
        all[2].Dispose();
        IoMethodContext Make(int id) => bench.Method.CreateContext(new IoMethodContextOptions(id, 8, 1, sink));
    }

    [Fact]
    public void AWakeOfTheReadyWaiterIsNotLostAndCountsOnce()
    {
        using Bench bench = new();
        int[] ready = new int[1];
        bench.Method.WakeReadyWaiter();
        bench.Method.WakeReadyWaiter();
        Assert.Equal(0, bench.Method.WaitForReady(ready, -1));
        long started = TimeProvider.System.GetTimestamp();
        Assert.Equal(0, bench.Method.WaitForReady(ready, 20));
        Assert.True(TimeProvider.System.GetElapsedTime(started) >= TimeSpan.FromMilliseconds(19));
    }

    [Fact]
    public void ADisposedContextCanStillBeLookedAt()
    {
        Bench bench = new();
        IoMethodContext context = bench.Method.CreateContext(new IoMethodContextOptions(1, 8, 1, bench.Sink));
        context.SetWatched(true);
        context.Dispose();
        for (int look = 0; look < 1000; look++) Assert.False(context.HasCompletions);
        context.Wake();
        context.SetWatched(false);
        bench.Dispose();
    }
}
