namespace Sluice.TempFiles;

/// <summary>What a hash join or aggregate did with its memory.</summary>
/// <param name="BytesWritten">How many bytes went to temporary files.</param>
/// <param name="BytesRead">How many bytes came back.</param>
/// <param name="Writes">In how many writes.</param>
/// <param name="Reads">In how many reads.</param>
/// <param name="WriteStalls">How often the producer had to wait for a write.</param>
/// <param name="ReadStalls">How often the consumer had to wait for a read.</param>
/// <param name="Partitions">How many partitions were read back.</param>
/// <param name="LevelsMax">How often a record was written at most.</param>
/// <param name="Fallbacks">How many partitions were too large for the memory and could not be divided.</param>
/// <param name="MemoryPeakBytes">The most memory that blocks took.</param>
/// <param name="BlockBytes">The size of a block.</param>
/// <param name="BlocksInFlightMax">How many blocks may be on their way in one direction.</param>
public readonly record struct HashSpillStatistics(
    long BytesWritten,
    long BytesRead,
    long Writes,
    long Reads,
    long WriteStalls,
    long ReadStalls,
    int Partitions,
    int LevelsMax,
    int Fallbacks,
    long MemoryPeakBytes,
    int BlockBytes,
    int BlocksInFlightMax);
