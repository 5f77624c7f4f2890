using Sluice.TempFiles.Tests.Support;

namespace Sluice.TempFiles.Tests.Sorting;

/// <summary>
/// Whatever goes wrong while runs are built, merged or read, in one pass or in any order, it is one error, and nothing is left even before
/// the sorter is disposed.
/// </summary>
public sealed class ExternalSorterFaultTests : FaultTests
{
    private const int Rows = 4000;
    private const int PayloadBytes = 60;
    private const int Steps = 100;

    private protected override IEnumerable<Action<FaultyWork>> Works => [SortOnce, SortAndWander];

    private protected override IEnumerable<Action<FaultyWork>> WorksInMemory => [SortInMemory];

    [Theory]
    [MemberData(nameof(TestRun.Methods), MemberType = typeof(TestRun))]
    public void AReadThatFailsOnTheWayBackIsOneErrorAndWhatWasGivenUpCannotBeLookedAt(string method) => TestRun.WithinWatchdog(() =>
    {
        using TestRun run = TestRun.Start(method, injected: true);
        using TempSpace space = run.OpenSpace();
        using ExternalSorter<Row> sorter = new(space, new RowCodec(), SortOrder.LeadingBytes(4),
            new ExternalSortOptions { MemoryBytes = 64 << 10, HasRandomAccess = true });
        for (int id = 0; id < Rows; id++) sorter.Add(new Row(id, id, PayloadBytes));
        using SortedRecords<Row> result = sorter.Finish();
        while (result.MoveNext())
        {
        }

        using var broken = run.Control.Replace(static _ => -Errno.EIO, static request => request.Operation == IoOperation.Read);
        AioException failure = Assert.Throws<AioException>(() =>
        {
            while (result.MovePrevious())
            {
            }
        });
        Assert.Contains("EIO", failure.Message, StringComparison.Ordinal);
        run.ExpectNothingInUse(space);
        Assert.Throws<ObjectDisposedException>(() => result.Current);
        Assert.Throws<ObjectDisposedException>(() => result.MovePrevious());
    });

    // As little memory as there can be: several merges before the last one.
    private static void SortOnce(FaultyWork work)
    {
        using SortedRecords<Row> result = Sort(work, new ExternalSortOptions { MemoryBytes = 64 << 10 });
        ExpectAll(result);
    }

    private static void SortInMemory(FaultyWork work)
    {
        using SortedRecords<Row> result = Sort(work, new ExternalSortOptions { MemoryBytes = 4 << 20 });
        ExpectAll(result);
    }

    private static void SortAndWander(FaultyWork work)
    {
        using SortedRecords<Row> result = Sort(work,
            new ExternalSortOptions { MemoryBytes = 128 << 10, Parallelism = 2, HasRandomAccess = true });
        ExpectAll(result);

        // Not far: what is read ahead in the wrong direction may fail without harm.
        for (int key = Rows - 1; key >= Rows - Steps; key--)
        {
            Assert.True(result.MovePrevious());
            Assert.Equal(key, result.Current.Key);
            if (key == Rows - (Steps / 2)) result.Mark();
        }

        result.Restore();
        Assert.True(result.MoveNext());
        Assert.Equal(Rows - (Steps / 2) + 1, result.Current.Key);
    }

    private static void ExpectAll(SortedRecords<Row> result)
    {
        for (int key = 0; key < Rows; key++)
        {
            Assert.True(result.MoveNext());
            Row row = result.Current;
            Assert.Equal(key, row.Key);
            Assert.True(row.IsWhole);
        }

        Assert.False(result.MoveNext());
    }

    private static SortedRecords<Row> Sort(FaultyWork work, ExternalSortOptions options)
    {
        RowCodec codec = new() { BeforeEncode = work.UserCode, BeforeDecode = work.UserCode };
        ISortOrder order = SortOrder.By(codec, Comparer<Row>.Create(static (left, right) => left.Key.CompareTo(right.Key)));
        ExternalSorter<Row> sorter = work.Make(new ExternalSorter<Row>(work.Space, codec, order, options, "faulty work", work.Token));
        for (int id = 0; id < Rows; id++) sorter.Add(new Row((int)(id * 1237L % Rows), id, PayloadBytes));
        return sorter.Finish();
    }
}
