namespace Sluice.Methods.Simulated;

/// <summary>
/// How much may be damaged, so that a run stays winnable: code that keeps two copies must survive the loss of one, and nobody
/// survives the loss of all.
/// </summary>
public sealed record FaultBudget
{
    /// <summary>The most damages (bad sectors, flipped bits, misdirected and lost writes) in one run.</summary>
    public int DamagesMaximum { get; init; } = int.MaxValue;

    /// <summary>
    /// Patterns of files that hold copies of the same bytes at the same offsets. A sector of one is damaged only while enough
    /// others have that sector sound. Files that match none are bounded by <see cref="DamagesMaximum"/> alone.
    /// </summary>
    public IReadOnlyList<string> Copies { get; init; } = [];

    /// <summary>How many copies of a sector stay sound.</summary>
    public int SoundCopiesMinimum { get; init; } = 1;
}
