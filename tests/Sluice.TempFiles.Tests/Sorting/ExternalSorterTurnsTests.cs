using Sluice.TempFiles.Tests.Support;

namespace Sluice.TempFiles.Tests.Sorting;

/// <summary>A sorter of one flow, which builds runs and writes them by turns.</summary>
public sealed class ExternalSorterTurnsTests
{
    private const int MemoryBytes = 4 << 20;
    private const int ValueBytes = 100;

    [Fact]
    public void WritesAreSpreadOverTheBuildingOfTheNextRun() => TestRun.WithinWatchdog(() =>
    {
        using TestRun run = TestRun.Start("sync");
        using TempSpace space = run.OpenSpace();
        using ExternalSorter<byte[]> sorter = new(space, new ArrayCodec(), SortOrder.Bytes,
            new ExternalSortOptions { MemoryBytes = MemoryBytes });
        Random random = new(1);
        byte[] value = new byte[ValueBytes];
        while (sorter.Statistics.Runs < 2) AddSome(100);
        int runs = sorter.Statistics.Runs;
        int parts = 0;
        int partsWithWrites = 0;
        while (sorter.Statistics.Runs < runs + 2)
        {
            long before = run.System.ReadStatistics()[IoOperation.Write].Operations;
            AddSome(1000);
            parts++;
            if (run.System.ReadStatistics()[IoOperation.Write].Operations > before) partsWithWrites++;
        }

        Assert.True(parts > 20, $"{parts} parts");
        Assert.True(partsWithWrites > parts * 3 / 4, $"There were writes in {partsWithWrites} parts of {parts}.");

        void AddSome(int count)
        {
            for (; count > 0; count--)
            {
                random.NextBytes(value);
                sorter.Add(value);
            }
        }
    });

    [Theory]
    [InlineData(10_000, 0)]
    [InlineData(30_000, 0)]
    [InlineData(40_000, 3)]
    public void TwoHalvesOfTheMemoryAreOneResultInTheOrderOfArrival(int count, int runs) => TestRun.WithinWatchdog(() =>
    {
        using TestRun run = TestRun.Start("io_uring");
        using TempSpace space = run.OpenSpace();
        using ExternalSorter<byte[]> sorter = new(space, new ArrayCodec(), SortOrder.LeadingBytes(1),
            new ExternalSortOptions { MemoryBytes = MemoryBytes });
        byte[] value = new byte[ValueBytes];
        for (int number = 0; number < count; number++)
        {
            value[0] = (byte)(number * 31);
            BitConverter.TryWriteBytes(value.AsSpan(1), number);
            sorter.Add(value);
        }

        using SortedRecords<byte[]> result = sorter.Finish();
        Assert.Equal(runs, sorter.Statistics.Runs);
        int last = -1;
        int lastNumber = -1;
        int seen = 0;
        while (result.MoveNext())
        {
            ReadOnlySpan<byte> record = result.CurrentRecord;
            int key = record[0];
            int number = BitConverter.ToInt32(record[1..]);
            if (key < last || (key == last && number < lastNumber)) Assert.Fail($"Record {number} came after {lastNumber}.");
            last = key;
            lastNumber = number;
            seen++;
        }

        Assert.Equal(count, seen);
        Assert.True(sorter.Statistics.MemoryBytesPeak <= MemoryBytes * 105L / 100, $"{sorter.Statistics.MemoryBytesPeak} bytes.");
    });

    [Fact]
    public void ARecordLongerThanHalfTheMemoryGoesBetweenOthers() => TestRun.WithinWatchdog(() =>
    {
        using TestRun run = TestRun.Start("sync");
        using TempSpace space = run.OpenSpace();
        using ExternalSorter<byte[]> sorter = new(space, new ArrayCodec(), SortOrder.Bytes,
            new ExternalSortOptions { MemoryBytes = 262144 });
        List<int> lengths = [];
        for (int round = 0; round < 6; round++)
        {
            for (int number = 0; number < 700; number++) AddOfLength(100 + number);
            AddOfLength(100_000 + round);
            AddOfLength(1_000_000 + round);
        }

        using SortedRecords<byte[]> result = sorter.Finish();
        lengths.Sort();
        int index = 0;
        while (result.MoveNext())
        {
            Assert.Equal(lengths[index], result.CurrentRecord.Length);
            index++;
        }

        Assert.Equal(lengths.Count, index);

        // All zeros: the shorter comes first.
        void AddOfLength(int length)
        {
            lengths.Add(length);
            sorter.Add(new byte[length]);
        }
    });
}
