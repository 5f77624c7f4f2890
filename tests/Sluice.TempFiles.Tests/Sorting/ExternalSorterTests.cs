using Sluice.TempFiles.Tests.Support;
using Sluice.Testing;

namespace Sluice.TempFiles.Tests.Sorting;

/// <summary>What the sorter promises besides the right order: what it leaves behind, what it allocates, what it tells.</summary>
public sealed class ExternalSorterTests
{
    [Fact]
    public void ValuesThatLookAtTheirBytesWhereTheyAreAreSortedTooFromMemoryAndFromRuns() => TestRun.WithinWatchdog(() =>
    {
        using TestRun run = TestRun.Start("sync");
        foreach (int count in (int[])[100, 20_000])
        {
            using TempSpace space = run.OpenSpace();
            using ExternalSorter<ReadOnlySpan<byte>> sorter = new(space, BytesCodec.Instance, SortOrder.Bytes,
                new ExternalSortOptions { MemoryBytes = Memory });
            Random random = new(count);
            List<byte[]> model = [];
            for (int number = 0; number < count; number++)
            {
                byte[] record = new byte[random.Next(1, 40)];
                random.NextBytes(record);
                model.Add(record);
                sorter.Add(record);
            }

            model.Sort(static (left, right) => left.AsSpan().SequenceCompareTo(right));
            using SortedRecords<ReadOnlySpan<byte>> result = sorter.Finish();
            foreach (byte[] expected in model)
            {
                Assert.True(result.MoveNext());
                Assert.True(result.Current.SequenceEqual(expected));
            }

            Assert.False(result.MoveNext());
            Assert.Equal(count > 1000, sorter.Statistics.SpilledBytes > 0);
        }
    });

    private const long Memory = 256 << 10;

    public static TheoryData<string, int> Failures
    {
        get
        {
            TheoryData<string, int> data = [];
            foreach (string method in (string[])["sync", "worker", "io_uring", "simulated"])
            {
                foreach (int errno in (int[])[Errno.EIO, Errno.ENOSPC]) data.Add(method, errno);
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Failures))]
    public void AnIoThatFailsInAnyPhaseIsOneErrorAndNothingIsLeft(string method, int errno) => TestRun.WithinWatchdog(() =>
    {
        using TestRun run = TestRun.Start(method, injected: true);
        Random random = new(7);
        int failed = 0;
        for (int round = 0; round < 30; round++)
        {
            int skip = random.Next(round * 4 + 1);
            bool reads = round % 2 == 0 && errno == Errno.EIO;
            int seen = 0;
            using (TempSpace space = run.OpenSpace())
            {
                using var broken = run.Control.Replace(_ => -errno, request => (request.Operation == IoOperation.Read) == reads
                    && Interlocked.Increment(ref seen) > skip, times: 1);
                Exception? failure = Record.Exception(() => Sort(space, parallelism: 1 + (round % 2)));
                if (failure is not null)
                {
                    failed++;
                    if (errno == Errno.ENOSPC) Assert.IsType<TempSpaceFullException>(failure);
                    else Assert.IsType<AioException>(failure);
                    Assert.Contains("unlucky", failure.Message, StringComparison.Ordinal);
                    Assert.DoesNotContain('\n', failure.Message);
                }

                Assert.Equal(0, space.UsedBytes);
                Assert.Equal(0, space.FileCount);
            }

            run.ExpectNothingLeft();
        }

        Assert.True(failed > 5, $"Only {failed} rounds failed.");
    });

