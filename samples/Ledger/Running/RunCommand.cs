using System.Diagnostics;
using System.Globalization;

namespace Ledger;

/// <summary>Runs clients for some time, with checkpoints, and says how fast it went.</summary>
internal static class RunCommand
{
    private static readonly TimeSpan s_betweenCheckpoints = TimeSpan.FromMilliseconds(200);

    internal static async Task<int> RunAsync(CommandLine line, CancellationToken stopping)
    {
        int clients = line.Number("clients", 32, 1, LedgerPages.ClientsMax);
        int seconds = line.Number("seconds", 10, 1, 86_400);
        int accounts = line.Number("accounts", 1_000_000, 2, LedgerShape.AccountsMax);
        await using AioSystem system = line.StartSystem(clients);
        using WorkFolder folder = WorkFolder.For(line.Text("dir"), "sluice-ledger");
        LedgerOptions options = new() { NewShape = new LedgerShape(accounts, Seed: 1), Log = new WalOptions { SyncForm = line.SyncForm() } };
        long opening = Stopwatch.GetTimestamp();
        await using LedgerEngine ledger = await LedgerEngine.OpenAsync(system, folder.Path, options);
        Say($"{system.MethodName}, commits by {ledger.Log.SyncForm}, {ledger.Shape.Accounts} accounts in {folder.Path}");
        Say(ledger.RecordsReplayed is { } records
            ? $"opened in {Stopwatch.GetElapsedTime(opening).TotalMilliseconds:F0} ms: {records} transfers of the log replayed"
            : $"made in {Stopwatch.GetElapsedTime(opening).TotalMilliseconds:F0} ms");
        using CancellationTokenSource end = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        Client[] all = [.. Enumerable.Range(0, clients).Select(number => new Client(ledger, number))];
        List<CheckpointResult> checkpoints = [];
        WalStatistics before = ledger.Log.ReadStatistics();
        long begun = Stopwatch.GetTimestamp();
        end.CancelAfter(TimeSpan.FromSeconds(seconds));
        Task checkpointing = CheckpointAsync(ledger, checkpoints, end.Token);
        await Task.WhenAll(all.Select(client => Task.Run(() => client.RunAsync(end.Token))));
        TimeSpan elapsed = Stopwatch.GetElapsedTime(begun);
        WalStatistics after = ledger.Log.ReadStatistics();
        await checkpointing;
        Report(all, elapsed, before, after, checkpoints);
        return await CheckCommand.CheckAsync(ledger) ? 0 : 1;
    }

    private static async Task CheckpointAsync(LedgerEngine ledger, List<CheckpointResult> results, CancellationToken stopping)
    {
        try
        {
            while (true)
            {
                await Task.Delay(s_betweenCheckpoints, stopping);
                results.Add(await ledger.CheckpointAsync(isPaced: true, stopping));
            }
        }
        catch (OperationCanceledException)
        {
        }

        // The last one, at full speed: the next opening finds little to do.
        results.Add(await ledger.CheckpointAsync(isPaced: false, CancellationToken.None));
    }

    private static void Report(Client[] clients, TimeSpan elapsed, WalStatistics before, WalStatistics after, List<CheckpointResult> checkpoints)
    {
        Latencies all = new();
        foreach (Client client in clients) all.Add(client.Latencies);
        all.Sort();
        Say($"{all.Count} commits by {clients.Length} clients in {elapsed.TotalSeconds:F1} s: {all.Count / elapsed.TotalSeconds:F0} commits/s");
        Say($"a commit took: p50 {all.MillisecondsAt(0.5):F2} ms, p95 {all.MillisecondsAt(0.95):F2} ms, p99 {all.MillisecondsAt(0.99):F2} ms, p99.9 "
            + $"{all.MillisecondsAt(0.999):F2} ms, longest {all.MillisecondsAt(1):F2} ms");
        long writes = after.Writes - before.Writes;
        Say($"the log: {(after.BytesWritten - before.BytesWritten) / 1048576.0:F0} MiB in {writes} writes, {(double)all.Count / Math.Max(1, writes):F1} commits for each");
        foreach (CheckpointResult checkpoint in checkpoints)
        {
            Say($"checkpoint: {checkpoint.PagesWritten} pages in {checkpoint.Writes} writes, {checkpoint.WriteTime.TotalMilliseconds:F0} ms to write, "
                + $"{checkpoint.Sync.Total.TotalMilliseconds:F0} ms to sync, {checkpoint.TotalTime.TotalMilliseconds:F0} ms in all");
        }
    }

    private static void Say(FormattableString text) => Console.WriteLine(text.ToString(CultureInfo.InvariantCulture));

    private static void Say(string text) => Console.WriteLine(text);
}
