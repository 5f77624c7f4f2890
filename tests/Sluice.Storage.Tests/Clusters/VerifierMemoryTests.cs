namespace Sluice.Storage.Tests.Clusters;

/// <summary>The memory of a verification is bounded, whatever is asked for; within the bound what was asked for is done.</summary>
public sealed class VerifierMemoryTests
{
    [Theory]
    [InlineData(1, 16, 262144, 64, 16, 262144)]
    [InlineData(8, 16, 262144, 64, 16, 262144)]
    [InlineData(2, 128, 262144, 64, 128, 262144)]
    [InlineData(8, 128, 262144, 64, 128, 65536)]
    [InlineData(3, 100, 262144, 64, 100, 221184)]
    [InlineData(64, 256, 262144, 64, 128, 8192)]
    [InlineData(64, 256, 16777216, 64, 128, 8192)]
    [InlineData(64, 16, 16777216, 1, 2, 8192)]
    [InlineData(1, 1, 16777216, 1, 1, 1048576)]
    public void MoreReadsAreSmallerOnesAndThenFewer(int flows, int depth, int readBytes, int mebibytes, int depthGiven, int bytesGiven)
    {
        ClusterVerifierOptions options = new() { Depth = depth, ReadBytes = readBytes, MemoryBytesMax = (long)mebibytes << 20 };
        Assert.Empty(options.Validate());
        Assert.Equal((depthGiven, bytesGiven), VerifierMemory.Share(options, flows));
    }

    [Fact]
    public void NoOptionsTakeMoreThanTheBound()
    {
        foreach (int flows in (int[])[1, 2, 3, 5, 8, 64])
        {
            foreach (int mebibytes in (int[])[1, 3, 64, 4096])
            {
                foreach (int pages in (int[])[1, 7, 32, 2048])
                {
                    for (int depth = 1; depth <= 256; depth++)
                    {
                        ClusterVerifierOptions options = new()
                        {
                            Depth = depth,
                            ReadBytes = pages * StorageLimits.PageBytes,
                            MemoryBytesMax = (long)mebibytes << 20,
                        };
                        (int reads, int bytes) = VerifierMemory.Share(options, flows);
                        Assert.InRange(reads, 1, depth);
                        Assert.InRange(bytes, StorageLimits.PageBytes, options.ReadBytes);
                        Assert.Equal(0, bytes % StorageLimits.PageBytes);
                        Assert.InRange((long)flows * reads * bytes, 1, options.MemoryBytesMax);
                    }
                }
            }
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1000)]
    [InlineData(5L << 30)]
    public void ABoundThatIsNoneIsRefused(long bytes) =>
        Assert.Contains("MemoryBytesMax", Assert.Single(new ClusterVerifierOptions { MemoryBytesMax = bytes }.Validate()), StringComparison.Ordinal);
}
