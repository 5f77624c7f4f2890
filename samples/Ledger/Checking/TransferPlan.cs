namespace Ledger;

/// <summary>
/// Who pays whom: a formula, so that whoever checks a ledger can say what every account must hold. That is what makes the check exact: it
/// does not only add up all balances, it knows each of them.
/// </summary>
internal static class TransferPlan
{
    private const long AmountMax = 100;

    /// <summary>A client's transfer of that number.</summary>
    internal static Transfer Of(LedgerShape shape, int client, long number)
    {
        ulong state = Mix(shape.Seed ^ ((ulong)client << 48) ^ (ulong)number);
        int from = (int)(state % (ulong)shape.Accounts);
        state = Mix(state);

        // Any account but the paying one.
        int to = (int)(state % (ulong)(shape.Accounts - 1));
        if (to >= from) to++;
        return new Transfer(client, number, from, to, 1 + (long)(Mix(state) % AmountMax));
    }

    // A step of SplitMix64.
    private static ulong Mix(ulong value)
    {
        value += 0x9E3779B97F4A7C15;
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }
}
