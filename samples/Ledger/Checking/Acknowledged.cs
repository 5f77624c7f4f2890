namespace Ledger;

/// <summary>What somebody outside of the ledger was told, and what must therefore be there.</summary>
internal sealed class Acknowledged
{
    private readonly long[] _last = new long[LedgerPages.ClientsMax];

    /// <summary>How many transfers were acknowledged.</summary>
    internal long Count { get; private set; }

    /// <summary>The last transfer of a client that is known to last.</summary>
    internal long Last(int client) => _last[client];

    /// <summary>A transfer was acknowledged, and with it those before it.</summary>
    internal void Add(int client, long number)
    {
        Count += Math.Max(0, number - _last[client]);
        Found(client, number);
    }

    /// <summary>Recovery, or a check, found that many: they must be there from now on.</summary>
    internal void Found(int client, long number) => _last[client] = Math.Max(_last[client], number);

    /// <summary>What is wrong with a client's receipt; null for nothing.</summary>
    /// <param name="client">The client.</param>
    /// <param name="receipt">How many of its transfers are there.</param>
    /// <param name="burst">How many it can have made since the last acknowledgement: of those any number may be there, from the first
    /// on.</param>
    internal string? FindMistake(int client, long receipt, int burst)
    {
        if (receipt < _last[client])
        {
            return $"client {client}: transfer {_last[client]} was acknowledged, and the ledger has {receipt}: {_last[client] - receipt} lost";
        }

        return receipt > _last[client] + burst ? $"client {client}: the ledger has {receipt} transfers, and only {_last[client] + burst} can have been made" : null;
    }
}
