using Sluice.TempFiles.Tests.Support;
using Sluice.Testing;

namespace Sluice.TempFiles.Tests.HashSpill;

/// <summary>Hash joins with far too little memory, against joins in memory.</summary>
public sealed class HashJoinTests
{
    private const int Small = 64 << 10;

    /// <summary>Every kind of join.</summary>
    public static TheoryData<JoinKind> Kinds => [.. Enum.GetValues<JoinKind>()];

    [Theory]
    [MemberData(nameof(TestRun.Methods), MemberType = typeof(TestRun))]
    public void EveryKindGivesWhatAJoinInMemoryGives(string method) => TestRun.WithinWatchdog(() =>
    {
        int seed = 0;
        foreach (JoinKind kind in Enum.GetValues<JoinKind>())
        {
            using TestRun run = TestRun.Start(method, seed: 1);
            for (int round = 0; round < 3; round++) Play(run, kind, seed++, direct: round == 1 && method != "simulated");
        }
    });

    [Theory]
    [InlineData("sync")]
    [InlineData("worker")]
    [InlineData("io_uring")]
    [InlineData("simulated")]
    public void ShortDelayedAndReorderedTransfersChangeNothing(string method) => TestRun.WithinWatchdog(() =>
    {
        int seed = 1000;
        foreach (JoinKind kind in Enum.GetValues<JoinKind>())
        {
            using TestRun run = TestRun.StartDisturbed(method, seed);
            Play(run, kind, seed++, direct: false);
        }
    });

    [Theory]
    [MemberData(nameof(Kinds))]
    public void APartitionOfOneKeyIsJoinedBlockByBlockInsteadOfCutForever(JoinKind kind) => TestRun.WithinWatchdog(() =>
    {
        Random random = new(1);

        // The hot key has more build records than fit. Few probe records have it, so that the result is not all.
        List<Row> build = JoinModel.Rows(random, 3000, () => random.Next(10) == 0 ? random.Next(500) : 7, 100);
        List<Row> probe = JoinModel.Rows(random, 3000, () => random.Next(200) == 0 ? 7 : random.Next(8, 1000), 100);
        HashSpillStatistics statistics = Join(kind, new JoinModel(), build, probe);
        Assert.True(statistics.Fallbacks > 0, "Nothing was too large to be cut.");
        Assert.True(statistics.LevelsMax < 6, $"Records were written up to {statistics.LevelsMax} times.");
    });

    [Theory]
    [MemberData(nameof(Kinds))]
    public void KeysThatAllHaveTheSameHashAreJoinedAllTheSame(JoinKind kind) => TestRun.WithinWatchdog(() =>
    {
        Random random = new(2);
        List<Row> build = JoinModel.Rows(random, 1000, () => random.Next(500), 200);
        List<Row> probe = JoinModel.Rows(random, 700, () => random.Next(500), 200);
        Assert.Equal(1, Join(kind, new JoinModel { HashOf = static _ => 42 }, build, probe).Fallbacks);
    });

    [Theory]
    [MemberData(nameof(Kinds))]
    public void RecordsLargerThanTheWholeMemoryAreJoined(JoinKind kind) => TestRun.WithinWatchdog(() =>
    {
        Random random = new(3);
        List<Row> build = JoinModel.Rows(random, 60, () => random.Next(40), 300_000);
        List<Row> probe = JoinModel.Rows(random, 60, () => random.Next(40), 300_000);
        Join(kind, new JoinModel(), build, probe);
    });

    [Fact]
    public void RecordsLargerThanABlockTakeNoMoreThanTheMemory() => TestRun.WithinWatchdog(() =>
    {
        Random random = new(10);
        List<Row> build = JoinModel.Rows(random, 200, () => random.Next(200), 15_000);
        List<Row> probe = JoinModel.Rows(random, 200, () => random.Next(200), 15_000);
        HashSpillStatistics statistics = Join(JoinKind.Full, new JoinModel(), build, probe, 2 * Small, 4096);
        Assert.InRange(statistics.MemoryPeakBytes, 1, 2 * Small);
    });

