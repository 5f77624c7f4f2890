namespace Sluice.Storage;

/// <summary>
/// Which files have to be made durable by the next checkpoint, and which names go after it: the job of PostgreSQL's sync.c. Any thread;
/// one pass at a time.
/// </summary>
/// <remarks>
/// <para>A checkpoint calls <see cref="PreCheckpoint"/>, writes, then <see cref="ProcessAsync"/>, makes its own record durable, and
/// calls <see cref="PostCheckpointAsync"/>.</para>
/// <para>Invariants. (a) A file is asked for after its write has completed and before that is known to anybody
/// (<see cref="RelationWrite"/>), so that a pass that begins later covers it. (b) A pass takes what was asked for before it began; what
/// is asked for meanwhile waits for the next, also when its file is being synced at that moment, because that sync may have begun
/// before the write ended. (c) A request goes only when a sync that began after it succeeded, or when the file was forgotten.
/// (d) Forgetting comes before removing the name: a pass that finds no file and no cancellation looks once more, and then reports it.
/// (e) After a sync failed nothing here succeeds any more: the system may have dropped the data and forgotten the error, so that a
/// second try would lie. The requests stay, <see cref="IsPoisoned"/> says so, and the way out is to restart and recover from the
/// log.</para>
/// </remarks>
public sealed partial class SyncRequests
{
    private readonly StorageManager _storage;
    private readonly Lock _lock = new();
    private readonly Dictionary<SyncTag, SyncEntry> _pending = [];
    private readonly Dictionary<string, long> _folders = new(StringComparer.Ordinal);
    private readonly List<UnlinkRequest> _unlinks = [];
    private int _unlinksOver;
    private long _folderSequence;
    private long _checkpointCycle;
    private int _isRunning;
    private string? _poison;

    internal SyncRequests(StorageManager storage) => _storage = storage;

    /// <summary>Whether a sync failed once: no pass succeeds from then on.</summary>
    public bool IsPoisoned => Volatile.Read(ref _poison) is not null;

    /// <summary>What failed, in one line; null while all is sound.</summary>
    public string? PoisonReason => Volatile.Read(ref _poison);

    /// <summary>How many files wait to be synced.</summary>
    public int PendingCount
    {
        get
        {
            lock (_lock) return _pending.Count;
        }
    }

    /// <summary>How many names wait to be removed.</summary>
    public int PendingUnlinkCount
    {
        get
        {
            lock (_lock) return _unlinks.Count - _unlinksOver;
        }
    }

    /// <summary>
    /// Asks for a file to be synced, of a relation that lasts. What was written to it before is covered by the next pass.
    /// </summary>
    /// <param name="tag">The file.</param>
    public void Register(SyncTag tag) => Register(_storage.Open(tag.Relation).Segment(tag.Fork, tag.Segment));

    /// <summary>Asks for a folder's names to be made durable by the next pass: after a file in it was made.</summary>
    /// <param name="path">The folder.</param>
    public void RegisterDirectory(string path)
    {
        if (!_storage.Options.Sync) return;
        lock (_lock) _folders[path] = ++_folderSequence;
    }

    /// <summary>Takes a file off the list: it is about to be removed.</summary>
    /// <param name="tag">The file.</param>
    public void Forget(SyncTag tag)
    {
        lock (_lock)
        {
            if (_pending.Remove(tag, out SyncEntry? entry)) Cancel(entry);
        }
    }

    /// <summary>Takes all files off the list that match, and the names that wait to be removed: a database is dropped, say.</summary>
    /// <param name="matches">Which.</param>
    public void Filter(Predicate<SyncTag> matches)
    {
        ArgumentNullException.ThrowIfNull(matches);
        lock (_lock)
        {
            foreach (SyncTag tag in _pending.Keys.Where(tag => matches(tag)).ToArray())
            {
                _pending.Remove(tag, out SyncEntry? entry);
                Cancel(entry!);
            }

            foreach (UnlinkRequest request in _unlinks)
            {
                // The pass that is removing names passes over those that are over.
                if (request.IsOver || !matches(request.Tag)) continue;
                request.IsOver = true;
                _unlinksOver++;
            }

            _unlinks.RemoveAll(static request => request.IsOver);
            _unlinksOver = 0;
        }
    }

    /// <summary>Takes all files of a database off the lists.</summary>
    /// <param name="databaseOid">The database.</param>
    public void FilterDatabase(uint databaseOid) => Filter(tag => tag.Relation.DatabaseOid == databaseOid);

    /// <summary>Asks for a file's name to be removed after the next checkpoint that begins after this.</summary>
    /// <param name="tag">The file.</param>
    public void UnlinkAfterCheckpoint(SyncTag tag)
    {
        lock (_lock) _unlinks.Add(new UnlinkRequest(tag, _checkpointCycle));
    }

    /// <summary>A checkpoint begins: names asked to be removed from here on wait for the one after it.</summary>
    public void PreCheckpoint()
    {
        lock (_lock) _checkpointCycle++;
    }

    /// <summary>Asks for a segment to be synced. Takes no lock when that was done already.</summary>
    internal void Register(RelationSegment segment)
    {
        if (segment.IsSyncPending || !_storage.Options.Sync) return;
        lock (_lock)
        {
            if (!_pending.TryGetValue(segment.Tag, out SyncEntry? entry))
            {
                entry = new SyncEntry(segment);
                _pending.Add(segment.Tag, entry);
            }
            else
            {
                // A relation that was dropped and opened again has new objects: a mark that no pass clears would hide all later writes.
                if (!ReferenceEquals(entry.Segment, segment))
                {
                    entry.Segment.SetSyncPending(false);
                    entry.Segment = segment;
                }

                if (entry.IsInFlight) entry.IsAskedAgain = true;
            }

            segment.SetSyncPending(true);
        }
    }

    private static void Cancel(SyncEntry entry)
    {
        entry.IsCancelled = true;
        entry.Segment.SetSyncPending(false);
    }

    /// <summary>A name that is to be removed, and the checkpoint after whose beginning that was asked for. Changed under the
    /// lock.</summary>
    private sealed class UnlinkRequest(SyncTag tag, long cycle)
    {
        internal SyncTag Tag { get; } = tag;

        internal long Cycle { get; } = cycle;

        /// <summary>Whether the name was removed, or the request taken back.</summary>
        internal bool IsOver { get; set; }
    }
}
