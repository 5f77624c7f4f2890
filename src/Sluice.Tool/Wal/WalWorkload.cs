namespace Sluice.Tool.Wal;

/// <summary>What a run on a log does.</summary>
internal enum WalWorkload
{
    /// <summary>Clients that add a record and wait until it is durable, one after the other.</summary>
    Commit,

    /// <summary>Threads that add records to memory; nothing is written while it is measured.</summary>
    Append,

    /// <summary>Records that nobody waits for, as fast as they can be written.</summary>
    Bulk,

    /// <summary>A log is opened: read from its beginning, verified, past the system's cache, and made ready to go on.</summary>
    Recover,

    /// <summary>
    /// A log of pages is opened whose records are about far more pages than there is memory for: they are read again for replay.
    /// </summary>
    Replay,
}
