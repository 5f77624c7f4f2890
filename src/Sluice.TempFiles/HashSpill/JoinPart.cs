namespace Sluice.TempFiles;

/// <summary>A part of a join that is in the file.</summary>
/// <param name="Build">Its build records.</param>
/// <param name="Probe">Its probe records.</param>
/// <param name="UsedBits">By how many bits of the hash it was cut off.</param>
/// <param name="Level">How often its records were written.</param>
internal sealed record JoinPart(SpillPartition Build, SpillPartition Probe, int UsedBits, int Level)
{
    /// <summary>Whether no cut makes it fit.</summary>
    internal bool IsIndivisible { get; set; }
}
