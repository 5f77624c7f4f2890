namespace Ledger;

/// <summary>What somebody outside of the ledger was told, and what must therefore be there.</summary>
internal sealed class Acknowledged
{
    private readonly long[] _last = new long[LedgerPages.ClientsMax];

    /// <summary>How many acknowledgements there were.</summary>
    internal long Count { get; private set; }

    /// <summary>The last transfer of a client that is known to last.</summary>
    internal long Last(int client) => _last[client];

    /// <summary>A transfer was acknowledged.</summary>
    internal void Add(int client, long number)
    {
        Count++;
        Found(client, number);
    }

    /// <summary>Recovery, or a check, found that many: they must be there from now on.</summary>
    internal void Found(int client, long number) => _last[client] = Math.Max(_last[client], number);

    /// <summary>
    /// What is wrong with a client's receipt; null for nothing. A client has at most one transfer that was not acknowledged: that one may be there or not.
    /// </summary>
    internal string? FindMistake(int client, long receipt)
    {
        if (receipt < _last[client])
        {
            return $"client {client}: transfer {_last[client]} was acknowledged, and the ledger has {receipt}: {_last[client] - receipt} lost";
        }

        return receipt > _last[client] + 1 ? $"client {client}: the ledger has {receipt} transfers, and only {_last[client] + 1} were begun: invented" : null;
    }
}
