namespace Sluice.Storage;

/// <summary>A file that has to be synced. Everything under the table's lock.</summary>
internal sealed class SyncEntry(RelationSegment segment)
{
    /// <summary>Whose file is opened, and whose mark says that it is asked for: that of who asked last.</summary>
    internal RelationSegment Segment { get; set; } = segment;

    internal bool IsCancelled { get; set; }

    internal bool IsInFlight { get; set; }

    /// <summary>Whether it was asked for again since the sync in flight began, which does not cover that.</summary>
    internal bool IsAskedAgain { get; set; }
}
