using System.Buffers.Binary;
using Sluice.TempFiles.Tests.Support;

namespace Sluice.TempFiles.Tests.Hashing;

/// <summary>Aggregation and join with tiny budgets against the same done in memory, with keys spread evenly and not.</summary>
public sealed class HashOperatorTests
{
    private static readonly NumberedCodec s_codec = new();

    [Theory]
    [MemberData(nameof(TestRun.Methods), MemberType = typeof(TestRun))]
    public void AggregatesAndJoinsAreThoseInMemory(string method) => TestRun.WithinWatchdog(() =>
    {
        for (int seed = 0; seed < 12; seed++)
        {
            using TestRun run = TestRun.Start(method, seed: (ulong)seed + 1);
            PlayAggregate(run, seed);
            PlayJoin(run, seed);
        }
    });

    [Theory]
    [InlineData("io_uring")]
    [InlineData("worker")]
    public void ShortDelayedAndReorderedTransfersChangeNothing(string method) => TestRun.WithinWatchdog(() =>
    {
        for (int seed = 40; seed < 44; seed++)
        {
            using TestRun run = TestRun.Start(method, injected: true);
            Random random = new(seed);
            run.Control.Reorders = true;
            using var delays = run.Control.Delay(_ => Chance(random, 0.2));
            using var shorts = run.Control.Replace(static result => result <= 4096 ? result : 4096, _ => Chance(random, 0.3));
            PlayAggregate(run, seed);
            PlayJoin(run, seed);
        }
    });

    [Fact]
    public void OneKeyThatOutgrowsTheMemoryIsJoinedInParts() => TestRun.WithinWatchdog(() =>
    {
        using TestRun run = TestRun.Start("io_uring");
        using (TempSpace space = run.OpenSpace())
        {
            const int Build = 20_000;
            const int Probes = 30;
            HashSet<(int, int)> pairs = [];
            List<int> lonely = [];
            using HashJoin<(int Key, int Number), (int Key, int Number), int> join = new(
                space, s_codec, static value => value.Key, s_codec, static value => value.Key,
                (build, probe) => Assert.True(pairs.Add((build.Number, probe.Number))), probe => lonely.Add(probe.Number),
                new HashOperatorOptions { MemoryBytes = 65536 });
            for (int number = 0; number < Build; number++) join.AddBuild((7, number));
            for (int number = 0; number < Probes; number++) join.Probe((number % 3 == 0 ? 8 : 7, number));
            join.Finish();
            Assert.Equal(Build * Probes * 2 / 3, pairs.Count);
            Assert.Equal(Enumerable.Range(0, Probes).Where(static number => number % 3 == 0), lonely.Order());
            Assert.True(join.PartsJoined > 3);
            Assert.True(join.Batches <= 4, $"{join.Batches} batches for one key.");
        }

        run.ExpectNothingLeft();
    });

    [Fact]
    public void ALaterBatchThatOutgrowsTheMemoryIsSplitAndBothSidesAreMovedOn() => TestRun.WithinWatchdog(() =>
    {
        using TestRun run = TestRun.Start("io_uring");
        using (TempSpace space = run.OpenSpace())
        {
            // Nearly all keys belong to the second of two batches, so the first never needs another doubling.
            int[] keys = [.. Enumerable.Range(0, 60_000).Where(static key => IsInSecondBatch(key) || key % 20 == 0)];
            HashSet<int> expected = [.. keys];
            using HashJoin<(int Key, int Number), (int Key, int Number), int> join = new(
                space,
                s_codec,
                static value => value.Key,
                s_codec,
                static value => value.Key,
                (_, probe) => Assert.True(expected.Remove(probe.Key)),
                null,
                new HashOperatorOptions { MemoryBytes = 131_072 });
            foreach (int key in keys) join.AddBuild((key, 0));
            int before = join.Batches;
            foreach (int key in keys) join.Probe((key, 1));
            join.Finish();
            Assert.True(join.Batches > before, $"{before} batches were enough: the test is about more.");
            Assert.Empty(expected);
        }

        run.ExpectNothingLeft();

        static bool IsInSecondBatch(int key) => ((HashBits.Of(key, EqualityComparer<int>.Default) >> 32) & 1) == 1;
    });

