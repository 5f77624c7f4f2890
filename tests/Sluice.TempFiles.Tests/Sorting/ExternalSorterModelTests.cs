using Sluice.TempFiles.Tests.Support;

namespace Sluice.TempFiles.Tests.Sorting;

/// <summary>Sorts with tiny budgets against a stable sort in memory, over every kind of option.</summary>
public sealed class ExternalSorterModelTests
{
    [Theory]
    [MemberData(nameof(TestRun.Methods), MemberType = typeof(TestRun))]
    public void TheResultIsThatOfAStableSortInMemory(string method) => TestRun.WithinWatchdog(() =>
    {
        for (int seed = 0; seed < 24; seed++)
        {
            using TestRun run = TestRun.Start(method, seed: (ulong)seed + 1);
            PlayBytes(run, seed);
            PlayNumbered(run, seed);
        }
    });

    [Theory]
    [InlineData("sync")]
    [InlineData("worker")]
    [InlineData("io_uring")]
    public void ShortDelayedAndReorderedTransfersChangeNothing(string method) => TestRun.WithinWatchdog(() =>
    {
        for (int seed = 100; seed < 106; seed++)
        {
            using TestRun run = TestRun.StartDisturbed(method, seed, shortened: 0.3, replace: static (_, result) => Math.Min(result, 4096));
            PlayBytes(run, seed);
            PlayNumbered(run, seed);
        }
    });

    private static ExternalSortOptions Options(Random random, int parallelismMax = 3)
    {
        int parallelism = random.Next(1, parallelismMax + 1);
        return new ExternalSortOptions
        {
            Parallelism = parallelism,
            MemoryBytes = parallelism * 65536L * random.Next(1, 4),
            IsUnique = random.Next(3) == 0,
            Limit = random.Next(3) == 0 ? random.Next(random.Next(2) == 0 ? 50 : 5000) : long.MaxValue,
            HasRandomAccess = random.Next(3) == 0,
        };
    }

    private static TempSpaceOptions SpaceOptions(Random random, TestRun run) => new()
    {
        PieceBytes = 4096 * random.Next(1, 100),
        Direct = random.Next(3) == 0 && run.System.MethodName is "io_uring" or "worker" or "sync",
        Naming = random.Next(3) == 0 ? TempNaming.Named : TempNaming.Unnamed,
    };

    private static void PlayBytes(TestRun run, int seed)
    {
        Random random = new(seed);
        ExternalSortOptions options = Options(random);
        bool isReversed = random.Next(3) == 0;
        int keyBytes = random.Next(3) == 0 ? random.Next(1, 12) : int.MaxValue;
        byte[][] values = MakeArrays(random);
        int Compare(byte[] left, byte[] right)
        {
            int order = left.AsSpan(0, Math.Min(left.Length, keyBytes)).SequenceCompareTo(
                right.AsSpan(0, Math.Min(right.Length, keyBytes)));
            return isReversed ? -order : order;
        }

        List<byte[]> expected = [.. values.Select(static (value, index) => (Value: value, Index: index)).Order(
            Comparer<(byte[] Value, int Index)>.Create((left, right) =>
        {
            int order = Compare(left.Value, right.Value);
            return order != 0 ? order : left.Index.CompareTo(right.Index);
        })).Select(static pair => pair.Value)];
        if (options.IsUnique) expected = [.. expected.Where((value, index) => index == 0 || Compare(expected[index - 1], value) != 0)];
        if (expected.Count > options.Limit) expected = expected[..(int)options.Limit];

        using (TempSpace space = run.OpenSpace(SpaceOptions(random, run)))
        {
            using ExternalSorter<byte[]> sorter = new(space, new ArrayCodec(), SortOrder.LeadingBytes(keyBytes, isReversed), options);
            foreach (byte[] value in values) sorter.Add(value);
            using SortedRecords<byte[]> result = sorter.Finish();
            if (options.HasRandomAccess) Wander(result, expected, random, seed);
            for (int index = 0; index < expected.Count; index++)
            {
                Assert.True(result.MoveNext(), $"Seed {seed}: {index} of {expected.Count}.");
                Assert.True(expected[index].AsSpan().SequenceEqual(result.CurrentRecord), $"Seed {seed}: record {index}.");
            }

            Assert.False(result.MoveNext());
            long longest = values.Length == 0 ? 0 : values.Max(static value => value.Length);
            long allowed = (long)(options.MemoryBytes * 1.05) + (longest < options.MemoryBytes / options.Parallelism / 2 ? 0 : longest * 8);
            Assert.True(sorter.Statistics.MemoryBytesPeak <= allowed,
                $"Seed {seed}: {sorter.Statistics.MemoryBytesPeak} of {options.MemoryBytes}.");
        }

        run.ExpectNothingLeft();
    }

