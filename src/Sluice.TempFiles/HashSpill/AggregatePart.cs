namespace Sluice.TempFiles;

/// <summary>A part of an aggregate that is in the file.</summary>
/// <param name="Partition">The states.</param>
/// <param name="UsedBits">By how many bits of the hash they were cut off.</param>
/// <param name="Level">How often they were written.</param>
internal sealed record AggregatePart(SpillPartition Partition, int UsedBits, int Level);