    [Fact]
    public void OneGroupOfManyInputsIsNotSpilled() => TestRun.WithinWatchdog(() =>
    {
        using TestRun run = TestRun.Start("io_uring");
        using TempSpace space = run.OpenSpace();
        using HashAggregate<(int Key, int Number), int, long> aggregate = new(
            space, s_codec, static value => value.Key, static _ => 0L, static (ref long sum, (int Key, int Number) value) =>
                sum += value.Number, new HashOperatorOptions { MemoryBytes = 65536 });
        for (int number = 0; number < 100_000; number++) aggregate.Add((1, number));
        long result = 0;
        aggregate.Finish((key, sum) => result = sum);
        Assert.Equal(100_000L * 99_999 / 2, result);
        Assert.Equal(0, aggregate.SpilledCount);
        Assert.Equal(0, space.PeakBytes);
    });

    [Theory]
    [InlineData("sync")]
    [InlineData("io_uring")]
    [InlineData("simulated")]
    public void AnIoThatFailsIsOneErrorAndNothingIsLeft(string method) => TestRun.WithinWatchdog(() =>
    {
        using TestRun run = TestRun.Start(method, injected: true);
        int failed = 0;
        for (int round = 0; round < 24; round++)
        {
            bool reads = round % 2 == 0;
            int skip = round * 2;
            int seen = 0;
            using (TempSpace space = run.OpenSpace())
            {
                int errno = reads ? Errno.EIO : Errno.ENOSPC;
                using var broken = run.Control.Replace(_ => -errno, request => (request.Operation == IoOperation.Read) == reads
                    && Interlocked.Increment(ref seen) > skip, times: 1);
                Exception? failure = Record.Exception(() =>
                {
                    if (round % 4 < 2) Aggregate(space);
                    else Join(space);
                });
                if (failure is not null)
                {
                    failed++;
                    if (reads) Assert.IsType<AioException>(failure);
                    else Assert.IsType<TempSpaceFullException>(failure);
                    Assert.Contains("hash ", failure.Message, StringComparison.Ordinal);
                }

                Assert.Equal(0, space.UsedBytes);
            }

            run.ExpectNothingLeft();
        }

        Assert.True(failed > 8, $"Only {failed} rounds failed.");
    });

    [Fact]
    public void ADelegateThatThrowsLeavesNothingBehind() => TestRun.WithinWatchdog(() =>
    {
        using TestRun run = TestRun.Start("io_uring");
        foreach (int after in (int[])[0, 1000, 20_000, 40_000])
        {
            int left = after;
            using (TempSpace space = run.OpenSpace())
            {
                Assert.Throws<TimeoutException>(() => Join(space, () => _ = left-- == 0 ? throw new TimeoutException() : 0));
                Assert.Equal(0, space.UsedBytes);
            }

            run.ExpectNothingLeft();
        }
    });

    [Fact]
    public void CancellationLeavesNothingBehind() => TestRun.WithinWatchdog(() =>
    {
        using TestRun run = TestRun.Start("io_uring", injected: true);
        for (int round = 0; round < 12; round++)
        {
            using CancellationTokenSource stop = new();
            int seen = 0;
            using (TempSpace space = run.OpenSpace())
            {
                using var hook = run.Control.Replace(static result => result, _ =>
                {
                    if (Interlocked.Increment(ref seen) == 1 + (round * 3)) stop.Cancel();
                    return false;
                });
                Exception? failure = Record.Exception(() => Join(space, null, stop.Token));
                if (failure is not null) Assert.IsAssignableFrom<OperationCanceledException>(failure);
                Assert.Equal(0, space.UsedBytes);
            }

            run.ExpectNothingLeft();
        }
    });

    private static bool Chance(Random random, double chance)
    {
        lock (random) return random.NextDouble() < chance;
    }

    private static void Aggregate(TempSpace space)
    {
        using HashAggregate<(int Key, int Number), int, long> aggregate = new(
            space, s_codec, static value => value.Key, static _ => 0L, static (ref long sum, (int Key, int Number) value) =>
                sum += value.Number, new HashOperatorOptions { MemoryBytes = 65536 });
        for (int number = 0; number < 30_000; number++) aggregate.Add((number, 1));
        int groups = 0;
        aggregate.Finish((_, _) => groups++);
        Assert.Equal(30_000, groups);
    }

    private static void Join(TempSpace space, Action? hook = null, CancellationToken cancellationToken = default)
    {
        int pairs = 0;
        using HashJoin<(int Key, int Number), (int Key, int Number), int> join = new(
            space, s_codec, value =>
            {
                hook?.Invoke();
                return value.Key;
            },
            s_codec, static value => value.Key, (_, _) => pairs++, null, new HashOperatorOptions { MemoryBytes = 65536 },
                cancellationToken: cancellationToken);
        for (int number = 0; number < 30_000; number++) join.AddBuild((number, 1));
        for (int number = 0; number < 30_000; number++) join.Probe((number * 2, 1));
        join.Finish();
        Assert.Equal(15_000, pairs);
    }

