using System.Runtime.InteropServices;

namespace Ledger;

/// <summary>
/// The engine: accounts in pages of a relation, a buffer pool over them, a log before them. Any number of clients use it at once, each
/// through a <see cref="LedgerSession"/> of its own.
/// </summary>
/// <remarks>
/// <para>In the folder: <c>base/1/1000</c>, the pages; <c>wal</c>, the log; <c>ledger.state</c>, what the ledger is.</para>
/// <para>Three rules make it survive. (1) Log before data: the pool writes a page only when the log is durable up to the page's position;
/// that is what <see cref="PageLog"/> is for, given to the pool. (2) Log before answer: a transfer is acknowledged when its record is
/// durable (<see cref="CommitAsync"/>). (3) One record for all pages of a transfer: the record is there or it is not, so the transfer is
/// never there half.</para>
/// </remarks>
internal sealed partial class LedgerEngine : IAsyncDisposable
{
    internal const string StateFile = "ledger.state";
    private const string LogFolder = "wal";
    private const string DataFolder = "base";

    private readonly LedgerOptions _options;
    private readonly StorageManager _storage;
    private readonly PageLog _log;
    private readonly BufferPool _pool;
    private readonly Checkpointer _checkpointer;

    private LedgerEngine(AioSystem system, string folder, LedgerOptions options)
    {
        Folder = folder;
        _options = options;
        _storage = new StorageManager(system, folder);

        // The pool needs the log before the log can be opened, for opening replays into the pool.
        _log = new PageLog(system, Path.Combine(folder, LogFolder));
        _pool = new BufferPool(_storage, new BufferPoolOptions { BufferCount = options.BufferCount, LogFlusher = _log });
        _checkpointer = new Checkpointer(_pool, new CheckpointerOptions { Log = _log, Interval = TimeSpan.FromSeconds(2) });
        Relation = _storage.Open(LedgerPages.Relation);
    }

    /// <summary>Where it is.</summary>
    internal string Folder { get; }

    /// <summary>What it is.</summary>
    internal LedgerShape Shape { get; private set; } = null!;

    /// <summary>The log, for its statistics and what recovery found.</summary>
    internal WriteAheadLog Log => _log.Log!;

    /// <summary>How many transfers recovery looked at; null when the ledger was made anew.</summary>
    internal long? RecordsReplayed { get; private set; }

    /// <summary>The pages.</summary>
    internal Relation Relation { get; }

    /// <summary>A way in for one client; one flow at a time uses it.</summary>
    internal LedgerSession CreateSession(string name) => new(this, _pool.CreateSession(name));

    /// <summary>
    /// Makes a transfer: in memory and in the log's memory when this completes. Others see it from then on; whoever builds on it commits
    /// later than it, and the log becomes durable in order. <see cref="CommitAsync"/> makes it last.
    /// </summary>
    /// <returns>How far the log has to be durable for it.</returns>
    internal async ValueTask<LogPosition> TransferAsync(LedgerSession session, Transfer transfer)
    {
        int count = transfer.FindBlocks(session.Blocks);
        MemoryMarshal.Write(session.Payload, in transfer);
        int pinned = 0;
        int locked = 0;
        try
        {
            for (; pinned < count; pinned++) session.Pins[pinned] = await session.ReadAsync(session.Blocks[pinned]);
            for (; locked < count; locked++) await session.Pins[locked].LockAsync(ContentLockMode.Exclusive);

            // The log has the transfer before the pages have it. If this throws, nothing has happened.
            LogPosition end = await _log.AddAsync(TransferRecord.Kind, session.Pins.AsMemory(0, count), session.Payload);
            for (int index = 0; index < count; index++) transfer.ApplyTo(session.Pins[index].Page, session.Blocks[index]);
            return end;
        }
        finally
        {
            // The locks are not held while the disk works: others change the same pages, and their records share the flush.
            while (locked > 0) session.Pins[--locked].Unlock(ContentLockMode.Exclusive);
            while (pinned > 0) session.Pins[--pinned].Release();
        }
    }

    /// <summary>Completes when a transfer lasts whatever happens. Those that wait at the same time share a flush.</summary>
    internal ValueTask CommitAsync(LogPosition end) => _options.Mistake == LedgerMistake.AcknowledgeEarly ? default : _log.FlushAsync(end);

    /// <summary>
    /// Writes all pages that were changed, and lets go of the log before: the next recovery begins here. Paced, it takes most of two
    /// seconds, so that the commits in between hardly notice.
    /// </summary>
    internal Task<CheckpointResult> CheckpointAsync(bool isPaced, CancellationToken stopping = default) =>
        _checkpointer.CheckpointAsync(isPaced ? CheckpointFlags.Paced : CheckpointFlags.None, stopping);

    /// <summary>
    /// Closes. Pages that were not written are lost with the memory, and made again from the log: make a checkpoint before, and opening is
    /// quick.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        await _checkpointer.DisposeAsync();
        await _log.DisposeAsync();
        _pool.Dispose();
        _storage.Dispose();
    }
}