    [Theory]
    [InlineData(64 << 10)]
    [InlineData(100_000)]
    [InlineData(1 << 20)]
    [InlineData(16 << 20)]
    public void TheMemoryIsWhatWasGiven(int memoryBytes) => TestRun.WithinWatchdog(() =>
    {
        Random random = new(4);
        List<Row> build = JoinModel.Rows(random, 20_000, () => random.Next(20_000), 60);
        List<Row> probe = JoinModel.Rows(random, 20_000, () => random.Next(20_000), 60);
        HashSpillStatistics statistics = Join(JoinKind.Inner, new JoinModel(), build, probe, memoryBytes);
        Assert.InRange(statistics.MemoryPeakBytes, 1, memoryBytes);
        Assert.Equal(memoryBytes == 16 << 20, statistics.BytesWritten == 0);
    });

    [Fact]
    public void PartitionsThatAreCutAgainUseTheRoomOfWhatWasRead() => TestRun.WithinWatchdog(() =>
    {
        using TestRun run = TestRun.Start("io_uring");
        using TempSpace space = run.OpenSpace();
        using AioContext context = run.System.CreateContext();
        Random random = new(9);
        List<Row> build = JoinModel.Rows(random, 20_000, () => random.Next(20_000), 60);
        List<Row> probe = JoinModel.Rows(random, 20_000, () => random.Next(20_000), 60);
        JoinModel model = new();
        using HashJoin<Row, Row> join = Make(run, space, context, JoinKind.Inner, model, Small);
        model.Run(join, build, probe);
        model.Expect(JoinKind.Inner, build, probe);
        long records = build.Concat(probe).Sum(static row => row.Length + 8L + 12);
        Assert.True(join.Statistics.LevelsMax >= 4, "The records were not cut often.");
        Assert.True(join.Statistics.BytesWritten > 3 * records);
        Assert.InRange(space.PeakBytes, records / 2, records * 3 / 2);
    });

    [Fact]
    public void AProbeRecordWhoseLeafHasNoBuildRecordsIsNotWritten() => TestRun.WithinWatchdog(() =>
    {
        using TestRun run = TestRun.Start("sync");
        using TempSpace space = run.OpenSpace();
        using AioContext context = run.System.CreateContext();
        ulong other = 1;
        while ((HashBits.Mix(other) & 1) == (HashBits.Mix(0) & 1)) other++;
        JoinModel model = new() { HashOf = key => key == 2 ? 0 : other };
        List<Row> build = JoinModel.Rows(new Random(5), 4000, () => 2, 50);
        List<Row> probe = JoinModel.Rows(new Random(6), 4000, () => 1, 50);
        using HashJoin<Row, Row> join = Make(run, space, context, JoinKind.Left, model, Small);
        foreach (Row row in build) join.AddBuild(row);
        long written = join.Statistics.BytesWritten;
        foreach (Row row in probe) join.Probe(row);
        join.Finish();
        model.Expect(JoinKind.Left, build, probe);
        Assert.InRange(join.Statistics.BytesWritten - written, 0, 64 << 10);
    });

    [Fact]
    public void ReadsGoAheadOverManyPartitions() => TestRun.WithinWatchdog(() =>
    {
        using TestRun run = TestRun.Start("io_uring", injected: true);
        using TempSpace space = run.OpenSpace();
        using AioContext context = run.System.CreateContext();
        Random random = new(7);
        List<Row> build = JoinModel.Rows(random, 20_000, () => random.Next(1 << 30), 50);
        JoinModel model = new();
        using HashJoin<Row, Row> join = Make(run, space, context, JoinKind.Right, model, 1 << 20);
        foreach (Row row in build) join.AddBuild(row);
        using var stalled = run.Control.Stall(static request => request.Operation == IoOperation.Read);
        Thread release = new(() =>
        {
            // Partitions of about 16 blocks each are still being read when those after them are asked for.
            Assert.True(stalled.WaitUntilStalled(8, TestRun.Watchdog));
            stalled.Release();
        });
        release.Start();
        join.Finish();
        release.Join();
        model.Expect(JoinKind.Right, build, []);
    });

