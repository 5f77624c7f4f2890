using Sluice.TempFiles.Tests.Support;
using Sluice.Testing;

namespace Sluice.TempFiles.Tests.TupleStores;

/// <summary>Records that many write and many read, each by one.</summary>
public sealed class SharedTupleStoreTests
{
    [Theory]
    [MemberData(nameof(TestRun.Methods), MemberType = typeof(TestRun))]
    public void EachRecordIsReadExactlyOnce(string method) => TestRun.WithinWatchdog(() =>
    {
        for (int seed = 0; seed < 6; seed++)
        {
            using TestRun run = TestRun.Start(method, seed: (ulong)seed + 1);
            Play(run, seed, direct: seed % 4 == 1 && method != "simulated");
        }
    });

    [Theory]
    [InlineData("sync")]
    [InlineData("worker")]
    [InlineData("io_uring")]
    [InlineData("simulated")]
    public void ShortDelayedAndReorderedTransfersChangeNothing(string method) => TestRun.WithinWatchdog(() =>
    {
        for (int seed = 100; seed < 104; seed++)
        {
            using TestRun run = TestRun.StartDisturbed(method, seed);
            Play(run, seed, direct: false);
        }
    });

    [Fact]
    public void AReaderThatStopsGivesBackWhatItHadOnlyClaimed() => TestRun.WithinWatchdog(() =>
    {
        using TestRun run = TestRun.Start("io_uring");
        using TempSpace space = run.OpenSpace();
        using AioContext one = run.System.CreateContext();
        using AioContext two = run.System.CreateContext();
        using SharedTupleStore<long> store = new(
            space.CreateOwner("shared"), UnmanagedCodec<long>.Instance,
            new SharedTupleStoreOptions { MemoryBytes = 0, BlockBytes = 4096 });
        using (SharedTupleWriter<long> writer = store.CreateWriter(one))
        {
            for (long value = 0; value < 34_100; value++) writer.Add(value);
            writer.Finish();
        }

        using SharedTupleReader<long> reader = store.CreateReader(one);
        using SharedTupleReader<long> other = store.CreateReader(two);
        Assert.True(reader.TryRead(out _));
        reader.Dispose();
        long count = 0;
        while (other.TryRead(out _)) count++;

        // 341 records of twelve bytes are in a block.
        Assert.Equal(34_100 - 341, count);
        other.Dispose();
        store.Rewind();
        using SharedTupleReader<long> again = store.CreateReader(one);
        count = 0;
        while (again.TryRead(out _)) count++;
        Assert.Equal(34_100, count);
    });

    [Fact]
    public void WhatFitsStaysInMemory() => TestRun.WithinWatchdog(() =>
    {
        using TestRun run = TestRun.Start("io_uring");
        using TempSpace space = run.OpenSpace();
        using AioContext context = run.System.CreateContext();
        using SharedTupleStore<long> store = new(
            space.CreateOwner("shared"), UnmanagedCodec<long>.Instance, new SharedTupleStoreOptions { MemoryBytes = 1 << 20 });
        using SharedTupleWriter<long> writer = store.CreateWriter(context);
        for (long value = 0; value < 50_000; value++) writer.Add(value);
        writer.Finish();
        Assert.Equal(0, store.BytesWritten);
        using SharedTupleReader<long> reader = store.CreateReader(context);
        while (reader.TryRead(out _))
        {
        }

        Assert.Equal(50_000, reader.Count);
        Assert.Equal(0, space.UsedBytes);
    });

    [Fact]
    public void AParticipantThatFailsEndsTheOthersWithAnErrorThatNamesIt() => TestRun.WithinWatchdog(() =>
    {
        using TestRun run = TestRun.Start("io_uring");
        using TempSpace space = run.OpenSpace();
        using AioContext one = run.System.CreateContext();
        using AioContext two = run.System.CreateContext();
        int calls = 0;
        RowCodec codec = new()
        {
            BeforeEncode = () =>
            {
                if (++calls == 2000) throw new InvalidTimeZoneException("of a test");
            },
        };
        using SharedTupleStore<Row> store = new(
            space.CreateOwner("shared"), codec, new SharedTupleStoreOptions { MemoryBytes = 0, BlockBytes = 4096 });
        using SharedTupleWriter<Row> writer = store.CreateWriter(one);
        using SharedTupleWriter<Row> other = store.CreateWriter(two);
        Row row = new(1, 1, 100);
        Assert.Throws<InvalidTimeZoneException>(() =>
        {
            for (int index = 0; index < 5000; index++) (index % 2 == 0 ? writer : other).Add(row);
        });
        InvalidOperationException exception = Assert.Throws<InvalidOperationException>(() =>
        {
            for (int index = 0; index < 1000; index++) writer.Add(row);
        });
        Assert.Contains("of a test", exception.Message, StringComparison.Ordinal);
        run.ExpectNothingInUse(space);
    });

