namespace Ledger;

/// <summary>
/// What must be in a ledger, kept by somebody who never looks at its pages: what every account must hold, given how many transfers of each
/// client there are; and how many there must be at least, because somebody was told.
/// </summary>
internal sealed class Books
{
    private readonly LedgerShape _shape;
    private readonly long[] _balances;
    private readonly long[] _made = new long[LedgerPages.ClientsMax];
    private readonly long[] _told = new long[LedgerPages.ClientsMax];

    internal Books(LedgerShape shape)
    {
        _shape = shape;
        _balances = new long[shape.Accounts];
        Array.Fill(_balances, LedgerPages.FirstBalance);
    }

    /// <summary>What every account must hold after the transfers up to the last <see cref="Advance"/>.</summary>
    internal ReadOnlySpan<long> Balances => _balances;

    /// <summary>How many transfers were acknowledged.</summary>
    internal long Acknowledged { get; private set; }

    /// <summary>A client was told that a transfer lasts, and with it those before it.</summary>
    internal void Acknowledge(int client, long number)
    {
        Acknowledged += Math.Max(0, number - _told[client]);
        Found(client, number);
    }

    /// <summary>Recovery, or a check, found that many: they must be there from now on.</summary>
    internal void Found(int client, long number) => _told[client] = Math.Max(_told[client], number);

    /// <summary>What is wrong with a client's receipt; null for nothing.</summary>
    /// <param name="client">The client.</param>
    /// <param name="receipt">How many of its transfers are there.</param>
    /// <param name="burst">How many it can have made since the last acknowledgement: of those any number may be there, from the first
    /// on.</param>
    internal string? FindMistake(int client, long receipt, long burst)
    {
        long told = _told[client];
        if (receipt < told)
        {
            return $"client {client}: transfer {told} was acknowledged, and the ledger has {receipt}: {told - receipt} lost";
        }

        return receipt - told <= burst
            ? null
            : $"client {client}: the ledger has {receipt} transfers, and only {told + burst} can have been made";
    }

    /// <summary>Makes a client's transfers up to a number.</summary>
    internal void Advance(int client, long receipt)
    {
        while (_made[client] < receipt)
        {
            Transfer transfer = TransferPlan.Of(_shape, client, ++_made[client]);
            _balances[transfer.From] -= transfer.Amount;
            _balances[transfer.To] += transfer.Amount;
        }
    }
}
