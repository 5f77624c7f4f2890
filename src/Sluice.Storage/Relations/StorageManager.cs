using System.Collections.Concurrent;
using System.Diagnostics;

namespace Sluice.Storage;

/// <summary>
/// The relations of one data directory: finds them, keeps their files open within a limit, and knows which of them have to be synced.
/// One per data directory and process. Any thread.
/// </summary>
/// <remarks>
/// The process is taken to be the only one that changes the directory, which is why lengths are kept once they are known. Methods of
/// relations that do I/O take the context of the calling flow.
/// </remarks>
public sealed class StorageManager : IDisposable
{
    internal const string UnknownTablespaceFolder = "PG_?";

    private readonly ConcurrentDictionary<RelationKey, Relation> _relations = new();
    private readonly Func<RelationKey, Relation> _make;
    private readonly Lock _countersLock = new();
    private readonly IoCounters _counters = new();
    private readonly ushort _id;
    private int _isDisposed;

    /// <summary>Makes the storage manager. Nothing is opened yet.</summary>
    /// <param name="system">The system whose method does the I/O and whose namespace the directory is in.</param>
    /// <param name="dataDirectory">The data directory.</param>
    /// <param name="options">How it is used; null for PostgreSQL's sizes and buffered files.</param>
    /// <exception cref="ArgumentException">The options contradict themselves; the message has one line per mistake.</exception>
    public StorageManager(AioSystem system, string dataDirectory, StorageOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(system);
        ArgumentException.ThrowIfNullOrEmpty(dataDirectory);
        Options = options ?? new StorageOptions();
        IReadOnlyList<string> mistakes = Options.Validate();
        if (mistakes.Count > 0) throw new ArgumentException(string.Join(Environment.NewLine, mistakes), nameof(options));
        System = system;
        DataDirectory = dataDirectory;
        SegmentBlocks = Options.SegmentBlocks;
        _make = key => new Relation(this, key);
        if (!system.Options.Modules.Contains(SluiceStorageAioModule.Instance)) SluiceStorageAioModule.Instance.EnsureRegistered();
        Files = new FileCache(system, Options.OpenFilesMax);
        SyncRequests = new SyncRequests(this);
        _id = StorageManagers.Add(this);
    }

    /// <summary>The system whose method does the I/O.</summary>
    public AioSystem System { get; }

    /// <summary>The data directory.</summary>
    public string DataDirectory { get; }

    /// <summary>How it is used.</summary>
    public StorageOptions Options { get; }

    /// <summary>Blocks of a full segment.</summary>
    public uint SegmentBlocks { get; }

    /// <summary>The open files.</summary>
    public FileCache Files { get; }

    /// <summary>What has to be synced, and removed, by the next checkpoint.</summary>
    public SyncRequests SyncRequests { get; }

    /// <summary>How many relations have an object here.</summary>
    public int RelationCount => _relations.Count;

    internal ushort Id => _id;

    internal string TablespaceFolderOrGuess => Options.TablespaceFolder ?? UnknownTablespaceFolder;

    /// <summary>
    /// Finds a relation's object, or makes it. Does no I/O: whether there are files is another question
    /// (<see cref="Relation.ExistsAsync"/>).
    /// </summary>
    /// <param name="key">Which relation.</param>
    /// <returns>The same object for the same key, until its main fork is unlinked.</returns>
    public Relation Open(RelationKey key)
    {
        if (_relations.TryGetValue(key, out Relation? relation)) return relation;
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _isDisposed) != 0, this);
        return _relations.GetOrAdd(key, _make);
    }

    /// <summary>Finds a relation's object, or makes it.</summary>
    /// <param name="relation">Which relation; one that lasts.</param>
    public Relation Open(RelationId relation) => Open(new RelationKey(relation));

    /// <summary>Finds a relation's object if there is one.</summary>
    /// <param name="key">Which relation.</param>
    public Relation? Find(RelationKey key) => _relations.TryGetValue(key, out Relation? relation) ? relation : null;

    /// <summary>
    /// The folder within tablespaces that belongs to this data directory (<see cref="StorageOptions.TablespaceFolder"/>).
    /// </summary>
    /// <exception cref="StorageException">Nobody said it.</exception>
    public string TablespaceFolder => Options.TablespaceFolder
        ?? throw new StorageException(
            $"A relation in a tablespace of {DataDirectory} cannot be found: "
                + "set StorageOptions.TablespaceFolder (ControlFile.ReadAsync tells it).");

    /// <summary>Closes the files, each when nothing is in flight on it any more. Syncs nothing.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) != 0) return;
        Files.Dispose();
        StorageManagers.Remove(_id);
    }

    /// <summary>The path of a file of a relation that lasts.</summary>
    internal string PathOf(SyncTag tag) =>
        $"{DataDirectory}/{RelationPaths.PathOf(new RelationKey(tag.Relation), tag.Fork, tag.Segment, TablespaceFolderFor(tag.Relation))}";

    /// <summary>The folder within tablespaces, when the relation is in one.</summary>
    internal string TablespaceFolderFor(RelationId relation) =>
        relation.TablespaceOid is RelationId.DefaultTablespace or RelationId.GlobalTablespace ? UnknownTablespaceFolder : TablespaceFolder;

    /// <summary>Counts I/O that goes past the pool, and so belongs to no session. Any thread; for what is done by many pages at a
    /// time.</summary>
    internal void CountIo(bool isTemporary, IoContext context, IoAction action, long count, long bytes, TimeSpan time)
    {
        if (count == 0) return;
        IoObject kind = isTemporary ? IoObject.TemporaryRelation : IoObject.Relation;
        long ticks = (long)(time.TotalSeconds * Stopwatch.Frequency);
        lock (_countersLock) _counters.Add(kind, context, action, count, bytes, ticks);
    }

    internal void AddCountersTo(IoCounters sum)
    {
        lock (_countersLock) _counters.AddTo(sum);
    }

    internal void Forget(Relation relation) => _relations.TryRemove(new KeyValuePair<RelationKey, Relation>(relation.Key, relation));
}
