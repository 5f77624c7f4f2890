namespace Sluice.TempFiles;

/// <summary>What a sort took.</summary>
/// <param name="Records">How many records were added.</param>
/// <param name="Runs">How many runs were written; 0 when all stayed in memory.</param>
/// <param name="SpilledBytes">How much was written to runs when they were built.</param>
/// <param name="MemoryBytesPeak">The most memory that records and buffers had.</param>
public readonly record struct SortStatistics(long Records, int Runs, long SpilledBytes, long MemoryBytesPeak);
