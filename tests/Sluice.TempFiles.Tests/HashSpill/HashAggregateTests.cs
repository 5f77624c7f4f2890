using Sluice.TempFiles.Tests.Support;
using Sluice.Testing;

namespace Sluice.TempFiles.Tests.HashSpill;

/// <summary>Aggregates with far too little memory, against dictionaries.</summary>
public sealed class HashAggregateTests
{
    private const int Small = 64 << 10;

    [Theory]
    [MemberData(nameof(TestRun.Methods), MemberType = typeof(TestRun))]
    public void EveryGroupIsWhatADictionaryGives(string method) => TestRun.WithinWatchdog(() =>
    {
        for (int seed = 0; seed < 8; seed++)
        {
            using TestRun run = TestRun.Start(method);
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

    [Theory]
    [InlineData(0, true)]
    [InlineData(1, true)]
    [InlineData(2, true)]
    [InlineData(64, false)]
    public void GroupsThatNoBitDividesAreCompletedInSeveralPasses(int bits, bool fallsBack) => TestRun.WithinWatchdog(() =>
    {
        using TestRun run = TestRun.Start("io_uring");
        using TempSpace space = run.OpenSpace();
        using AioContext context = run.System.CreateContext();
        AggregateModel model = new() { HashOf = key => bits == 64 ? (ulong)key : (ulong)key & ((1UL << bits) - 1) };
        using HashAggregate<Row, string, List<int>> aggregate = model.Make(context, space.CreateOwner("groups"), Small);
        Random random = new(1);
        for (int id = 0; id < 1200; id++) model.Add(aggregate, new Row(random.Next(700), id, random.Next(200)));
        model.FinishAndExpect(aggregate);
        Assert.Equal(fallsBack, aggregate.Statistics.Fallbacks > 0);
        Assert.True(aggregate.Statistics.BytesWritten > 0);
        run.ExpectNothingInUse(space);
    });

    [Fact]
    public void AGroupThatComesOftenStaysInMemory() => TestRun.WithinWatchdog(() =>
    {
        using TestRun run = TestRun.Start("io_uring");
        using TempSpace space = run.OpenSpace();
        using AioContext context = run.System.CreateContext();
        SumByKey sums = new();
        using HashAggregate<Item, long, Sum> aggregate = new(
            context, space.CreateOwner("sums"), UnmanagedCodec<long>.Instance, null, sums, new HashSpillOptions { MemoryBytes = Small });
        aggregate.Add(new Item(0, 1));
        for (int index = 1; index <= 10_000; index++) aggregate.Add(new Item(index, 1));
        long written = aggregate.Statistics.BytesWritten;
        Assert.True(written > 0);
        for (int index = 0; index < 100_000; index++) aggregate.Add(new Item(0, 1));
        Assert.Equal(written, aggregate.Statistics.BytesWritten);
        long groups = 0;
        aggregate.Finish((in long key, in Sum sum) =>
        {
            groups++;
            Assert.Equal(key == 0 ? 100_001 : 1, sum.Count);
        });
        Assert.Equal(10_001, groups);
    });

    [Theory]
    [InlineData(64 << 10)]
    [InlineData(100_000)]
    [InlineData(1 << 20)]
    public void TheMemoryIsWhatWasGiven(int memoryBytes) => TestRun.WithinWatchdog(() =>
    {
        using TestRun run = TestRun.Start("io_uring");
        using TempSpace space = run.OpenSpace();
        using AioContext context = run.System.CreateContext();
        SumByKey sums = new();
        using HashAggregate<Item, long, Sum> aggregate = new(
            context, space.CreateOwner("sums"), UnmanagedCodec<long>.Instance, null, sums,
            new HashSpillOptions { MemoryBytes = memoryBytes });
        for (int index = 0; index < 60_000; index++) aggregate.Add(new Item(index % 30_000, 1));
        long groups = 0;
        aggregate.Finish((in long _, in Sum sum) =>
        {
            groups++;
            Assert.Equal(2, sum.Count);
        });
        Assert.Equal(30_000, groups);
        Assert.True(aggregate.Statistics.BytesWritten > 0);
        Assert.InRange(aggregate.Statistics.MemoryPeakBytes, 1, memoryBytes);
    });

    [Fact]
    public void StatesThatGrowLeaveMemoryAndAreCombinedLater() => TestRun.WithinWatchdog(() =>
    {
        using TestRun run = TestRun.Start("io_uring");
        using TempSpace space = run.OpenSpace();
        using AioContext context = run.System.CreateContext();
        AggregateModel model = new();
        using HashAggregate<Row, string, List<int>> aggregate = model.Make(context, space.CreateOwner("lists"), Small);

        // All groups are there after the first round, and fit: whatever leaves memory later does so because it has grown.
        for (int round = 0; round < 300; round++)
        {
            for (int key = 0; key < 100; key++) model.Add(aggregate, new Row(key, round, 4));
            if (round == 0) Assert.Equal(0, aggregate.Statistics.LevelsMax);
        }

        model.FinishAndExpect(aggregate);
        Assert.True(model.Combined > 0, "No states were combined.");
        run.ExpectNothingInUse(space);
    });

    [Fact]
    public void AGroupLargerThanTheWholeMemoryIsCompleted() => TestRun.WithinWatchdog(() =>
    {
        using TestRun run = TestRun.Start("io_uring");
        using TempSpace space = run.OpenSpace();
        using AioContext context = run.System.CreateContext();
        AggregateModel model = new();
        using HashAggregate<Row, string, List<int>> aggregate = model.Make(context, space.CreateOwner("lists"), Small);
        for (int index = 0; index < 60_000; index++) model.Add(aggregate, new Row(index % 3, index, index % 3 == 2 ? 0 : 10));
        for (int index = 0; index < 20; index++) model.Add(aggregate, new Row(100 + index, index, 200_000));
        model.FinishAndExpect(aggregate);
        run.ExpectNothingInUse(space);
    });

    [Theory]
    [InlineData("sync")]
    [InlineData("io_uring")]
    public void TakingARecordAllocatesNothing(string method) => TestRun.WithinWatchdog(() =>
    {
        using TestRun run = TestRun.Start(method);
        using TempSpace space = run.OpenSpace();
        using AioContext context = run.System.CreateContext();
        using HashAggregate<Item, long, Sum> aggregate = new(
            context, space.CreateOwner("sums"), UnmanagedCodec<long>.Instance, null, new SumByKey(),
            new HashSpillOptions { MemoryBytes = 4 << 20 });
        for (int index = 0; index < 400_000; index++) aggregate.Add(new Item(index % 300_000, 1));
        Assert.True(aggregate.Statistics.BytesWritten > 4 << 20);
        AllocationMeter meter = AllocationMeter.Start();
        for (int index = 0; index < 100_000; index++) aggregate.Add(new Item(index * 3, 1));
        Assert.InRange(meter.Bytes, 0, 16 << 10);
        long groups = 0;
        long count = 0;
        meter = AllocationMeter.Start();
        aggregate.Finish((in long key, in Sum sum) =>
        {
            groups++;
            count += sum.Count;
        });
        Assert.InRange(meter.Bytes, 0, aggregate.Statistics.Partitions * 2048L);
        Assert.Equal(300_000, groups);
        Assert.Equal(500_000, count);
        Assert.InRange(aggregate.Statistics.MemoryPeakBytes, 1, 4 << 20);
    });

    [Fact]
    public void AWrongUseIsRefused() => TestRun.WithinWatchdog(() =>
    {
        using TestRun run = TestRun.Start("sync");
        using TempSpace space = run.OpenSpace();
        using AioContext context = run.System.CreateContext();
        AggregateModel model = new();
        Assert.Throws<ArgumentNullException>(
            () => new HashAggregate<Row, string, List<int>>(context, space.CreateOwner("x"), Utf8Codec.Instance, null, model));
        using HashAggregate<Row, string, List<int>> aggregate = model.Make(context, space.CreateOwner("groups"), Small);
        aggregate.Finish(static (in string _, in List<int> _) => Assert.Fail("There is no group."));
        Assert.Throws<InvalidOperationException>(() => aggregate.Add(new Row(1, 1, 1)));
    });

    private static void Play(TestRun run, int seed, bool direct)
    {
        Random random = new(seed);
        using TempSpace space = run.OpenSpace(new TempSpaceOptions { PieceBytes = 4096 * random.Next(1, 100), Direct = direct });
        using AioContext context = run.System.CreateContext();
        int bits = random.Next(1, 64);
        AggregateModel model = new() { HashOf = key => ((ulong)key * 0x9E3779B97F4A7C15UL) & ((1UL << bits) - 1) };
        int keys = 1 << random.Next(1, bits < 3 ? 9 : 13);
        int lengthMax = random.Next(3) switch { 0 => 10, 1 => 100, _ => 2000 };
        int count = random.Next(lengthMax == 2000 ? 1000 : 8000);
        long memory = random.Next(Small, 3 * Small);
        using (HashAggregate<Row, string, List<int>> aggregate = model.Make(context, space.CreateOwner("groups"), memory))
        {
            for (int id = 0; id < count; id++) model.Add(aggregate, new Row(random.Next(4) == 0 ? 1 : random.Next(keys), id, lengthMax));
            model.FinishAndExpect(aggregate);
            Assert.InRange(aggregate.Statistics.MemoryPeakBytes, 0, memory);
        }

        run.ExpectNothingInUse(space);
    }

    private readonly record struct Item(long Key, long Value);

    private record struct Sum(long Count, long Total);

    private sealed class SumByKey : IAggregator<Item, long, Sum>
    {
        public long KeyOf(in Item input) => input.Key;

        public ulong Hash(in long key) => (ulong)key;

        public bool AreEqual(in long one, in long other) => one == other;

        public Sum Start(in Item input) => new(1, input.Value);

        public void Accumulate(ref Sum state, in Item input) => state = new Sum(state.Count + 1, state.Total + input.Value);

        public void Combine(ref Sum state, in Sum other) => state = new Sum(state.Count + other.Count, state.Total + other.Total);
    }
}
