namespace Sluice.Storage;

/// <summary>What a checkpoint did.</summary>
public sealed record CheckpointResult
{
    /// <summary>Where recovery begins from now on.</summary>
    public LogPosition Redo { get; init; }

    /// <summary>Pages that had to be written when it began.</summary>
    public int PagesFound { get; init; }

    /// <summary>Pages that it wrote. Others wrote the rest: who needed their buffers, say.</summary>
    public int PagesWritten { get; init; }

    /// <summary>Writes: fewer than pages, as neighbours were written together.</summary>
    public int Writes { get; init; }

    /// <summary>The most writes in flight at once.</summary>
    public int WritesInFlightMax { get; init; }

    /// <summary>Pages that were in use when their turn came, and were written later.</summary>
    public int PagesDeferred { get; init; }

    /// <summary>What was synced.</summary>
    public SyncPass Sync { get; init; }

    /// <summary>Files that were dropped before and whose names are gone now.</summary>
    public int FilesRemoved { get; init; }

    /// <summary>How long finding and sorting the pages took.</summary>
    public TimeSpan CollectTime { get; init; }

    /// <summary>How long the writes took, rests included.</summary>
    public TimeSpan WriteTime { get; init; }

    /// <summary>How long it took altogether.</summary>
    public TimeSpan TotalTime { get; init; }
}
