namespace Sluice.TempFiles;

/// <summary>Blocks of a tape that follow each other in the file.</summary>
/// <param name="Ordinal">Which block of the tape the first is.</param>
/// <param name="Block">Which block of the file the first is.</param>
/// <param name="Count">How many.</param>
internal readonly record struct TapeExtent(long Ordinal, long Block, int Count);
