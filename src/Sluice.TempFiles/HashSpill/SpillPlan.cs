using System.Numerics;

namespace Sluice.TempFiles;

/// <summary>
/// How an operator's memory is shared out. One budget in blocks of one size serves the table, the partitions' last blocks, writes and
/// reads.
/// </summary>
/// <param name="BlockBytes">The size of a block, and of the smallest I/O.</param>
/// <param name="BlockCount">How many there may be.</param>
/// <param name="FanOutMax">Into how many parts one pass cuts at most; a power of two.</param>
/// <param name="WriteBlocks">How many blocks may be on their way to the file.</param>
/// <param name="ReadBlocks">How many blocks may be read ahead.</param>
internal readonly record struct SpillPlan(int BlockBytes, int BlockCount, int FanOutMax, int WriteBlocks, int ReadBlocks)
{
    /// <summary>The least an operator works with. A smaller budget is raised to it.</summary>
    internal const int MemoryBytesMin = 64 << 10;

    // Larger blocks make no device faster when several are in flight, and cost memory for each partition.
    private const int BlockBytesMax = 128 << 10;
    private const int BlocksWanted = 256;
    private const int BlocksMin = 16;
    private const int InFlightBlocksMax = 32;

    /// <summary>What the table may have while partitions are written.</summary>
    internal int TableBlocksWhileWriting(int fanOut) => Math.Max(2, BlockCount - fanOut - WriteBlocks - ReadBlocks);

    /// <summary>What the table may have while nothing is written.</summary>
    internal int TableBlocksAlone => BlockCount - ReadBlocks;

    /// <summary>Makes a plan.</summary>
    /// <param name="memoryBytes">The budget.</param>
    /// <param name="blockBytes">The size of a block; 0 to choose.</param>
    internal static SpillPlan For(long memoryBytes, int blockBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(memoryBytes);
        ArgumentOutOfRangeException.ThrowIfNegative(blockBytes);
        memoryBytes = Math.Max(memoryBytes, MemoryBytesMin);
        if (blockBytes == 0)
        {
            long wanted = Math.Clamp(memoryBytes / BlocksWanted, BufFile.AlignmentBytes, BlockBytesMax);
            blockBytes = 1 << BitOperations.Log2((ulong)wanted);
        }

        if (blockBytes % BufFile.AlignmentBytes != 0 || !BitOperations.IsPow2(blockBytes))
        {
            throw new ArgumentOutOfRangeException(
                nameof(blockBytes), blockBytes, $"The size of a block is a power of two from {BufFile.AlignmentBytes}.");
        }

        if (memoryBytes / blockBytes < BlocksMin)
        {
            throw new ArgumentOutOfRangeException(
                nameof(blockBytes), blockBytes,
                $"{memoryBytes} bytes of memory have fewer than {BlocksMin} blocks of this size: take smaller blocks.");
        }

        int count = (int)Math.Min(memoryBytes / blockBytes, int.MaxValue / 2);
        int share = Math.Max(2, count / BlocksMin);
        int fanOut = Math.Min(1 << BitOperations.Log2((uint)share), 128);
        return new SpillPlan(blockBytes, count, fanOut, Math.Min(share, InFlightBlocksMax), Math.Min(share, InFlightBlocksMax));
    }

    /// <summary>How often the number of parts must double until each fits.</summary>
    /// <param name="bytes">How much there is.</param>
    /// <param name="roomBytes">How much fits.</param>
    internal int FanOutFor(long bytes, long roomBytes)
    {
        int fanOut = 1;
        while (fanOut < FanOutMax && bytes / fanOut > roomBytes) fanOut *= 2;
        return fanOut;
    }
}
