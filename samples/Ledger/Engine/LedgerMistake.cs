namespace Ledger;

/// <summary>Mistakes that engines really have had.</summary>
internal enum LedgerMistake
{
    /// <summary>None.</summary>
    None,

    /// <summary>A transfer is acknowledged when it is in the log's memory, not when it is durable.</summary>
    AcknowledgeEarly,

    /// <summary>Changed pages are written without waiting for the log: the pool is not told that there is one.</summary>
    PagesFirst,
}
