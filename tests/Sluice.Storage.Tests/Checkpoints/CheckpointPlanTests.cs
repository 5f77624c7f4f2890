namespace Sluice.Storage.Tests;

/// <summary>The order of a checkpoint's writes.</summary>
public sealed class CheckpointPlanTests
{
    [Fact]
    public void EveryPageIsTakenOnceInRunsOfNeighbours()
    {
        CheckpointPlan plan = new();
        for (int seed = 0; seed < 60; seed++)
        {
            Random random = new(seed);
            Dictionary<PageTag, int> pages = MakePages(random);
            plan.Clear();
            foreach ((PageTag tag, int buffer) in pages.OrderBy(_ => random.Next())) plan.Add(new BufferSlot(buffer, tag));
            plan.Arrange();
            int limit = random.Next(1, 33);
            BufferSlot[] slots = new BufferSlot[limit];
            Dictionary<(RelationId, RelationFork), uint> lastOfFork = [];
            while (true)
            {
                int count = plan.TakeRun(slots);
                if (count == 0) break;
                PageTag first = slots[0].Tag;
                Assert.InRange(count, 1, limit);
                for (int index = 0; index < count; index++)
                {
                    PageTag tag = first with { BlockNumber = first.BlockNumber + (uint)index };
                    Assert.True(pages.Remove(tag, out int buffer), $"{tag} was taken twice or never added (seed {seed}).");
                    Assert.Equal(new BufferSlot(buffer, tag), slots[index]);
                    (RelationId, RelationFork) fork = (tag.Relation, tag.Fork);
                    if (lastOfFork.TryGetValue(fork, out uint last)) Assert.True(last < tag.BlockNumber, "Blocks of a fork come in order.");
                    lastOfFork[fork] = tag.BlockNumber;
                }

                // A run ends at its limit or where no neighbour is dirty.
                PageTag next = first with { BlockNumber = first.BlockNumber + (uint)count };
                Assert.True(count == limit || !pages.ContainsKey(next), $"{next} could have been in the run (seed {seed}).");
            }

            Assert.Empty(pages);
            Assert.Equal(plan.Count, plan.TakenCount);
        }
    }

    [Fact]
    public void TablespacesFinishTogether()
    {
        CheckpointPlan plan = new();
        (uint Tablespace, int Pages)[] sizes = [(1663, 1000), (50001, 100), (50002, 10)];
        foreach ((uint tablespace, int pages) in sizes)
        {
            for (uint block = 0; block < pages; block++) plan.Add(
                new BufferSlot(0, new PageTag(new RelationId(tablespace, 5, 1), RelationFork.Main, block * 2)));
        }

        plan.Arrange();
        Assert.Equal(3, plan.TablespaceCount);
        Dictionary<uint, int> taken = sizes.ToDictionary(static size => size.Tablespace, static _ => 0);
        BufferSlot[] slots = new BufferSlot[1];
        while (plan.TakeRun(slots) != 0)
        {
            taken[slots[0].Tag.Relation.TablespaceOid]++;
            double least = sizes.Min(size => (double)taken[size.Tablespace] / size.Pages);
            double most = sizes.Max(size => (double)(taken[size.Tablespace] - 1) / size.Pages);
            Assert.True(most <= least + 1e-9, $"One tablespace is at {most:P0} while another is at {least:P0}.");
        }
    }

    [Fact]
    public void ARunDoesNotGoOnInAnotherFork()
    {
        CheckpointPlan plan = new();
        RelationId relation = new(1663, 5, 7);
        plan.Add(new BufferSlot(1, new PageTag(relation, RelationFork.FreeSpaceMap, 0)));
        plan.Add(new BufferSlot(0, new PageTag(relation, RelationFork.Main, uint.MaxValue - 1)));
        plan.Arrange();
        BufferSlot[] slots = new BufferSlot[4];
        Assert.Equal(1, plan.TakeRun(slots));
        Assert.Equal(RelationFork.Main, slots[0].Tag.Fork);
        Assert.Equal(1, plan.TakeRun(slots));
        Assert.Equal(RelationFork.FreeSpaceMap, slots[0].Tag.Fork);
        Assert.Equal(0, plan.TakeRun(slots));
    }

    [Fact]
    public void ASecondCheckpointOfTheSameSizeAllocatesNothing()
    {
        CheckpointPlan plan = new();
        BufferSlot[] slots = new BufferSlot[16];
        Run();
        Run();
        Assert.Equal(0, Support.Allocated.LeastOf(Run));

        void Run()
        {
            plan.Clear();
            for (uint block = 0; block < 5000; block++) plan.Add(
                new BufferSlot((int)block, new PageTag(new RelationId(1663, 5, block % 7), RelationFork.Main, (block * 7919) % 100003)));
            plan.Arrange();
            while (plan.TakeRun(slots) != 0)
            {
            }
        }
    }

    private static Dictionary<PageTag, int> MakePages(Random random)
    {
        Dictionary<PageTag, int> pages = [];
        int relations = random.Next(1, 6);
        for (int index = random.Next(1, 600); index > 0; index--)
        {
            RelationId relation = new((uint)(1663 + random.Next(3)), (uint)random.Next(2), (uint)random.Next(relations));
            PageTag tag = new(relation, (RelationFork)random.Next(3), (uint)random.Next(200));
            pages.TryAdd(tag, index);
        }

        return pages;
    }
}
