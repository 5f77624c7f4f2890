using Sluice.Methods.Tests.Support;
using Sluice.Methods.Worker;

namespace Sluice.Methods.Tests.Worker;

/// <summary>The queue between submitters and workers, alone.</summary>
public class BoundedRingTests
{
    [Theory]
    [InlineData(2, 2)]
    [InlineData(3, 4)]
    [InlineData(64, 64)]
    [InlineData(65, 128)]
    public void TheCapacityIsRoundedUpToAPowerOfTwo(int asked, int capacity) => Assert.Equal(capacity, new BoundedRing(asked).Capacity);

    [Fact]
    public void ItHoldsExactlyItsCapacityAndIsFirstInFirstOut()
    {
        using TestRequests requests = new(5);
        BoundedRing ring = new(4);
        for (int round = 0; round < 3; round++)
        {
            Assert.True(ring.IsEmpty);
            for (int i = 0; i < 4; i++) Assert.True(ring.TryEnqueue(null!, requests[i]));
            Assert.False(ring.TryEnqueue(null!, requests[4]));
            Assert.Equal(4, ring.Count);
            Assert.False(ring.IsEmpty);
            for (int i = 0; i < 4; i++)
            {
                Assert.True(ring.TryDequeue(out _, out IoRequest request));
                Assert.Same(requests[i], request);
            }

            Assert.False(ring.TryDequeue(out _, out _));
        }
    }

    [Fact]
    public void ItBehavesAsABoundedQueueForAnySequenceOfCalls()
    {
        using TestRequests requests = new(16);
        const int Seed = 20260101;
        Random random = new(Seed);
        BoundedRing ring = new(8);
        Queue<IoRequest> model = new();
        for (int step = 0; step < 100_000; step++)
        {
            if (random.Next(2) == 0)
            {
                IoRequest request = requests[random.Next(16)];
                bool expected = model.Count < 8;
                Assert.Equal(expected, ring.TryEnqueue(null!, request));
                if (expected) model.Enqueue(request);
            }
            else
            {
                Assert.Equal(model.TryDequeue(out IoRequest? expected), ring.TryDequeue(out _, out IoRequest request));
                if (expected is not null) Assert.Same(expected, request);
            }

            Assert.Equal(model.Count, ring.Count);
            Assert.Equal(model.Count == 0, ring.IsEmpty);
        }
    }

    [Theory]
    [InlineData(2, 4, 4)]
    [InlineData(64, 4, 4)]
    [InlineData(8, 1, 6)]
    [InlineData(8, 6, 1)]
    public void EveryEntryIsTakenOutExactlyOnceByManyThreads(int capacity, int producers, int consumers)
    {
        const int PerProducer = 50_000;
        int total = producers * PerProducer;
        BoundedRing ring = new(capacity);
        using TestRequests one = new(1);
        IoRequest[] requests = new IoRequest[total];
        unsafe
        {
            for (int i = 0; i < total; i++) requests[i] = new IoRequest(i, null);
        }

        int[] seen = new int[total];
        int[] orderBroken = new int[consumers];
        int taken = 0;
        List<Thread> threads = [];
        for (int p = 0; p < producers; p++)
        {
            int first = p * PerProducer;
            threads.Add(new Thread(() =>
            {
                for (int i = first; i < first + PerProducer; i++)
                {
                    while (!ring.TryEnqueue(null!, requests[i])) Thread.Yield();
                }
            }));
        }

        for (int c = 0; c < consumers; c++)
        {
            int consumer = c;
            threads.Add(new Thread(() =>
            {
                int[] last = [.. Enumerable.Repeat(-1, producers)];
                while (Volatile.Read(ref taken) < total)
                {
                    if (!ring.TryDequeue(out _, out IoRequest request))
                    {
                        Thread.Yield();
                        continue;
                    }

                    Interlocked.Increment(ref taken);
                    Interlocked.Increment(ref seen[request.Slot]);

                    // What one producer queued, one consumer sees in order.
                    int producer = request.Slot / PerProducer;
                    if (request.Slot <= last[producer]) orderBroken[consumer]++;
                    last[producer] = request.Slot;
                }
            }));
        }

        foreach (Thread thread in threads) thread.Start();
        foreach (Thread thread in threads) Watchdog.Join(thread, "all entries pass through the ring");

        Assert.All(seen, count => Assert.Equal(1, count));
        Assert.All(orderBroken, count => Assert.Equal(0, count));
        Assert.True(ring.IsEmpty);
    }
}