    private static int DrawKey(Random random, int skew, int range) => skew switch
    {
        0 => random.Next(range),
        1 => random.Next(10) < 8 ? 42 : random.Next(range),
        2 => (int)(range * Math.Pow(random.NextDouble(), 6)),
        _ => random.Next(3),
    };

    private static void PlayAggregate(TestRun run, int seed)
    {
        Random random = new(seed);
        int skew = seed % 4;
        int range = random.Next(1, 40_000);
        int count = random.Next(60_000);
        Dictionary<string, (int Count, long Sum)> expected = [];
        using (TempSpace space = run.OpenSpace(new TempSpaceOptions
        {
            PieceBytes = 4096 * random.Next(1, 100),
            Direct = seed % 5 == 1
            && run.System.MethodName is "sync" or "io_uring"
        }))
        {
            using HashAggregate<(int Key, int Number), string, (int Count, long Sum)> aggregate = new(
                space, s_codec, static value => value.Key.ToString(), static _ => (0, 0L),
                static (ref (int Count, long Sum) state, (int Key, int Number) value) =>
                    state = (state.Count + 1, state.Sum + value.Number),
                new HashOperatorOptions { MemoryBytes = 65536 * random.Next(1, 4) }, static (key, _) => 24 + (2 * key.Length));
            for (int number = 0; number < count; number++)
            {
                (int Key, int Number) value = (DrawKey(random, skew, range), number);
                aggregate.Add(value);
                (int Count, long Sum) state = expected.GetValueOrDefault(value.Key.ToString());
                expected[value.Key.ToString()] = (state.Count + 1, state.Sum + number);
            }

            aggregate.Finish((key, state) =>
            {
                Assert.True(expected.Remove(key, out (int Count, long Sum) right), $"Seed {seed}: {key} comes twice, or was never there.");
                Assert.Equal(right, state);
            });
        }

        Assert.Empty(expected);
        run.ExpectNothingLeft();
    }

    private static void PlayJoin(TestRun run, int seed)
    {
        Random random = new(seed + 1000);
        int skew = seed % 4;
        int range = random.Next(1, 20_000);
        int buildCount = random.Next(skew == 0 ? 25_000 : 3000);
        int probeCount = random.Next(skew == 0 ? 25_000 : 300);
        bool isOuter = random.Next(2) == 0;
        List<(int Key, int Number)> build = [.. Enumerable.Range(0, buildCount).Select(number => (DrawKey(random, skew, range), number))];
        List<(int Key, int Number)> probe = [.. Enumerable.Range(0, probeCount).Select(number =>
            (DrawKey(random, random.Next(4) == 0 ? 0 : skew, range), number))];
        Dictionary<(int, int), int> expected = [];
        ILookup<int, int> byKey = build.ToLookup(static value => value.Key, static value => value.Number);
        foreach ((int key, int number) in probe)
        {
            foreach (int match in byKey[key]) expected.Add((match, number), 1);
            if (isOuter && !byKey.Contains(key)) expected.Add((-1, number), 1);
        }

        using (TempSpace space = run.OpenSpace(new TempSpaceOptions { PieceBytes = 4096 * random.Next(1, 100) }))
        {
            using HashJoin<(int Key, int Number), byte[], int> join = new(
                space, s_codec, static value => value.Key, new ArrayCodec(), static value => BinaryPrimitives.ReadInt32LittleEndian(value),
                (left, right) => Assert.True(expected.Remove((left.Number, BinaryPrimitives.ReadInt32LittleEndian(right.AsSpan(4)))),
                    $"Seed {seed}."),
                isOuter ? right => Assert.True(expected.Remove((-1, BinaryPrimitives.ReadInt32LittleEndian(right.AsSpan(4)))),
                    $"Seed {seed}: outer.") : null,
                new HashOperatorOptions { MemoryBytes = 65536 * random.Next(1, 4) });
            foreach ((int Key, int Number) value in build) join.AddBuild(value);
            foreach ((int key, int number) in probe)
            {
                byte[] record = new byte[8 + random.Next(random.Next(200) == 0 ? 20_000 : 10)];
                BinaryPrimitives.WriteInt32LittleEndian(record, key);
                BinaryPrimitives.WriteInt32LittleEndian(record.AsSpan(4), number);
                join.Probe(record);
            }

            join.Finish();
            Assert.True(
                expected.Count == 0,
                $"Seed {seed}: {expected.Count} pairs are missing, {join.Batches} batches, {join.PartsJoined} parts.");
        }

        run.ExpectNothingLeft();
    }
}
