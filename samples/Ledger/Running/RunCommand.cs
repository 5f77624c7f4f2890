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
        LedgerOptions options = new()
        {
            NewShape = new LedgerShape(accounts, Seed: 1),
            Log = new WalOptions { SyncForm = line.SyncForm() },
            Progress = new RecoveryProgress(),
        };
        long opening = Stopwatch.GetTimestamp();
        await using LedgerEngine ledger = await LedgerEngine.OpenAsync(system, folder.Path, options);
        Say($"{system.MethodName}, commits by {ledger.Log.SyncForm}, {ledger.Shape.Accounts} accounts in {folder.Path}");
        string how = ledger.RecordsReplayed is { } records ? $"opened: {records} transfers of the log replayed" : "made";
        Say($"{how}, in {Stopwatch.GetElapsedTime(opening).TotalMilliseconds:F0} ms");
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

    private static void Report(
        Client[] clients, TimeSpan elapsed, WalStatistics before, WalStatistics after, List<CheckpointResult> checkpoints)
    {
        long[] all = [.. clients.SelectMany(static client => client.Latencies).Order()];
        double rate = all.Length / elapsed.TotalSeconds;
        Say($"{all.Length} commits by {clients.Length} clients in {elapsed.TotalSeconds:F1} s: {rate:F0} commits/s");
        Say($"a commit took: p50 {At(0.5)}, p95 {At(0.95)}, p99 {At(0.99)}, p99.9 {At(0.999)}, longest {At(1)}");
        long writes = after.Writes - before.Writes;
        double megabytes = (after.BytesWritten - before.BytesWritten) / 1048576.0;
        Say($"the log: {megabytes:F0} MiB in {writes} writes, {(double)all.Length / Math.Max(1, writes):F1} commits for each");
        foreach (CheckpointResult done in checkpoints)
        {
            string times = $"{In(done.WriteTime)} to write, {In(done.Sync.Total)} to sync, {In(done.TotalTime)} in all";
            Say($"checkpoint: {done.PagesWritten} pages in {done.Writes} writes, {times}");
        }

        static string In(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{time.TotalMilliseconds:F0} ms");

        string At(double share)
        {
            long ticks = all.Length == 0 ? 0 : all[(int)Math.Min(share * all.Length, all.Length - 1)];
            return string.Create(CultureInfo.InvariantCulture, $"{ticks * 1000.0 / Stopwatch.Frequency:F2} ms");
        }
    }

    private static void Say(FormattableString text) => Console.WriteLine(text.ToString(CultureInfo.InvariantCulture));
}