    [Fact]
    public void TheQuotaIsOneErrorAndNothingIsLeft() => TestRun.WithinWatchdog(() =>
    {
        using TestRun run = TestRun.Start("io_uring");
        using (TempSpace space = run.OpenSpace(new TempSpaceOptions { QuotaBytes = 500_000 }))
        {
            TempSpaceFullException exception = Assert.Throws<TempSpaceFullException>(() => Sort(space, parallelism: 2));
            Assert.Contains("quota", exception.Message, StringComparison.Ordinal);
            Assert.Equal(0, space.UsedBytes);
        }

        run.ExpectNothingLeft();
    });

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void AComparerThatThrowsAnywhereLeavesNothingBehind(int parallelism) => TestRun.WithinWatchdog(() =>
    {
        using TestRun run = TestRun.Start("io_uring");
        Random random = new(5);
        for (int round = 0; round < 20; round++)
        {
            long left = random.Next(1, 1_000_000);
            using (TempSpace space = run.OpenSpace())
            {
                NumberedCodec codec = new();
                Comparer<(int Key, int Number)> comparer = Comparer<(int Key, int Number)>.Create((one, two) =>
                    Interlocked.Decrement(ref left) < 0 ? throw new TimeoutException("asked to") : one.Key.CompareTo(two.Key));
                using ExternalSorter<(int Key, int Number)> sorter = new(
                    space, codec, SortOrder.By(codec, comparer),
                        new ExternalSortOptions { MemoryBytes = Memory, Parallelism = parallelism });
                Exception? failure = Record.Exception(() =>
                {
                    for (int number = 0; number < 40_000; number++) sorter.Add((number * 7919 % 1000, number));
                    using SortedRecords<(int Key, int Number)> result = sorter.Finish();
                    while (result.MoveNext())
                    {
                    }
                });
                if (failure is not null)
                {
                    Assert.IsType<TimeoutException>(failure);
                    Assert.Equal(0, space.UsedBytes);
                    Assert.Throws<ObjectDisposedException>(() => sorter.Add((1, 1)));
                }
            }

            run.ExpectNothingLeft();
        }
    });

    [Fact]
    public void ACodecThatThrowsLeavesNothingBehind() => TestRun.WithinWatchdog(() =>
    {
        using TestRun run = TestRun.Start("io_uring");
        using TempSpace space = run.OpenSpace();
        using ExternalSorter<int> sorter = new(space, new ThrowingCodec(), SortOrder.Bytes,
            new ExternalSortOptions { MemoryBytes = 65536 });
        Assert.Throws<TimeoutException>(() =>
        {
            for (int number = 0; number < 100_000; number++) sorter.Add(number);
        });
        Assert.Equal(0, space.FileCount);
        run.ExpectNothingLeft();
    });

    [Theory]
    [InlineData("worker")]
    [InlineData("io_uring")]
    [InlineData("simulated")]
    public void CancellationAtAnyPointLeavesNothingBehind(string method) => TestRun.WithinWatchdog(() =>
    {
        using TestRun run = TestRun.Start(method, injected: true);
        Random random = new(3);
        int cancelled = 0;
        for (int round = 0; round < 25; round++)
        {
            using CancellationTokenSource stop = new();
            int skip = random.Next(120);
            int seen = 0;
            using (TempSpace space = run.OpenSpace())
            {
                // Whoever completes the I/O cancels: at a point of the sort that each round chooses anew.
                using var hook = run.Control.Replace(
                    static result => result,
                    _ =>
                    {
                        if (Interlocked.Increment(ref seen) == skip) stop.Cancel();
                        return false;
                    });
                Exception? failure = Record.Exception(() => Sort(space, 1 + (round % 3), stop.Token));
                if (failure is not null)
                {
                    cancelled++;
                    Assert.IsAssignableFrom<OperationCanceledException>(failure);
                }

                Assert.Equal(0, space.UsedBytes);
            }

            run.ExpectNothingLeft();
        }

        Assert.True(cancelled > 5, $"Only {cancelled} rounds were cancelled.");
    });

    [Theory]
    [InlineData("sync")]
    [InlineData("io_uring")]
    public void TheInnerLoopsAllocateNothingPerRecord(string method) => TestRun.WithinWatchdog(() =>
    {
        using TestRun run = TestRun.Start(method);
        using TempSpace space = run.OpenSpace();
        NumberedCodec codec = new();
        using ExternalSorter<(int Key, int Number)> sorter = new(space, codec, SortOrder.LeadingBytes(4),
            new ExternalSortOptions { MemoryBytes = 4 << 20 });
        Random random = new(1);
        for (int number = 0; number < 300_000; number++) sorter.Add((random.Next(), number));
        int runs = sorter.Statistics.Runs;
        AllocationMeter meter = AllocationMeter.Start();
        for (int number = 0; number < 600_000; number++) sorter.Add((random.Next(), number));
        long allocated = meter.Bytes;
        int more = sorter.Statistics.Runs - runs;
        Assert.True(more >= 2);

        // A tape and its list of extents for each run, and nothing for a record.
        Assert.True(allocated <= more * 2048, $"{allocated} bytes for {more} runs.");
        using SortedRecords<(int Key, int Number)> result = sorter.Finish();
        int last = int.MinValue;
        for (int index = 0; index < 100_000; index++) Next();
        meter = AllocationMeter.Start();
        for (int index = 0; index < 700_000; index++) Next();
        Assert.Equal(0, meter.Bytes);

        void Next()
        {
            result.MoveNext();
            int key = result.Current.Key;
            if (key < last) throw new InvalidOperationException("Out of order.");
            last = key;
        }
    });

