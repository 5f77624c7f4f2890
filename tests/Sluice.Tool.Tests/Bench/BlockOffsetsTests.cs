using System.Runtime.CompilerServices;
using Sluice.Tool.Bench;

namespace Sluice.Tool.Tests.Bench;

/// <summary>Where a run reads and writes.</summary>
public sealed class BlockOffsetsTests
{
    [Theory]
    [InlineData(8192, 8192)]
    [InlineData(100_000, 4096)]
    [InlineData(1L << 40, 131072)]
    public void RandomPlacesAreWholeBlocksWithinTheRange(long rangeBytes, int blockBytes)
    {
        BlockOffsets offsets = BlockOffsets.Random(rangeBytes, blockBytes, seed: 3);
        for (int count = 0; count < 10_000; count++)
        {
            long offset = offsets.Next();
            Assert.Equal(0, offset % blockBytes);
            Assert.InRange(offset, 0, rangeBytes - blockBytes);
        }
    }

    [Fact]
    public void TheSameSeedGivesTheSamePlacesAndAnotherSeedOthers()
    {
        long[] Take(int seed)
        {
            BlockOffsets offsets = BlockOffsets.Random(1 << 30, 8192, seed);
            return [.. Enumerable.Range(0, 100).Select(_ => offsets.Next())];
        }

        Assert.Equal(Take(1), Take(1));
        Assert.NotEqual(Take(1), Take(2));
    }

    [Fact]
    public void EveryBlockOfTheRangeIsReachedAtRandom()
    {
        BlockOffsets offsets = BlockOffsets.Random(64 * 4096, 4096, seed: 0);
        Assert.Equal(64, Enumerable.Range(0, 5_000).Select(_ => offsets.Next()).Distinct().Count());
    }

    [Fact]
    public void FlowsThatShareAnEndNeverTakeTheSameBlockBeforeTheRangeIsUsedUp()
    {
        StrongBox<long> end = new();
        BlockOffsets first = BlockOffsets.Sequential(10 * 512, 512, end);
        BlockOffsets second = BlockOffsets.Sequential(10 * 512, 512, end);
        long[] taken = [.. Enumerable.Range(0, 5).SelectMany(_ => new[] { first.Next(), second.Next() })];
        Assert.Equal(Enumerable.Range(0, 10).Select(index => index * 512L), taken);
        Assert.Equal(0, first.Next());
    }
}
