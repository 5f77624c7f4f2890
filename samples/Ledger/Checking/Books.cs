namespace Ledger;

/// <summary>What every account must hold, kept beside the ledger by somebody who never looks at its pages.</summary>
internal sealed class Books
{
    private readonly LedgerShape _shape;
    private readonly long[] _balances;
    private readonly long[] _receipts = new long[LedgerPages.ClientsMax];

    internal Books(LedgerShape shape)
    {
        _shape = shape;
        _balances = new long[shape.Accounts];
        Array.Fill(_balances, LedgerPages.FirstBalance);
    }

    internal ReadOnlySpan<long> Balances => _balances;

    internal long Receipt(int client) => _receipts[client];

    /// <summary>Makes a client's transfers up to a number.</summary>
    internal void Advance(int client, long receipt)
    {
        while (_receipts[client] < receipt)
        {
            Transfer transfer = TransferPlan.Of(_shape, client, ++_receipts[client]);
            _balances[transfer.From] -= transfer.Amount;
            _balances[transfer.To] += transfer.Amount;
        }
    }
}