    [Theory]
    [InlineData("sync")]
    [InlineData("io_uring")]
    public void JoiningARecordAllocatesNothing(string method) => TestRun.WithinWatchdog(() =>
    {
        using TestRun run = TestRun.Start(method);
        using TempSpace space = run.OpenSpace();
        using AioContext context = run.System.CreateContext();
        PairCounter counter = new();
        const int Records = 400_000;
        using HashJoin<Pair, Pair> join = new(
            context, space.CreateOwner("join"), JoinKind.Inner, UnmanagedCodec<Pair>.Instance, UnmanagedCodec<Pair>.Instance, counter,
            counter, new HashSpillOptions { MemoryBytes = 4 << 20 });
        for (int index = 0; index < Records; index++) join.AddBuild(new Pair(index, index));
        for (int index = 0; index < Records / 2; index++) join.Probe(new Pair(index, index));
        AllocationMeter meter = AllocationMeter.Start();
        for (int index = Records / 2; index < (Records / 2) + 100_000; index++) join.Probe(new Pair(index, index));
        long whileProbing = meter.Bytes;
        Assert.True(join.Statistics.BytesWritten > 8 << 20);

        // The chain of the file's blocks grows by doubling; nothing else.
        Assert.InRange(whileProbing, 0, 64 << 10);
        meter = AllocationMeter.Start();
        join.Finish();
        long whileFinishing = meter.Bytes;
        Assert.Equal(300_000, counter.Pairs);
        Assert.InRange(whileFinishing, 0, join.Statistics.Partitions * 2048L);
    });

    [Fact]
    public void RecordsThatAreSpansAreLookedAtWhereTheyAre() => TestRun.WithinWatchdog(() =>
    {
        using TestRun run = TestRun.Start("io_uring");
        using TempSpace space = run.OpenSpace();
        using AioContext context = run.System.CreateContext();
        SpanJoin spans = new();
        using HashJoin<ReadOnlySpan<byte>, ReadOnlySpan<byte>> join = new(
            context, space.CreateOwner("join"), JoinKind.Inner, BytesCodec.Instance, BytesCodec.Instance, spans, spans,
            new HashSpillOptions { MemoryBytes = Small });
        for (int index = 0; index < 10_000; index++) join.AddBuild(System.Text.Encoding.ASCII.GetBytes($"{index:D6} is a record"));
        for (int index = 0; index < 10_000; index += 3) join.Probe(System.Text.Encoding.ASCII.GetBytes($"{index:D6} is another"));
        join.Finish();
        Assert.Equal(3334, spans.Pairs);
    });