    [Fact]
    public void WhatFitsInMemoryIsNotWritten() => TestRun.WithinWatchdog(() =>
    {
        using TestRun run = TestRun.Start("sync");
        using TempSpace space = run.OpenSpace();
        using ExternalSorter<byte[]> sorter = new(space, new ArrayCodec(), SortOrder.Bytes);
        for (int number = 1000; number > 0; number--) sorter.Add(BitConverter.GetBytes(number));
        using SortedRecords<byte[]> result = sorter.Finish();
        while (result.MoveNext())
        {
        }

        Assert.Equal(0, sorter.Statistics.Runs);
        Assert.Equal(0, space.PeakBytes);
        Assert.Equal(0, run.System.ReadStatistics()[IoOperation.Write].Operations);
    });

    [Theory]
    [InlineData(10, 200_000, false)]
    [InlineData(900, 1000, false)]
    [InlineData(1000, 1000, false)]
    [InlineData(900, 700, true)]
    [InlineData(1000, 3, true)]
    public void AFewOfManyAreKeptInMemoryAndMovedTogetherInIt(int limit, int keys, bool isUnique) => TestRun.WithinWatchdog(() =>
    {
        const int Count = 200_000;
        const long MemoryBytes = 128 << 10;
        using TestRun run = TestRun.Start("sync");
        using TempSpace space = run.OpenSpace();
        Random random = new(limit);
        List<(int Key, int Number)> rows = [.. Enumerable.Range(0, Count).Select(number => (random.Next(keys), number))];
        using ExternalSorter<(int Key, int Number)> sorter = new(space, new NumberedCodec(), SortOrder.LeadingBytes(4),
            new ExternalSortOptions { MemoryBytes = MemoryBytes, Limit = limit, IsUnique = isUnique });
        foreach ((int Key, int Number) row in rows) sorter.Add(row);
        using SortedRecords<(int Key, int Number)> result = sorter.Finish();
        IEnumerable<(int Key, int Number)> model = rows.OrderBy(static row => row.Key);
        if (isUnique) model = model.DistinctBy(static row => row.Key);
        foreach ((int Key, int Number) expected in model.Take(limit))
        {
            Assert.True(result.MoveNext());
            Assert.Equal(expected, result.Current);
        }

        Assert.False(result.MoveNext());
        Assert.InRange(sorter.Statistics.MemoryBytesPeak, 1, MemoryBytes);
        if (!isUnique) Assert.Equal(0, space.PeakBytes);
    });

    [Fact]
    public void KeepingTheFirstFewTakesNoMemoryBeside() => TestRun.WithinWatchdog(() =>
    {
        using TestRun run = TestRun.Start("sync");
        using TempSpace space = run.OpenSpace();
        using ExternalSorter<(int Key, int Number)> sorter = new(space, new NumberedCodec(), SortOrder.LeadingBytes(4),
            new ExternalSortOptions { MemoryBytes = 1 << 20, Limit = 10_000 });
        Random random = new(1);
        for (int number = 0; number < 100_000; number++) sorter.Add((random.Next(), number));
        AllocationMeter meter = AllocationMeter.Start();
        for (int number = 0; number < 400_000; number++) sorter.Add((random.Next(), number));
        long allocated = meter.Bytes;

        // The last record of those that are kept, each time; nothing for each of them.
        Assert.True(allocated < 10_000, $"{allocated} bytes.");
        Assert.Equal(0, space.PeakBytes);
    });

