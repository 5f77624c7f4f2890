namespace Sluice.TempFiles;

/// <summary>How to sort.</summary>
public sealed record ExternalSortOptions
{
    /// <summary>
    /// Memory for records and buffers in bytes; at least 64 KiB for each flow. Kept to, but for a record that alone is longer. 64 MiB
    /// unless given.
    /// </summary>
    public long MemoryBytes { get; init; } = 64L << 20;

    /// <summary>How many flows build runs: the caller's, and threads beside it. 1 unless given.</summary>
    public int Parallelism { get; init; } = 1;

    /// <summary>Whether of records that compare equal only the first that was added is kept.</summary>
    public bool IsUnique { get; init; }

    /// <summary>How many of the first records are wanted. All unless given. A few are kept in memory, and nothing is written.</summary>
    public long Limit { get; init; } = long.MaxValue;

    /// <summary>
    /// Whether the result can be read backwards, from a mark and again. Costs one more pass over data that did not fit in memory.
    /// </summary>
    public bool HasRandomAccess { get; init; }

    /// <summary>Told now and then how far it is. On whichever thread; null for nobody.</summary>
    public IProgress<SortProgress>? Progress { get; init; }

    /// <summary>What is wrong with these options; one line each.</summary>
    public IReadOnlyList<string> Validate()
    {
        List<string> mistakes = [];
        if (Parallelism is < 1 or > 64) mistakes.Add($"Parallelism is {Parallelism}: give 1 to 64.");
        else if (MemoryBytes / Parallelism < SortPlan.MemoryBytesMin) mistakes.Add(
            $"MemoryBytes is {MemoryBytes}: give at least {SortPlan.MemoryBytesMin * Parallelism} "
            + $"({SortPlan.MemoryBytesMin} for each flow).");
        if (Limit < 0) mistakes.Add($"Limit is {Limit}: give 0 or more.");
        return mistakes;
    }
}
