namespace Sluice.Methods.IoUring.Tests;

/// <summary>Waiting ends for a completion, a wake or the time, and for nothing else; none of the three is ever lost.</summary>
public sealed unsafe class WaitTests
{
    [Fact]
    public void AWaitWithoutTimeReturnsAtOnce()
    {
        using Bench bench = new();
        bench.Context.Wait(0);
        Assert.False(bench.Context.HasCompletions);
        Assert.Equal(0, bench.Context.Reap());
    }

    [Fact]
    public void AWaitEndsWhenItsTimeIsUp()
    {
        using Bench bench = new();
        long started = TimeProvider.System.GetTimestamp();
        bench.Context.Wait(30);
        Assert.True(TimeProvider.System.GetElapsedTime(started) >= TimeSpan.FromMilliseconds(29));
        Assert.Equal(0, bench.Sink.Count);
    }

    [Fact]
    public void AWakeBeforeTheWaitIsNotLostAndCountsOnce()
    {
        using Bench bench = new();
        bench.Context.Wake();
        bench.Context.Wake();
        bench.Context.Wait(-1);
        long started = TimeProvider.System.GetTimestamp();
        bench.Context.Wait(20);
        Assert.True(TimeProvider.System.GetElapsedTime(started) >= TimeSpan.FromMilliseconds(19));
    }

    [Fact]
    public void AWakeThatAReapTookOffStillEndsTheNextWait()
    {
        using Bench bench = new();
        bench.Context.Wake();
        Assert.Equal(0, bench.Context.Reap());
        bench.Context.Wait(-1);
    }

    [Fact]
    public void EveryWakeEndsAWaitThatBlocks()
    {
        using Bench bench = new();
        const int rounds = 5_000;
        using SemaphoreSlim returned = new(0);
        Thread waker = new(() =>
        {
            for (int round = 0; round < rounds; round++)
            {
                bench.Context.Wake();
                Assert.True(returned.Wait(TimeSpan.FromSeconds(30)), "a wake was lost");
            }
        });
        waker.Start();
        for (int round = 0; round < rounds; round++)
        {
            bench.Context.Wait(-1);
            returned.Release();
        }

        waker.Join();
    }

    [Fact]
    public void WakesFromManyThreadsAndSubmissionsDoNotDisturbEachOther()
    {
        using Bench bench = new();
        using OsFile file = Bench.OpenUnnamed();
        byte* memory = bench.Allocate(4096, 1);
        const int rounds = 3_000;
        bool isOver = false;
        Thread[] wakers = [.. Enumerable.Range(0, 2).Select(_ => new Thread(() =>
        {
            while (!Volatile.Read(ref isOver)) bench.Context.Wake();
        }))];
        foreach (Thread waker in wakers) waker.Start();
        for (int round = 0; round < rounds; round++)
        {
            int slot = round % 64;
            IoRequestFlags flags = round % 16 == 0 ? IoRequestFlags.FlushAfter : IoRequestFlags.None;
            IoRequest write = bench.PrepareTransfer(slot, file, IoOperation.Write, memory, 4096, 0, flags);
            Assert.Equal(4096, bench.Run(write, round % 2 == 0).Result);
        }

        Volatile.Write(ref isOver, true);
        foreach (Thread waker in wakers) waker.Join();
        Assert.Equal(rounds, bench.Sink.Count);
        Assert.Equal(0, bench.Counter("overflow_flushes"));
        Assert.Equal(0, bench.Counter("stray_completions"));
    }

    [Fact]
    public void ASubmissionAndTheWaitThatFollowsAreOneSystemCall()
    {
        using Bench bench = new();
        using OsFile file = Bench.OpenUnnamed();
        byte* memory = bench.Allocate(4096, 1);
        Assert.Equal(4096, bench.Run(bench.PrepareTransfer(0, file, IoOperation.Write, memory, 4096), waitFollows: true).Result);
        Assert.True(bench.Counter("enters") - bench.Counter("interrupted_waits") <= 1, bench.Counter("enters").ToString());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void AForeignSubmissionWhileTheOwnerWaitsLosesAndSplitsNothing(bool wakesToo)
    {
        // Two submitters as the runtime allows them (never at once), one of them leading: what it left to its wait is handed over
        // by whoever enters first.
        const int rounds = 4_000;
        using Bench bench = new();
        using OsFile file = Bench.OpenUnnamed();
        byte* memory = bench.Allocate(4096, 8);
        Lock submitting = new();
        bool isOver = false;
        int foreignDone = 0;
        Thread foreign = new(() =>
        {
            for (int round = 0; !Volatile.Read(ref isOver); round++)
            {
                int slot = 32 + (round % 32);
                SpinWait.SpinUntil(() => bench.Requests[slot].Token == 0 || bench.Sink.Has(bench.Requests[slot].Token));
                lock (submitting)
                {
                    IoRequestFlags flags = round % 8 == 0 ? IoRequestFlags.FlushAfter : IoRequestFlags.None;
                    bench.PrepareTransfer(slot, file, IoOperation.Write, memory, 4096, slot * 4096L, flags);
                    bench.Context.Submit([bench.Requests[slot]], waitFollows: false);
                    foreignDone++;
                }

                if (wakesToo) bench.Context.Wake();
            }
        });
        foreign.Start();
        for (int round = 0; round < rounds; round++)
        {
            int slot = round % 32;
            IoRequest request;
            lock (submitting)
            {
                IoRequestFlags flags = round % 8 == 0 ? IoRequestFlags.FlushAfter : IoRequestFlags.None;
                request = bench.PrepareTransfer(slot, file, IoOperation.Write, memory, 4096, slot * 4096L, flags);
                bench.Context.Submit([request], waitFollows: true);
            }

            bench.Context.Wait(10_000);
            while (!bench.Sink.Has(request.Token)) bench.Context.Wait(10_000);
        }

        Volatile.Write(ref isOver, true);
        while (foreign.IsAlive) bench.Context.Wait(5);
        bench.WaitForCount(rounds + foreignDone);
        Assert.Equal(0, bench.Sink.Doubles);
        Assert.Equal(0, bench.Counter("overflow_flushes"));
        ulong count = (ulong)(rounds + foreignDone);
        for (ulong token = 1; token <= count; token++) Assert.Equal(new IoCompletion(token, 4096), bench.Sink[token]);
    }
}
