using Sluice.TempFiles.Tests.Support;
using Sluice.Testing;

namespace Sluice.TempFiles.Tests.TupleStores;

/// <summary>Tuple stores with far too little memory, against lists.</summary>
public sealed class TupleStoreTests
{
    private const int Small = 64 << 10;

    [Theory]
    [MemberData(nameof(TestRun.Methods), MemberType = typeof(TestRun))]
    public void ReadersReadWhatAListHas(string method) => TestRun.WithinWatchdog(() =>
    {
        for (int seed = 0; seed < 8; seed++)
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
        for (int seed = 100; seed < 105; seed++)
        {
            using TestRun run = TestRun.StartDisturbed(method, seed);
            Play(run, seed, direct: false);
        }
    });

    [Fact]
    public void WhatFitsIsNeverWritten() => TestRun.WithinWatchdog(() =>
    {
        using TestRun run = TestRun.Start("io_uring");
        using TempSpace space = run.OpenSpace();
        using AioContext context = run.System.CreateContext();
        using TupleStore<long> store = Make(space, context, 1 << 20);
        for (long value = 0; value < 50_000; value++) store.Add(value);
        Expect(store, 50_000);
        Assert.Equal(0, store.Statistics.BytesWritten);
        Assert.Equal(0, space.FileCount);
    });

    [Theory]
    [InlineData(Small)]
    [InlineData(1 << 20)]
    public void TheMemoryIsWhatWasGivenAndWhatFitsIsNotReadAgain(int memoryBytes) => TestRun.WithinWatchdog(() =>
    {
        using TestRun run = TestRun.Start("io_uring");
        using TempSpace space = run.OpenSpace();
        using AioContext context = run.System.CreateContext();
        using TupleStore<long> store = Make(space, context, memoryBytes);
        for (long value = 0; value < 200_000; value++) store.Add(value);
        Expect(store, 200_000);
        long once = store.Statistics.BytesRead;
        Expect(store, 200_000);
        TupleStoreStatistics statistics = store.Statistics;
        Assert.InRange(statistics.MemoryPeakBytes, 1, memoryBytes);

        // Three quarters of the memory hold blocks that are never read, and every block is written once at most.
        Assert.InRange(statistics.BytesRead - once, 1, store.LengthInBytes - (memoryBytes / 2));
        Assert.InRange(statistics.BytesWritten, 1, store.LengthInBytes);
        Assert.True(statistics.Writes * 2 < statistics.BytesWritten / 4096 || memoryBytes == Small, "Writes are not combined.");
    });

    [Theory]
    [InlineData("worker")]
    [InlineData("io_uring")]
    public void BlocksThatFollowEachOtherAreReadTogetherInBothDirections(string method) => TestRun.WithinWatchdog(() =>
    {
        using TestRun run = TestRun.Start(method, injected: true);
        using TempSpace space = run.OpenSpace();
        using AioContext context = run.System.CreateContext();
        using TupleStore<long> store = Make(space, context, 1 << 20);
        const long Values = 400_000;
        for (long value = 0; value < Values; value++) store.Add(value);
        using TupleStoreReader<long> reader = store.CreateReader();

        // The reader has to wait, and so reads further ahead.
        using var delays = run.Control.Delay(static request => request.Operation == IoOperation.Read);
        for (int round = 0; round < 2; round++)
        {
            for (long value = 0; value < Values; value++)
            {
                Assert.True(reader.TryRead(out long found));
                if (value != found) Assert.Equal(value, found);
            }

            for (long value = Values - 1; value >= 0; value--)
            {
                Assert.True(reader.TryReadBack(out long found));
                if (value != found) Assert.Equal(value, found);
            }
        }

        TupleStoreStatistics statistics = store.Statistics;
        Assert.True(
            statistics.BytesRead / statistics.Reads > 2 * (1 << 14), $"{statistics.Reads} reads for {statistics.BytesRead} bytes.");
        Assert.True(
            statistics.BytesWritten / statistics.Writes > 2 * (1 << 14),
            $"{statistics.Writes} writes for {statistics.BytesWritten} bytes.");
    });

