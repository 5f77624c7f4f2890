using System.Numerics;

namespace Sluice.TempFiles;

/// <summary>How a sort divides its memory. Every byte that grows with the data is in it.</summary>
/// <param name="BlockBytes">The size of a block of a tape.</param>
/// <param name="WriterBuffers">How many blocks each writer has.</param>
/// <param name="RunBytes">Memory for the records of each run that is built.</param>
/// <param name="MergeBuffers">How many blocks a merge has for reading.</param>
/// <param name="FanIn">The most runs that are merged at once: each has two blocks at least.</param>
internal readonly record struct SortPlan(int BlockBytes, int WriterBuffers, long RunBytes, int MergeBuffers, int FanIn)
{
    /// <summary>The least memory for each run that is built at the same time.</summary>
    internal const long MemoryBytesMin = 64 << 10;

    private const int BlockBytesMax = 256 << 10;

    // The smallest share that still lets a merge read some 250 runs at once.
    private const int BlocksWanted = 512;

    // What a buffer costs beside its bytes: its transfer and the place for the outcome, on the heap.
    private const int OverheadBytes = 768;

    // Offsets in a run are 32 bits.
    private const long RunBytesMax = uint.MaxValue - (1 << 20);

    internal static SortPlan For(long memoryBytes, int parallelism, int writersInMerge = 1)
    {
        long each = memoryBytes / parallelism;
        int block = (int)Math.Clamp(1L << BitOperations.Log2((ulong)(memoryBytes / BlocksWanted)), BufFile.AlignmentBytes, BlockBytesMax);
        int writer = (int)Math.Clamp(each / (32L * block), 2, 8);
        long run = Math.Min((each - ((long)writer * block)) / 4096 * 4096, RunBytesMax);
        int merge = (int)Math.Min((memoryBytes / (block + OverheadBytes)) - ((long)writer * writersInMerge), 1 << 20);
        return new SortPlan(block, writer, run, merge, Math.Max(2, merge / 2));
    }
}
