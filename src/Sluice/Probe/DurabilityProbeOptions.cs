namespace Sluice;

/// <summary>What a <see cref="DurabilityProbe"/> measures and how long it may take.</summary>
public sealed record DurabilityProbeOptions
{
    internal const int BlockBytesMax = 1 << 20;
    internal const int RoundsMax = 1000;

    /// <summary>The size of each write and read, in bytes; a multiple of 512, at most 1 MiB. 8 KiB unless said otherwise.</summary>
    public int BlockBytes { get; init; } = 8192;

    /// <summary>How many durable writes are in flight at once: each number is measured. 1, 8 and 32 unless said otherwise.</summary>
    public IReadOnlyList<int> Depths { get; init; } = [1, 8, 32];

    /// <summary>How many reads are in flight at once: each number is measured, for the suggested depth. Empty for no reads.</summary>
    public IReadOnlyList<int> ReadDepths { get; init; } = [1, 2, 4, 8, 16, 32, 64];

    /// <summary>
    /// The time to measure in. Every form is measured in turn, several times over, until it is used up; the first round is always
    /// done whole, with at least one write per flow, however slow the drive. One and a half seconds unless said otherwise.
    /// </summary>
    public TimeSpan Budget { get; init; } = TimeSpan.FromSeconds(1.5);

    /// <summary>The most rounds that the budget is divided into; the median of the rounds counts. 5 unless said otherwise.</summary>
    public int Rounds { get; init; } = 5;

    /// <summary>Measures also when the file system was measured before.</summary>
    public bool IgnoreCache { get; init; }

    /// <summary>Every mistake in the options, one line each; empty when they are good.</summary>
    public IReadOnlyList<string> Validate()
    {
        List<string> mistakes = [];
        if (BlockBytes is < 512 or > BlockBytesMax || BlockBytes % 512 != 0)
        {
            mistakes.Add($"BlockBytes is {BlockBytes}: give a multiple of 512 up to {BlockBytesMax}.");
        }

        if (Depths.Count == 0) mistakes.Add("Depths is empty: give at least one.");
        foreach (int depth in Depths.Concat(ReadDepths))
        {
            if (depth is < 1 or > Limits.HandlesPerContextMax)
            {
                mistakes.Add($"A depth is {depth}: give numbers from 1 to {Limits.HandlesPerContextMax}.");
            }
        }

        if (Budget < TimeSpan.Zero) mistakes.Add("Budget is negative: give a time, or zero for one round.");
        if (Rounds is < 1 or > RoundsMax) mistakes.Add($"Rounds is {Rounds}: give a number from 1 to {RoundsMax}.");
        return mistakes;
    }

    // What makes two measurements of one file system the same.
    internal string Key => $"{BlockBytes};{string.Join(',', Depths)};{string.Join(',', ReadDepths)};{Budget.Ticks};{Rounds}";
}
