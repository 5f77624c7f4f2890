namespace Ledger;

/// <summary>Opens a ledger, which recovers it, and checks it.</summary>
internal static class CheckCommand
{
    internal static async Task<int> RunAsync(CommandLine line)
    {
        string folder = line.Text("dir") ?? throw CommandLine.Refusal("Which ledger? Give --dir DIR.");
        await using AioSystem system = line.StartSystem(clients: 1);
        LedgerOptions options = new() { Log = new WalOptions { SyncForm = line.SyncForm() }, Progress = new RecoveryProgress() };
        await using LedgerEngine ledger = await LedgerEngine.OpenAsync(system, folder, options);
        Console.WriteLine($"{ledger.RecordsReplayed} transfers of the log replayed");
        return await CheckAsync(ledger) ? 0 : 1;
    }

    /// <summary>Checks and says what was found.</summary>
    internal static async Task<bool> CheckAsync(LedgerEngine ledger)
    {
        LedgerCheck check = await LedgerCheck.RunAsync(ledger, new Books(ledger.Shape));
        if (check.ProblemCount == 0)
        {
            Console.WriteLine($"the ledger is right: {check.Transfers} transfers, {ledger.Shape.Accounts} balances, sum {check.Sum}");
            return true;
        }

        foreach (string problem in check.Problems) Console.Error.WriteLine(problem);
        Console.Error.WriteLine(
            $"ledger: {check.ProblemCount} things are wrong in {ledger.Folder}; 'sluice log {ledger.Folder}/wal' lists its log.");
        return false;
    }
}
