namespace Sluice.Storage.Tests;

/// <summary>Hints for many writes become few.</summary>
public sealed class WriteBackMergeTests
{
    private static readonly RelationId s_relation = new(1663, 5, 7);

    [Fact]
    public void NeighboursAndOverlapsAreJoinedWithinAFork()
    {
        WriteBackRange[] ranges =
            [Range(10, 2), Range(4, 4), Range(8, 2), Range(9, 1), Range(20, 1), new(s_relation, RelationFork.FreeSpaceMap, 12, 1)];
        int count = WriteBackMerge.Merge(ranges, blocksMax: 100);
        Assert.Equal([Range(4, 8), Range(20, 1), new(s_relation, RelationFork.FreeSpaceMap, 12, 1)], ranges[..count]);
    }

    [Fact]
    public void ExactlyTheBlocksThatWereWrittenAreHinted()
    {
        for (int seed = 0; seed < 100; seed++)
        {
            Random random = new(seed);
            WriteBackRange[] ranges = new WriteBackRange[random.Next(0, 64)];
            HashSet<(uint Number, uint Block)> written = [];
            for (int index = 0; index < ranges.Length; index++)
            {
                ranges[index] = new(new(1663, 5, (uint)random.Next(3)), RelationFork.Main, (uint)random.Next(60), random.Next(1, 9));
                for (int block = 0; block < ranges[index].Count; block++) written.Add(
                    (ranges[index].Relation.Number, ranges[index].First + (uint)block));
            }

            int count = WriteBackMerge.Merge(ranges, blocksMax: 16);
            HashSet<(uint, uint)> hinted = [];
            foreach (WriteBackRange range in ranges.AsSpan(0, count))
            {
                Assert.InRange(range.Count, 1, 16);
                for (int block = 0; block < range.Count; block++) hinted.Add((range.Relation.Number, range.First + (uint)block));
            }

            Assert.Equal(written, hinted);
        }
    }

    private static WriteBackRange Range(uint first, int count) => new(s_relation, RelationFork.Main, first, count);
}