    [Fact]
    public void TrimmingGivesBackWhatEveryReaderHasPassed() => TestRun.WithinWatchdog(() =>
    {
        using TestRun run = TestRun.Start("io_uring");
        using TempSpace space = run.OpenSpace();
        using AioContext context = run.System.CreateContext();
        using TupleStore<long> store = Make(space, context, Small);
        TupleStoreReader<long> reader = store.CreateReader();
        long peak = 0;
        long next = 0;
        for (long value = 0; value < 300_000; value++)
        {
            store.Add(value);

            // About 160 KiB behind the producer.
            if (value - next < 10_000) continue;
            Assert.True(reader.TryRead(out long found));
            Assert.Equal(next++, found);
            if (value % 100 == 0) store.Trim();
            peak = Math.Max(peak, space.UsedBytes);
        }

        Assert.InRange(peak, 1, 1 << 20);
        Assert.Throws<InvalidOperationException>(reader.Rewind);
        TupleStoreReader<long> other = store.CreateReader();
        Assert.True(other.Number <= reader.Number);
        Assert.True(other.TryRead(out long first));
        Assert.Equal(other.Number - 1, first);
        while (reader.TryReadBack(out long back)) Assert.Equal(--next, back);
        reader.SeekToEnd();
        other.Dispose();
        store.Trim();
        Assert.Equal(0, store.FileBlocksInUse);
        Assert.False(reader.TryReadBack(out _));
    });

    [Fact]
    public void RecordsLargerThanTheWholeMemoryAreReadFromBothSides() => TestRun.WithinWatchdog(() =>
    {
        using TestRun run = TestRun.Start("io_uring");
        using TempSpace space = run.OpenSpace();
        using AioContext context = run.System.CreateContext();
        using TupleStore<Row> store = new(
            context, space.CreateOwner("rows"), new RowCodec(), new TupleStoreOptions { MemoryBytes = Small });
        Random random = new(1);
        Row[] rows = [.. Enumerable.Range(0, 30).Select(id => new Row(id, id, random.Next(500_000)))];
        foreach (Row row in rows) store.Add(row);
        using TupleStoreReader<Row> reader = store.CreateReader();
        foreach (Row row in rows)
        {
            Assert.True(reader.TryRead(out Row found));
            Assert.Equal(row, found);
        }

        foreach (Row row in rows.Reverse())
        {
            Assert.True(reader.TryReadBack(out Row found));
            Assert.Equal(row, found);
        }
    });

    [Theory]
    [InlineData("sync")]
    [InlineData("io_uring")]
    public void AddingAndReadingARecordAllocatesNothing(string method) => TestRun.WithinWatchdog(() =>
    {
        using TestRun run = TestRun.Start(method);
        using TempSpace space = run.OpenSpace();
        using AioContext context = run.System.CreateContext();
        using TupleStore<long> store = Make(space, context, Small);

        // 16 bytes each: 65 536 records are 256 blocks, at which lists of blocks have just doubled.
        for (long value = 0; value < 66_000; value++) store.Add(value);
        AllocationMeter meter = AllocationMeter.Start();
        for (long value = 66_000; value < 120_000; value++) store.Add(value);
        Assert.Equal(0, meter.Bytes);
        using TupleStoreReader<long> reader = store.CreateReader();
        for (int index = 0; index < 120_000; index++) reader.TryRead(out _);
        for (int index = 0; index < 120_000; index++) reader.TryReadBack(out _);
        meter = AllocationMeter.Start();
        for (int index = 0; index < 120_000; index++) reader.TryRead(out _);
        for (int index = 0; index < 120_000; index++) reader.TryReadBack(out _);
        Assert.Equal(0, meter.Bytes);
    });

    [Fact]
    public void ReadersStealEachOthersBlocksWhenThereAreMoreThanTheMemoryHas() => TestRun.WithinWatchdog(() =>
    {
        using TestRun run = TestRun.Start("io_uring");
        using TempSpace space = run.OpenSpace();
        using AioContext context = run.System.CreateContext();
        using TupleStore<long> store = Make(space, context, Small);
        for (long value = 0; value < 50_000; value++) store.Add(value);
        TupleStoreReader<long>[] readers = [.. Enumerable.Range(0, 40).Select(_ => store.CreateReader())];
        for (int index = 0; index < readers.Length; index++) Assert.Equal(index * 1000, readers[index].Skip(index * 1000));
        for (int step = 0; step < 1000; step++)
        {
            for (int index = 0; index < readers.Length; index++)
            {
                Assert.True(readers[index].TryRead(out long found));
                Assert.Equal((index * 1000) + step, found);
            }
        }
    });

