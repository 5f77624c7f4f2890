namespace Sluice.TempFiles;

/// <summary>What a tuple store did with its memory.</summary>
/// <param name="BytesWritten">How many bytes went to a temporary file.</param>
/// <param name="BytesRead">How many bytes came back.</param>
/// <param name="Writes">In how many writes.</param>
/// <param name="Reads">In how many reads.</param>
/// <param name="WriteStalls">How often a write had to be waited for.</param>
/// <param name="ReadStalls">How often a read had to be waited for.</param>
/// <param name="MemoryPeakBytes">The most memory that blocks took.</param>
public readonly record struct TupleStoreStatistics(
    long BytesWritten, long BytesRead, long Writes, long Reads, long WriteStalls, long ReadStalls, long MemoryPeakBytes);
