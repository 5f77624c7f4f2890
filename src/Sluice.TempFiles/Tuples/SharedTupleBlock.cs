namespace Sluice.TempFiles;

/// <summary>A block of a shared tuple store.</summary>
/// <param name="File">The file of its writer.</param>
/// <param name="OffsetBytes">Where in it; a multiple of 4096.</param>
/// <param name="UsedBytes">How many bytes of records it has.</param>
internal readonly record struct SharedTupleBlock(BufFile File, long OffsetBytes, int UsedBytes);