    [Fact]
    public void AWrongOrderOfCallsIsRefused() => TestRun.WithinWatchdog(() =>
    {
        using TestRun run = TestRun.Start("sync");
        using TempSpace space = run.OpenSpace();
        using AioContext context = run.System.CreateContext();
        using SharedTupleStore<long> store = new(space.CreateOwner("shared"), UnmanagedCodec<long>.Instance);
        SharedTupleWriter<long> writer = store.CreateWriter(context);
        writer.Add(1);
        Assert.Contains(
            "1", Assert.Throws<InvalidOperationException>(() => store.CreateReader(context)).Message, StringComparison.Ordinal);
        writer.Finish();
        SharedTupleReader<long> reader = store.CreateReader(context);
        Assert.Throws<InvalidOperationException>(() => store.CreateWriter(context));
        Assert.Throws<InvalidOperationException>(store.Rewind);
        Assert.True(reader.TryRead(out _));
        reader.Dispose();
        Assert.Throws<ObjectDisposedException>(() => reader.TryRead(out _));
        store.Dispose();
        Assert.Throws<ObjectDisposedException>(() => store.CreateReader(context));
    });

    [Theory]
    [InlineData("sync")]
    [InlineData("io_uring")]
    public void WritingAndReadingARecordAllocatesNothing(string method) => TestRun.WithinWatchdog(() =>
    {
        using TestRun run = TestRun.Start(method);
        using TempSpace space = run.OpenSpace();
        using AioContext context = run.System.CreateContext();
        using SharedTupleStore<long> store = new(
            space.CreateOwner("shared"), UnmanagedCodec<long>.Instance,
            new SharedTupleStoreOptions { MemoryBytes = 0, BlockBytes = 4096 });
        using SharedTupleWriter<long> writer = store.CreateWriter(context);

        // 341 records in a block: the list of blocks has just doubled at 300, and does so again at 512.
        for (long value = 0; value < 102_300; value++) writer.Add(value);
        AllocationMeter meter = AllocationMeter.Start();
        for (long value = 0; value < 51_150; value++) writer.Add(value);
        Assert.Equal(0, meter.Bytes);
        writer.Finish();
        using SharedTupleReader<long> reader = store.CreateReader(context);
        for (int index = 0; index < 50_000; index++) reader.TryRead(out _);
        meter = AllocationMeter.Start();
        for (int index = 0; index < 50_000; index++) reader.TryRead(out _);
        Assert.Equal(0, meter.Bytes);
    });

    private static void Play(TestRun run, int seed, bool direct)
    {
        Random random = new(seed);
        int participants = random.Next(1, 6);
        int lengthMax = random.Next(3) switch { 0 => 20, 1 => 500, _ => 20_000 };
        int each = lengthMax == 20_000 ? 100 : 3000;
        using (TempSpace space = run.OpenSpace(new TempSpaceOptions { PieceBytes = 4096 * random.Next(1, 50), Direct = direct }))
        {
            SharedTupleStoreOptions options = new() { MemoryBytes = random.Next(200_000), BlockBytes = 4096 << random.Next(3) };
            using (SharedTupleStore<Row> store = new(space.CreateOwner("shared"), new RowCodec(), options))
            {
                InParallel(run, participants, (context, number) =>
                {
                    Random own = new((seed * 100) + number);
                    using SharedTupleWriter<Row> writer = store.CreateWriter(context);
                    for (int index = 0; index < each; index++) writer.Add(new Row(number, (number * each) + index, own.Next(lengthMax)));
                    writer.Finish();
                });
                Assert.Equal(participants * each, store.Count);
                for (int round = 0; round < 2; round++)
                {
                    int[] seen = new int[participants * each];
                    InParallel(run, random.Next(1, 6), (context, number) =>
                    {
                        using SharedTupleReader<Row> reader = store.CreateReader(context);
                        while (reader.TryRead(out Row row))
                        {
                            if (!row.IsWhole) throw new InvalidDataException("A record came back changed.");
                            Interlocked.Increment(ref seen[row.Id]);
                        }
                    });
                    Assert.All(seen, static count => Assert.Equal(1, count));
                    store.Rewind();
                }
            }

            run.ExpectNothingInUse(space);
        }
    }

    private static void InParallel(TestRun run, int count, Action<AioContext, int> work)
    {
        Exception? failure = null;
        Thread[] threads = [.. Enumerable.Range(0, count).Select(number => new Thread(() =>
        {
            try
            {
                using AioContext context = run.System.CreateContext();
                work(context, number);
            }
            catch (Exception exception)
            {
                Interlocked.CompareExchange(ref failure, exception, null);
            }
        }))];
        foreach (Thread thread in threads) thread.Start();
        foreach (Thread thread in threads) Assert.True(thread.Join(TestRun.Watchdog), "A participant hangs.");
        Assert.Null(failure);
    }
}
