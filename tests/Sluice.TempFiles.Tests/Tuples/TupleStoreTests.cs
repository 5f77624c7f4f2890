using Sluice.TempFiles.Tests.Support;

namespace Sluice.TempFiles.Tests.Tuples;

/// <summary>Stores of records against lists in memory, with tiny budgets.</summary>
public sealed class TupleStoreTests
{
    [Theory]
    [MemberData(nameof(TestRun.Methods), MemberType = typeof(TestRun))]
    public void EveryReaderSeesWhatWasAddedWhileItIsAddedTo(string method) => TestRun.WithinWatchdog(() =>
    {
        for (int seed = 0; seed < 16; seed++)
        {
            using TestRun run = TestRun.Start(method, seed: (ulong)seed + 1);
            Play(run, seed);
        }
    });

    [Fact]
    public void ShortDelayedAndReorderedTransfersChangeNothing() => TestRun.WithinWatchdog(() =>
    {
        for (int seed = 50; seed < 54; seed++)
        {
            using TestRun run = TestRun.Start("io_uring", injected: true);
            Random random = new(seed);
            run.Control.Reorders = true;
            using var delays = run.Control.Delay(_ => Chance(random, 0.3));
            using var shorts = run.Control.Replace(static result => result <= 4096 ? result : 4096, _ => Chance(random, 0.3));
            Play(run, seed);
        }
    });

    [Fact]
    public void TrimmingFreesMemoryAndFile() => TestRun.WithinWatchdog(() =>
    {
        using TestRun run = TestRun.Start("sync");
        using TempSpace space = run.OpenSpace(new TempSpaceOptions { PieceBytes = 65536 });
        using AioContext context = run.System.CreateContext();
        using TupleStore store = new(space, context, new TupleStoreOptions { MemoryBytes = 65536 });
        using TupleStoreReader reader = store.CreateReader();
        byte[] record = new byte[1000];
        for (int index = 0; index < 2000; index++)
        {
            BitConverter.TryWriteBytes(record, index);
            store.Add(record);
            Assert.True(reader.MoveNext());
            Assert.Equal(index, BitConverter.ToInt32(reader.Current));
            if (index % 10 == 0) store.Trim();
        }

        Assert.False(store.HasSpilled, "What was read and trimmed needs no room.");
        for (int index = 0; index < 2000; index++) store.Add(record);
        Assert.True(store.HasSpilled);
        long before = space.UsedBytes;
        while (reader.MoveNext())
        {
        }

        store.Trim();
        Assert.True(space.UsedBytes < before / 10, $"{space.UsedBytes} of {before} are still there.");
        Assert.False(reader.MovePrevious(), "What was trimmed is gone.");
        store.Dispose();
        Assert.Equal(0, space.UsedBytes);
    });

    [Theory]
    [InlineData("sync", 1)]
    [InlineData("io_uring", 3)]
    [InlineData("worker", 4)]
    [InlineData("simulated", 1)]
    public void EachRecordOfASharedStoreIsReadOnce(string method, int flows) => TestRun.WithinWatchdog(() =>
    {
        for (int seed = 0; seed < 5; seed++)
        {
            using TestRun run = TestRun.Start(method, seed: (ulong)seed + 1);
            using (TempSpace space = run.OpenSpace(new TempSpaceOptions
            {
                PieceBytes = 32768,
                Direct = method == "io_uring"
                && seed % 2 == 0
            }))
            using (SharedTupleStore store = new(space, 4096 * (1 + (seed % 3))))
            {
                const int Each = 3000;
                InFlows(flows, number =>
                {
                    using AioContext context = run.System.CreateContext();
                    using SharedTupleWriter writer = store.CreateWriter(context);
                    Random random = new((seed * 100) + number);
                    for (int index = 0; index < Each; index++)
                    {
                        byte[] record = new byte[4 + random.Next(random.Next(100) == 0 ? 30_000 : 100)];
                        BitConverter.TryWriteBytes(record, (number * Each) + index);
                        record.AsSpan(4).Fill((byte)index);
                        writer.Write(record);
                    }

                    writer.Finish();
                });
                for (int round = 0; round < 2; round++)
                {
                    int[] seen = new int[flows * Each];
                    int blocks = 0;
                    InFlows(flows, _ =>
                    {
                        using AioContext context = run.System.CreateContext();
                        using SharedTupleReader reader = store.CreateReader(context);
                        while (reader.MoveNext())
                        {
                            int key = BitConverter.ToInt32(reader.Current);
                            Interlocked.Increment(ref seen[key]);
                            Assert.Equal(-1, reader.Current[4..].IndexOfAnyExcept((byte)(key % Each)));
                        }

                        Interlocked.Add(ref blocks, reader.BlocksTaken);
                    });
                    Assert.All(seen, static count => Assert.Equal(1, count));
                    Assert.Equal(store.BlockCount, blocks);
                    store.Rewind();
                }
            }

            run.ExpectNothingLeft();
        }
    });

