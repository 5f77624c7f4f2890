namespace Sluice.Wal;

/// <summary>
/// Mistakes that real logs have made. Positive controls: the simulated disk has to catch a log that makes one of them, or its silence about the log
/// without them would say nothing.
/// </summary>
[Flags]
internal enum LogMistakes
{
    None = 0,

    /// <summary>A commit is told before it is durable.</summary>
    AcknowledgesEarly = 1,

    /// <summary>The rest of a block that was written half filled is never written.</summary>
    ForgetsThePreviousBlock = 2,

    /// <summary>Whatever has a right checksum is taken for the next record: neither the opening it is of nor the link to the record before is looked at.</summary>
    AcceptsStaleRecords = 4,

    /// <summary>What replay read is taken for durable.</summary>
    TrustsTheCache = 8,

    /// <summary>A flush that failed counts as one that succeeded.</summary>
    IgnoresFailedFlushes = 16,

    /// <summary>Records about pages never carry an image: a page that a power failure tore stays torn.</summary>
    OmitsImages = 32,

    /// <summary>Pages are written without waiting for the log: everything in it is called durable.</summary>
    WritesPagesFirst = 64,

    /// <summary>A checkpoint begins where it ends: changes that it did not write are not replayed.</summary>
    BeginsCheckpointsLate = 128,
}
