namespace Sluice.Storage;

/// <summary>A file that has to be synced. Everything under the table's lock.</summary>
internal sealed class SyncEntry(RelationSegment segment)
{
    internal RelationSegment Segment { get; } = segment;

    internal bool IsCancelled { get; set; }

    internal bool IsInFlight { get; set; }

    /// <summary>Whether it was asked for again since the sync in flight began, which does not cover that.</summary>
    internal bool IsAskedAgain { get; set; }
}