    [Fact]
    public void KeysOfWhichEachIsTheBeginningOfTheNextDoNotExhaustTheStack() => TestRun.WithinWatchdog(() =>
    {
        using TestRun run = TestRun.Start("sync");
        using TempSpace space = run.OpenSpace();
        using ExternalSorter<byte[]> sorter = new(space, new ArrayCodec(), SortOrder.Bytes);
        int[] lengths = [.. Enumerable.Range(0, 4000)];
        new Random(1).Shuffle(lengths);
        foreach (int length in lengths)
        {
            byte[] value = new byte[length];
            value.AsSpan().Fill((byte)'a');
            sorter.Add(value);
        }

        using SortedRecords<byte[]> result = sorter.Finish();
        for (int length = 0; length < lengths.Length; length++)
        {
            Assert.True(result.MoveNext());
            Assert.Equal(length, result.CurrentRecord.Length);
        }
    });

    [Fact]
    public void AnOrderThatContradictsItselfEndsNevertheless() => TestRun.WithinWatchdog(() =>
    {
        using TestRun run = TestRun.Start("sync");
        using TempSpace space = run.OpenSpace();
        NumberedCodec codec = new();
        Random random = new(1);
        Comparer<(int Key, int Number)> comparer = Comparer<(int Key, int Number)>.Create((_, _) => random.Next(3) - 1);
        using ExternalSorter<(int Key, int Number)> sorter = new(space, codec, SortOrder.By(codec, comparer),
            new ExternalSortOptions { MemoryBytes = 65536 });
        HashSet<int> left = [.. Enumerable.Range(0, 20_000)];
        foreach (int number in left) sorter.Add((0, number));
        using SortedRecords<(int Key, int Number)> result = sorter.Finish();
        while (result.MoveNext()) Assert.True(left.Remove(result.Current.Number));
        Assert.Empty(left);
    });

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void ProgressTellsEveryPhaseNeverGoesBackAndEndsAtWhatThereIsInAll(bool hasRandomAccess, bool isUnique) =>
        TestRun.WithinWatchdog(() =>
        {
            const int Count = 200_000;
            using TestRun run = TestRun.Start("sync");
            using TempSpace space = run.OpenSpace();
            Recorder recorder = new();
            NumberedCodec codec = new();
            using ExternalSorter<(int Key, int Number)> sorter = new(space, codec, SortOrder.LeadingBytes(4), new ExternalSortOptions
            {
                MemoryBytes = 65536,
                Progress = recorder,
                HasRandomAccess = hasRandomAccess,
                IsUnique = isUnique
            });
            for (int number = 0; number < Count; number++) sorter.Add((number * 7919 % (isUnique ? Count / 3 : 200_003), number));
            using SortedRecords<(int Key, int Number)> result = sorter.Finish();
            while (result.MoveNext())
            {
            }

            SortPhase[] phases = [SortPhase.Building, SortPhase.Merging, .. hasRandomAccess ? [] : (SortPhase[])[SortPhase.Reading]];
            Assert.Equal(phases, recorder.Reports.Select(static report => report.Phase).Distinct());
            foreach (IGrouping<SortPhase, SortProgress> phase in recorder.Reports.GroupBy(static report => report.Phase))
            {
                Assert.Equal(phase.Select(static report => report.Records).Order(), phase.Select(static report => report.Records));
                Assert.All(phase, static report => Assert.InRange(report.Records, 1, report.TotalRecords));
            }

            SortProgress[] merging = [.. recorder.Reports.Where(static report => report.Phase == SortPhase.Merging)];
            Assert.Single(merging.Select(static report => report.TotalRecords).Distinct());
            Assert.Equal(merging[^1].TotalRecords, merging[^1].Records);
            Assert.True(merging[0].Records < merging[^1].Records / 10, "The first report comes early.");
        });

