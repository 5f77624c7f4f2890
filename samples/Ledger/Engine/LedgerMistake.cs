namespace Ledger;

/// <summary>A mistake that engines really have had, to be made on purpose.</summary>
internal enum LedgerMistake
{
    /// <summary>None.</summary>
    None,

    /// <summary>A transfer is acknowledged when it is in the log's memory, not when it is durable.</summary>
    AcknowledgeEarly,
}