    internal static TupleStore<long> Make(TempSpace space, AioContext context, long memoryBytes) =>
        new(context, space.CreateOwner("numbers"), UnmanagedCodec<long>.Instance, new TupleStoreOptions { MemoryBytes = memoryBytes });

    private static void Expect(TupleStore<long> store, long count)
    {
        using TupleStoreReader<long> reader = store.CreateReader();
        for (long value = 0; value < count; value++)
        {
            Assert.True(reader.TryRead(out long found));
            if (value != found) Assert.Equal(value, found);
        }

        Assert.False(reader.TryRead(out _));
    }

    private static void Play(TestRun run, int seed, bool direct)
    {
        Random random = new(seed);
        using TempSpace space = run.OpenSpace(new TempSpaceOptions { PieceBytes = 4096 * random.Next(1, 100), Direct = direct });
        using AioContext context = run.System.CreateContext();
        List<Row> model = [];
        long trimmed = 0;

        // With more blocks several of them go in one read or write.
        TupleStoreOptions options = new()
        {
            MemoryBytes = random.Next(2) == 0 ? Small : 4 * Small,
            BlockBytes = random.Next(2) == 0 ? 8192 : 4096,
        };
        using (TupleStore<Row> store = new(context, space.CreateOwner("rows"), new RowCodec(), options))
        {
            List<(TupleStoreReader<Row> Reader, int At)> readers = [];
            int lengthMax = random.Next(3) switch { 0 => 30, 1 => 1000, _ => 15_000 };
            bool trims = random.Next(2) == 0;
            for (int step = 0; step < 300; step++)
            {
                int choice = random.Next(10);
                if (choice < 3)
                {
                    for (int count = random.Next(lengthMax == 30 ? 600 : 20); count > 0; count--)
                    {
                        Row row = new(step, model.Count, random.Next(lengthMax));
                        model.Add(row);
                        store.Add(row);
                    }
                }
                else if (choice == 3 && readers.Count < 5)
                {
                    if (readers.Count > 0 && random.Next(2) == 0)
                    {
                        (TupleStoreReader<Row> copied, int copiedAt) = readers[random.Next(readers.Count)];
                        readers.Add((copied.Copy(), copiedAt));
                    }
                    else
                    {
                        readers.Add((store.CreateReader(), (int)trimmed));
                    }
                }
                else if (readers.Count > 0)
                {
                    int index = random.Next(readers.Count);
                    readers[index] = (
                        readers[index].Reader, Move(readers[index].Reader, readers[index].At, model, (int)trimmed, random, choice));
                    if (choice == 9 && random.Next(10) == 0)
                    {
                        readers[index].Reader.Dispose();
                        readers.RemoveAt(index);
                    }
                    else if (choice == 9 && trims)
                    {
                        store.Trim();
                        trimmed = Math.Max(trimmed, readers.Min(static reader => reader.At));
                    }
                }
            }

            Assert.Equal(model.Count, store.Count);
        }

        run.ExpectNothingInUse(space);
    }

    private static int Move(TupleStoreReader<Row> reader, int at, List<Row> model, int trimmed, Random random, int choice)
    {
        switch (choice)
        {
            case 4:
                int skip = random.Next(-100, 100);
                int reached = Math.Clamp(at + skip, trimmed, model.Count);
                Assert.Equal(reached - at, reader.Skip(skip));
                at = reached;
                break;
            case 5 when random.Next(3) == 0:
                reader.SeekToEnd();
                at = model.Count;
                break;
            case 5 when trimmed == 0:
                reader.Rewind();
                at = 0;
                break;
            case 6:
                TupleStoreMark mark = reader.Mark();
                reader.Skip(random.Next(-50, 50));
                reader.Restore(mark);
                break;
            case 7:
                for (int count = random.Next(random.Next(2) == 0 ? 30 : 1000); count > 0; count--)
                {
                    bool isMore = reader.TryReadBack(out Row back);
                    Assert.Equal(at > trimmed, isMore);
                    if (!isMore) break;
                    Assert.Equal(model[--at], back);
                }

                break;
            default:
                for (int count = random.Next(random.Next(2) == 0 ? 30 : 2000); count > 0; count--)
                {
                    bool isMore = reader.TryRead(out Row found);
                    Assert.Equal(at < model.Count, isMore);
                    if (!isMore) break;
                    Assert.Equal(model[at++], found);
                }

                break;
        }

        Assert.Equal(at, reader.Number);
        return at;
    }
}
