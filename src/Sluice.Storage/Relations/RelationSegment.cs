namespace Sluice.Storage;

/// <summary>One segment of one fork: its file, and whether a sync of it is asked for already.</summary>
internal sealed class RelationSegment(CachedFile file, SyncTag tag)
{
    private int _isSyncPending;

    internal CachedFile File { get; } = file;

    internal SyncTag Tag { get; } = tag;

    /// <summary>
    /// Whether a sync that has not begun will cover what was written before this was read: then it need not be asked for again.
    /// Cleared (a full fence) before the sync begins; a write that still read "pending" completed before that, and is covered.
    /// </summary>
    internal bool IsSyncPending => Volatile.Read(ref _isSyncPending) != 0;

    internal void SetSyncPending(bool value) => Interlocked.Exchange(ref _isSyncPending, value ? 1 : 0);
}
