namespace Sluice.TempFiles;

/// <summary>Records that one participant wrote and one will read.</summary>
/// <param name="Address">Where they are in memory; 0 when they are in the file.</param>
/// <param name="Block">The first of their blocks in the file.</param>
/// <param name="Bytes">How many bytes they are; more than a block for a single record that is longer.</param>
internal readonly record struct SharedChunk(nint Address, long Block, int Bytes);
