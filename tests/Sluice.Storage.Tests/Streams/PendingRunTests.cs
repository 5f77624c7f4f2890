namespace Sluice.Storage.Tests;

/// <summary>The read that is being put together: ascending, descending, and what breaks it.</summary>
public sealed class PendingRunTests
{
    [Fact]
    public void AnyBlockListFallsIntoRunsThatGiveItBack()
    {
        for (int seed = 0; seed < 200; seed++)
        {
            Random random = new(seed);
            List<uint> wanted = MakeBlocks(random);
            List<uint> given = [];
            PendingRun run = default;
            foreach (uint block in wanted)
            {
                if (run.TryAdd(block)) continue;
                Drain(ref run, given, random);
                run.Begin(block);
            }

            Drain(ref run, given, random);
            Assert.Equal(wanted, given);
        }
    }

    [Theory]
    [InlineData(new uint[] { 5, 6, 7, 8 }, 1)]
    [InlineData(new uint[] { 8, 7, 6, 5 }, 1)]
    [InlineData(new uint[] { 5, 6, 5 }, 2)]
    [InlineData(new uint[] { 6, 5, 6 }, 2)]
    [InlineData(new uint[] { 5, 5 }, 2)]
    [InlineData(new uint[] { 1, 0, uint.MaxValue - 1 }, 2)]
    [InlineData(new uint[] { 0, 2 }, 2)]
    public void NeighboursInOneDirectionAreOneRun(uint[] blocks, int runs)
    {
        PendingRun run = default;
        int count = 0;
        foreach (uint block in blocks)
        {
            if (run.TryAdd(block)) continue;
            run.RemoveFirst(run.Count);
            run.Begin(block);
            count++;
        }

        Assert.Equal(runs, count);
    }

    private static void Drain(ref PendingRun run, List<uint> given, Random random)
    {
        // Taken in parts, as a read is that meets cached pages on its way.
        while (run.Count != 0)
        {
            int part = random.Next(1, run.Count + 1);
            for (int place = 0; place < part; place++) given.Add(run.BlockAt(place));
            run.RemoveFirst(part);
        }
    }

    private static List<uint> MakeBlocks(Random random)
    {
        List<uint> blocks = [];
        uint block = (uint)random.Next(20);
        for (int index = 0; index < 100; index++)
        {
            blocks.Add(block);
            block = random.Next(10) switch
            {
                < 5 => block + 1,
                < 8 when block > 0 => block - 1,
                _ => (uint)random.Next(20),
            };
        }

        return blocks;
    }
}