    private static void Wander(SortedRecords<byte[]> result, List<byte[]> expected, Random random, int seed)
    {
        int at = -1;
        int mark = -1;
        for (int step = 0; step < 200; step++)
        {
            switch (random.Next(5))
            {
                case 0 or 1:
                    bool hasNext = result.MoveNext();
                    Assert.Equal(at + 1 < expected.Count, hasNext);
                    at = Math.Min(at + 1, expected.Count);
                    break;
                case 2:
                    bool hasPrevious = result.MovePrevious();
                    Assert.Equal(at - 1 >= 0, hasPrevious);
                    at = Math.Max(at - 1, -1);
                    break;
                case 3 when random.Next(2) == 0:
                    result.Mark();
                    mark = at;
                    continue;
                case 4 when random.Next(4) == 0:
                    result.Restore();
                    at = mark;
                    continue;
                default:
                    continue;
            }

            if (at >= 0 && at < expected.Count) Assert.True(expected[at].AsSpan().SequenceEqual(result.CurrentRecord),
                $"Seed {seed}: step {step}.");
        }

        result.Rewind();
    }

    private static void PlayNumbered(TestRun run, int seed)
    {
        Random random = new(seed);
        ExternalSortOptions options = Options(random);
        int count = random.Next(30_000);
        int range = random.Next(3) switch { 0 => 10, 1 => 1000, _ => int.MaxValue };
        List<(int Key, int Number)> values = [.. Enumerable.Range(0, count).Select(number => (random.Next(range) - (range / 2), number))];
        IEnumerable<(int Key, int Number)> expected = values.OrderBy(static value => value.Key);
        if (options.IsUnique) expected = values.GroupBy(static value => value.Key).Select(static group => group.First()).OrderBy(
            static value => value.Key);
        if (options.Limit != long.MaxValue) expected = expected.Take((int)options.Limit);
        NumberedCodec codec = new();
        Comparer<(int Key, int Number)> comparer = Comparer<(int Key, int Number)>.Create(static (left, right) =>
            left.Key.CompareTo(right.Key));

        // A coarse abbreviated key leaves ties that the comparer decides.
        ISortOrder order = random.Next(2) == 0
            ? SortOrder.By(codec, comparer)
            : SortOrder.By(codec, comparer, static value => (ulong)((long)value.Key - int.MinValue) >> 8);
        using (TempSpace space = run.OpenSpace(SpaceOptions(random, run)))
        {
            using ExternalSorter<(int Key, int Number)> sorter = new(space, codec, order, options);
            foreach ((int Key, int Number) value in values) sorter.Add(value);
            using SortedRecords<(int Key, int Number)> result = sorter.Finish();
            foreach ((int Key, int Number) value in expected)
            {
                Assert.True(result.MoveNext());
                Assert.Equal(value, result.Current);
            }

            Assert.False(result.MoveNext());
        }

        run.ExpectNothingLeft();
    }

    private static byte[][] MakeArrays(Random random)
    {
        int kind = random.Next(8);
        int count = random.Next(4) == 0 ? random.Next(3) : random.Next(12_000);
        if (kind == 6) count = Math.Min(count, 40);
        byte[][] values = new byte[count][];
        for (int index = 0; index < count; index++)
        {
            values[index] = kind switch
            {
                0 => Bytes(random, random.Next(40), 256),
                1 => Bytes(random, random.Next(4), 2),
                2 => [.. "the same beginning of all "u8, .. Bytes(random, random.Next(5), 3)],
                3 => [.. System.Text.Encoding.ASCII.GetBytes($"{index:D8}")],
                4 => [.. System.Text.Encoding.ASCII.GetBytes($"{count - index:D8}")],
                5 => new byte[random.Next(30)],
                6 => Bytes(random, random.Next(200_000), 256),
                _ => "all equal, and longer than a prefix"u8.ToArray(),
            };
        }

        return values;
    }

    private static byte[] Bytes(Random random, int length, int values)
    {
        byte[] bytes = new byte[length];
        for (int index = 0; index < length; index++) bytes[index] = (byte)random.Next(values);
        return bytes;
    }
}
