namespace Sluice.Tests;

/// <summary>Holds on open files: never closed under one, closed once, none after dispose.</summary>
public sealed class IoFileHoldTests
{
    [Fact]
    public void AFileIsClosedWhenTheLastHoldIsReleased()
    {
        MemoryFile file = new([]);
        Assert.True(file.TryHold(0));
        Assert.True(file.TryHold(7));
        file.Dispose();
        Assert.True(file.IsClosed);
        Assert.False(file.TryHold(1));
        file.ReleaseHold(0);
        Assert.Equal(0, file.CloseCount);
        file.ReleaseHold(7);
        Assert.Equal(1, file.CloseCount);
        file.Dispose();
        Assert.False(file.TryHold(0));
        Assert.Equal(1, file.CloseCount);
    }

    [Fact]
    public void AHeldFileSaysSo()
    {
        MemoryFile file = new([]);
        Assert.False(file.IsHeld);
        Assert.True(file.TryHold(0));
        Assert.True(file.TryHold(5));
        file.ReleaseHold(0);
        Assert.True(file.IsHeld);
        file.ReleaseHold(5);
        Assert.False(file.IsHeld);
    }

    [Fact]
    public void ManyThreadsNeverSeeAClosedFileWhileTheyHoldIt()
    {
        const int Threads = 4;
        for (int round = 0; round < 300; round++)
        {
            int held = 0;
            int heldAtClose = -1;
            MemoryFile file = new([]) { Closing = () => heldAtClose = Volatile.Read(ref held) };
            using Barrier barrier = new(Threads + 1);
            TestThread[] threads = [.. Enumerable.Range(0, Threads).Select(number => new TestThread(() =>
            {
                barrier.SignalAndWait();
                int stripe = number;
                while (file.TryHold(stripe))
                {
                    _ = Interlocked.Increment(ref held);
                    Assert.Equal(0, file.CloseCount);
                    _ = Interlocked.Decrement(ref held);
                    file.ReleaseHold(stripe);
                    stripe += 3;
                }
            }))];
            foreach (TestThread thread in threads) thread.Start();
            barrier.SignalAndWait();
            for (int spin = 0; spin < round % 50; spin++) Thread.SpinWait(10);
            file.Dispose();
            foreach (TestThread thread in threads) thread.Join();
            Assert.Equal(1, file.CloseCount);
            Assert.Equal(0, heldAtClose);
        }
    }

    [Fact]
    public void AHookThatThrowsDoesNotKeepTheFileOpen()
    {
        MemoryFile file = new([]);
        bool wasTold = false;
        file.AddClosingHook(static _ => throw new InvalidOperationException("hook"));
        file.AddClosedHook(_ => wasTold = file.CloseCount == 1);
        _ = Assert.Throws<InvalidOperationException>(file.Dispose);
        Assert.Equal(1, file.CloseCount);
        Assert.True(wasTold, "Whoever waits for the end is told after the descriptor is gone.");
    }

    [Fact]
    public void TheFirstPoisonStays()
    {
        MemoryFile file = new([]);
        file.Poison(Errno.ENOSPC);
        file.Poison(Errno.EIO);
        Assert.True(file.IsPoisoned);
        Assert.Equal(Errno.ENOSPC, file.PoisonErrno);
        file.Dispose();
    }
}