    [Fact]
    public void ASharedStoreIsReadWhenAllWritersHaveFinished() => TestRun.WithinWatchdog(() =>
    {
        using TestRun run = TestRun.Start("sync");
        using TempSpace space = run.OpenSpace();
        using AioContext context = run.System.CreateContext();
        using SharedTupleStore store = new(space);
        using SharedTupleWriter writer = store.CreateWriter(context);
        using SharedTupleReader reader = store.CreateReader(context);
        Assert.Contains("1 writers have not finished", Assert.Throws<InvalidOperationException>(() => reader.MoveNext()).Message,
            StringComparison.Ordinal);
    });

    [Theory]
    [InlineData("sync")]
    [InlineData("io_uring")]
    public void AddingAndReadingAllocateNothingPerRecord(string method) => TestRun.WithinWatchdog(() =>
    {
        using TestRun run = TestRun.Start(method);
        using TempSpace space = run.OpenSpace();
        using AioContext context = run.System.CreateContext();
        using TupleStore store = new(space, context, new TupleStoreOptions { MemoryBytes = 65536 });
        byte[] record = new byte[100];
        for (int index = 0; index < 3000; index++) store.Add(record);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int index = 0; index < 3000; index++) store.Add(record);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        using TupleStoreReader reader = store.CreateReader();
        for (int index = 0; index < 2000; index++) reader.MoveNext();
        before = GC.GetAllocatedBytesForCurrentThread();
        for (int index = 0; index < 2000; index++) reader.MoveNext();
        for (int index = 0; index < 1000; index++) reader.MovePrevious();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    });

    private static void InFlows(int count, Action<int> body)
    {
        Exception? failure = null;
        Thread[] threads = [.. Enumerable.Range(0, count).Select(number => new Thread(() =>
        {
            try
            {
                body(number);
            }
            catch (Exception exception)
            {
                failure = exception;
            }
        }))];
        foreach (Thread thread in threads) thread.Start();
        foreach (Thread thread in threads) Assert.True(thread.Join(TestRun.Watchdog));
        Assert.Null(failure);
    }

    private static bool Chance(Random random, double chance)
    {
        lock (random) return random.NextDouble() < chance;
    }

    private static void Play(TestRun run, int seed)
    {
        Random random = new(seed);
        using (TempSpace space = run.OpenSpace(new TempSpaceOptions
        {
            PieceBytes = 4096 * random.Next(1, 20),
            Direct = seed % 4 == 3
            && run.System.MethodName is "sync" or "io_uring"
        }))
        using (AioContext context = run.System.CreateContext())
        using (TupleStore store = new(space, context, new TupleStoreOptions { MemoryBytes = 65536 * random.Next(1, 3) }))
        {
            List<byte[]> model = [];
            int trimmed = 0;
            TupleStoreReader[] readers = [.. Enumerable.Range(0, 3).Select(_ => store.CreateReader())];
            int[] at = [-1, -1, -1];
            int addMax = seed % 2 == 0 ? 30 : 400;
            for (int step = 0; step < 800; step++)
            {
                int number = random.Next(3);
                TupleStoreReader reader = readers[number];
                switch (random.Next(8))
                {
                    case 0:
                        for (int index = random.Next(addMax); index > 0; index--)
                        {
                            byte[] record = new byte[random.Next(random.Next(50) == 0 ? 100_000 / (1 + (addMax / 30)) : 60)];
                            random.NextBytes(record);
                            store.Add(record);
                            model.Add(record);
                        }

                        break;
                    case 1 or 2 or 3:
                        for (int index = random.Next(30); index > 0; index--)
                        {
                            bool hasNext = reader.MoveNext();
                            Assert.Equal(at[number] + 1 < model.Count, hasNext);
                            at[number] = Math.Min(at[number] + 1, model.Count);
                            if (hasNext) Assert.True(model[at[number]].AsSpan().SequenceEqual(reader.Current),
                                $"Seed {seed}, step {step}.");
                            else break;
                        }

                        // Behind the last the next is whatever is added: the place is that of the last for what follows.
                        if (at[number] == model.Count && model.Count > 0 && reader.MovePrevious()) at[number] = model.Count - 1;
                        else if (at[number] == model.Count) at[number] = model.Count - 1;
                        break;
                    case 4 or 5:
                        for (int index = random.Next(20); index > 0; index--)
                        {
                            bool hasPrevious = reader.MovePrevious();
                            Assert.Equal(at[number] - 1 >= trimmed, hasPrevious);
                            at[number] = Math.Max(at[number] - 1, trimmed - 1);
                            if (!hasPrevious) break;
                            Assert.True(model[at[number]].AsSpan().SequenceEqual(reader.Current), $"Seed {seed}, step {step}.");
                        }

                        break;
                    case 6 when random.Next(3) == 0:
                        reader.Rewind();
                        at[number] = trimmed - 1;
                        break;
                    case 7 when random.Next(10) == 0:
                        // What is needed is from the record after the one at hand on, or from the mark.
                        store.Trim();
                        trimmed = Math.Max(trimmed, Math.Min(model.Count, Enumerable.Range(0, 3).Min(index => at[index] + 1)));
                        break;
                }
            }

            foreach (TupleStoreReader reader in readers) reader.Dispose();
        }

        run.ExpectNothingLeft();
    }
}
