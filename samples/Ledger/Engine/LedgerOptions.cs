namespace Ledger;

/// <summary>How a ledger is opened.</summary>
internal sealed record LedgerOptions
{
    /// <summary>What to make where there is no ledger; null to refuse then.</summary>
    internal LedgerShape? NewShape { get; init; }

    /// <summary>How many pages of 8 KiB are kept in memory.</summary>
    internal int BufferCount { get; init; } = 8192;

    /// <summary>The log's sizes, and how commits become durable.</summary>
    internal WalOptions Log { get; init; } = new();

    /// <summary>What is done wrong on purpose: so that one can see the crash test find it.</summary>
    internal LedgerMistake Mistake { get; init; }

    /// <summary>Told when a ledger is there and recovery begins.</summary>
    internal Action? Recovering { get; init; }
}