    [Theory]
    [InlineData(SortPhase.Building)]
    [InlineData(SortPhase.Merging)]
    [InlineData(SortPhase.Reading)]
    public void WhoeverIsToldOfTheProgressMayDisposeTheSort(SortPhase phase) => TestRun.WithinWatchdog(() =>
    {
        using TestRun run = TestRun.Start("io_uring");
        using TempSpace space = run.OpenSpace();
        ExternalSorter<(int Key, int Number)>? sorter = null;
        Recorder recorder = new()
        {
            OnReport = report =>
            {
                if (report.Phase == phase) sorter!.Dispose();
            }
        };
        sorter = new(space, new NumberedCodec(), SortOrder.LeadingBytes(4),
            new ExternalSortOptions { MemoryBytes = 65536, Progress = recorder });
        Assert.Throws<ObjectDisposedException>(() =>
        {
            for (int number = 0; number < 200_000; number++) sorter.Add((number * 7919 % 200_003, number));
            SortedRecords<(int Key, int Number)> result = sorter.Finish();
            while (result.MoveNext()) Assert.True(result.Current.Number >= 0);
        });
        run.ExpectNothingInUse(space);
        Assert.Throws<ObjectDisposedException>(() => sorter.Add((1, 1)));
    });

    [Fact]
    public void ASortThatCannotBeMadeLeavesNoContextBehind() => TestRun.WithinWatchdog(() =>
    {
        using TestRun run = TestRun.Start("sync", configure: static options => options.ContextsMax = 3);
        using TempSpace space = run.OpenSpace();
        using (run.System.CreateContext())
        {
            for (int attempt = 0; attempt < 5; attempt++)
            {
                Assert.ThrowsAny<InvalidOperationException>(() => new ExternalSorter<byte[]>(space, new ArrayCodec(), SortOrder.Bytes));
            }

            using AioContext last = run.System.CreateContext();
        }
    });

    [Fact]
    public void MergingNeedsHardlyMoreRoomThanTheData() => TestRun.WithinWatchdog(() =>
    {
        using TestRun run = TestRun.Start("sync");
        using TempSpace space = run.OpenSpace();
        using ExternalSorter<byte[]> sorter = new(space, new ArrayCodec(), SortOrder.Bytes,
            new ExternalSortOptions { MemoryBytes = 65536 });
        Random random = new(1);
        long bytes = 0;
        for (int number = 0; number < 40_000; number++)
        {
            byte[] value = new byte[100];
            random.NextBytes(value);
            sorter.Add(value);
            bytes += value.Length;
        }

        using SortedRecords<byte[]> result = sorter.Finish();
        while (result.MoveNext())
        {
        }

        Assert.True(sorter.Statistics.Runs > 50);
        Assert.True(space.PeakBytes < bytes * 1.2, $"{space.PeakBytes} bytes for {bytes}.");
        Assert.Throws<InvalidOperationException>(() => sorter.Add([]));
    });

    [Fact]
    public void OptionsThatMakeNoSenseAreRefused()
    {
        using TestRun run = TestRun.Start("sync");
        using TempSpace space = run.OpenSpace();
        ArgumentException exception = Assert.Throws<ArgumentException>(() =>
            new ExternalSorter<byte[]>(space, new ArrayCodec(), SortOrder.Bytes,
                new ExternalSortOptions { MemoryBytes = 100, Limit = -1 }));
        Assert.Contains("MemoryBytes is 100", exception.Message, StringComparison.Ordinal);
        Assert.Contains("Limit is -1", exception.Message, StringComparison.Ordinal);
    }

    private static void Sort(TempSpace space, int parallelism, CancellationToken cancellationToken = default)
    {
        ExternalSortOptions options = new() { MemoryBytes = Memory, Parallelism = parallelism };
        using ExternalSorter<(int Key, int Number)> sorter = new(space, new NumberedCodec(), SortOrder.LeadingBytes(4), options,
            "the unlucky one", cancellationToken);
        for (int number = 0; number < 100_000; number++) sorter.Add((number * 7919 % 100_003, number));
        using SortedRecords<(int Key, int Number)> result = sorter.Finish();
        while (result.MoveNext())
        {
        }
    }

    private sealed class Recorder : IProgress<SortProgress>
    {
        internal List<SortProgress> Reports { get; } = [];

        internal Action<SortProgress>? OnReport { get; init; }

        public void Report(SortProgress value)
        {
            Reports.Add(value);
            OnReport?.Invoke(value);
        }
    }

    private sealed class ThrowingCodec : ITempCodec<int>
    {
        public int Encode(int value, Span<byte> destination)
        {
            if (value == 30_000) throw new TimeoutException("asked to");
            return BitConverter.TryWriteBytes(destination, value) ? sizeof(int) : -1;
        }

        public int Decode(ReadOnlySpan<byte> record) => BitConverter.ToInt32(record);
    }
}
