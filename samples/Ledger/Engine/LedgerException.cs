namespace Ledger;

/// <summary>Something that the user should know, in one line.</summary>
internal sealed class LedgerException(string message) : Exception(message);