    [Fact]
    public void AWrongOrderOfCallsIsRefused() => TestRun.WithinWatchdog(() =>
    {
        using TestRun run = TestRun.Start("sync");
        using TempSpace space = run.OpenSpace();
        using AioContext context = run.System.CreateContext();
        JoinModel model = new();
        HashJoin<Row, Row> join = Make(run, space, context, JoinKind.Inner, model, Small);
        join.Probe(new Row(1, 1, 1));
        InvalidOperationException late = Assert.Throws<InvalidOperationException>(() => join.AddBuild(new Row(1, 1, 1)));
        Assert.Contains("build side is complete", late.Message, StringComparison.Ordinal);
        join.Finish();
        late = Assert.Throws<InvalidOperationException>(() => join.Probe(new Row(1, 1, 1)));
        Assert.Contains("is finished", late.Message, StringComparison.Ordinal);
        join.Dispose();
        Assert.Throws<ObjectDisposedException>(join.Finish);
        Assert.Throws<ArgumentOutOfRangeException>(() => Make(run, space, context, JoinKind.Inner, model, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => Make(run, space, context, (JoinKind)17, model, Small));
    });

    internal static HashJoin<Row, Row> Make(
        TestRun run, TempSpace space, AioContext context, JoinKind kind, JoinModel model, long memoryBytes, int blockBytes = 0) =>
        new(
            context, space.CreateOwner("join of a test"), kind, new RowCodec(), new RowCodec(), model, model,
            new HashSpillOptions { MemoryBytes = memoryBytes, BlockBytes = blockBytes });

    /// <summary>Joins as the model does, and leaves nothing behind.</summary>
    private static HashSpillStatistics Join(
        JoinKind kind, JoinModel model, List<Row> build, List<Row> probe, long memoryBytes = Small, int blockBytes = 0)
    {
        using TestRun run = TestRun.Start("io_uring");
        using TempSpace space = run.OpenSpace();
        using AioContext context = run.System.CreateContext();
        using HashJoin<Row, Row> join = Make(run, space, context, kind, model, memoryBytes, blockBytes);
        model.Run(join, build, probe);
        model.Expect(kind, build, probe);
        run.ExpectNothingInUse(space);
        return join.Statistics;
    }

    private static void Play(TestRun run, JoinKind kind, int seed, bool direct)
    {
        Random random = new(seed);
        using TempSpace space = run.OpenSpace(new TempSpaceOptions { PieceBytes = 4096 * random.Next(1, 100), Direct = direct });
        using AioContext context = run.System.CreateContext();
        int keys = 1 << random.Next(4, 14);
        int lengthMax = random.Next(3) switch { 0 => 20, 1 => 200, _ => 3000 };
        int count = lengthMax == 3000 ? 400 : 4000;
        List<Row> build = JoinModel.Rows(random, random.Next(count), () => random.Next(keys) + (keys / 8), lengthMax);
        List<Row> probe = JoinModel.Rows(random, random.Next(random.Next(6) == 0 ? 2 : count), () => random.Next(keys), lengthMax);
        while (keys < 512 && probe.Count > 300) probe.RemoveRange(300, probe.Count - 300);
        int bits = random.Next(1, 64);
        JoinModel model = new() { HashOf = key => ((ulong)key * 0x9E3779B97F4A7C15UL) & ((1UL << bits) - 1) };
        int block = random.Next(2) == 0 ? 4096 : 0;
        int memory = random.Next(Small, 4 * Small);
        using (HashJoin<Row, Row> join = Make(run, space, context, kind, model, memory, block))
        {
            model.Run(join, build, probe);
            model.Expect(kind, build, probe);
            Assert.InRange(join.Statistics.MemoryPeakBytes, 0, memory);
        }

        run.ExpectNothingInUse(space);
    }

    private readonly record struct Pair(long Key, long Value);

    private sealed class PairCounter : IJoinKeys<Pair, Pair>, IJoinConsumer<Pair, Pair>
    {
        internal int Pairs { get; private set; }

        public ulong HashBuild(in Pair build) => (ulong)build.Key;

        public ulong HashProbe(in Pair probe) => (ulong)probe.Key;

        public bool AreEqual(in Pair build, in Pair probe) => build.Key == probe.Key;

        void IJoinConsumer<Pair, Pair>.Pair(in Pair build, in Pair probe) => Pairs++;

        public void Probe(in Pair probe) => throw new InvalidOperationException();

        public void Build(in Pair build) => throw new InvalidOperationException();
    }

    private sealed class SpanJoin
        : IJoinKeys<ReadOnlySpan<byte>, ReadOnlySpan<byte>>, IJoinConsumer<ReadOnlySpan<byte>, ReadOnlySpan<byte>>
    {
        internal int Pairs { get; private set; }

        public ulong HashBuild(in ReadOnlySpan<byte> build) => HashOf(build);

        public ulong HashProbe(in ReadOnlySpan<byte> probe) => HashOf(probe);

        public bool AreEqual(in ReadOnlySpan<byte> build, in ReadOnlySpan<byte> probe) => build[..6].SequenceEqual(probe[..6]);

        public void Pair(in ReadOnlySpan<byte> build, in ReadOnlySpan<byte> probe)
        {
            Assert.True(build.EndsWith(" is a record"u8));
            Assert.True(probe.EndsWith(" is another"u8));
            Pairs++;
        }

        public void Probe(in ReadOnlySpan<byte> probe) => throw new InvalidOperationException();

        public void Build(in ReadOnlySpan<byte> build) => throw new InvalidOperationException();

        private static ulong HashOf(ReadOnlySpan<byte> record)
        {
            ulong hash = 0;
            foreach (byte value in record[..6]) hash = (hash * 31) + value;
            return hash;
        }
    }
}
