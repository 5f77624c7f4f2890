namespace Ledger;

/// <summary>
/// Reads a ledger that is open and compares it with the books: receipts with what was acknowledged, every balance, and the sum.
/// </summary>
internal sealed class LedgerCheck
{
    private const int ProblemsShown = 5;
    private readonly List<string> _problems = [];

    /// <summary>What is wrong, the first few; empty when the ledger is right.</summary>
    internal IReadOnlyList<string> Problems => _problems;

    /// <summary>How much is wrong.</summary>
    internal int ProblemCount { get; private set; }

    /// <summary>The transfers that are there.</summary>
    internal long Transfers { get; private set; }

    /// <summary>The sum of all balances.</summary>
    internal long Sum { get; private set; }

    /// <summary>Checks.</summary>
    /// <param name="ledger">The ledger; nobody changes it meanwhile.</param>
    /// <param name="books">What must be there; brought up to date.</param>
    /// <param name="burst">How many transfers a client can have made that it was not told of.</param>
    internal static async Task<LedgerCheck> RunAsync(LedgerEngine ledger, Books books, long burst = long.MaxValue)
    {
        LedgerCheck check = new();
        await using LedgerSession session = ledger.CreateSession("check");
        for (int client = 0; client < LedgerPages.ClientsMax; client++)
        {
            long receipt = await session.ReadReceiptAsync(client);
            check.Transfers += receipt;
            if (books.FindMistake(client, receipt, burst) is { } mistake) check.Add(mistake);
            books.Found(client, receipt);
            books.Advance(client, receipt);
        }

        for (uint block = LedgerPages.ClientsMax; block < LedgerPages.BlockCount(ledger.Shape.Accounts); block++)
        {
            using BufferPin pin = await session.ReadAsync(block);
            await pin.LockAsync(ContentLockMode.Share);
            check.Compare(pin.Page, block, books.Balances);
            pin.Unlock(ContentLockMode.Share);
        }

        long sum = ledger.Shape.Accounts * LedgerPages.FirstBalance;
        if (check.Sum != sum) check.Add($"the sum of all balances is {check.Sum} and must be {sum}");
        return check;
    }

    private void Compare(Span<byte> page, uint block, ReadOnlySpan<long> balances)
    {
        int first = (int)(block - LedgerPages.ClientsMax) * LedgerPages.AccountsPerPage;
        int end = Math.Min(first + LedgerPages.AccountsPerPage, balances.Length);
        for (int account = first; account < end; account++)
        {
            long found = LedgerPages.Balance(page, account);
            Sum += found;
            if (found == balances[account]) continue;
            Add($"account {account} has {found} and must have {balances[account]}: a transfer is there half (block {block}, last changed "
                + $"at "
                + $"{PageHeader.LogPositionOf(page)} of the log)");
        }
    }

    private void Add(string problem)
    {
        if (ProblemCount++ < ProblemsShown) _problems.Add(problem);
    }
}
