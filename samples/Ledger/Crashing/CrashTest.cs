using System.Diagnostics;
using System.Globalization;

namespace Ledger;

/// <summary>
/// Kills a ledger again and again, at random moments, and checks after each round that the sum of all balances is what it was, that
/// every acknowledged
/// transfer is there, and that none is there half.
/// </summary>
/// <remarks>
/// A kill takes the process and leaves the kernel: what was written survives in its cache, durable or not. So this finds everything that
/// relies on
/// memory, and every wrong order between log, answer and recovery; it cannot find a missing fsync. For that the disk itself must lose
/// data: that is what
/// the scenarios on the simulated disk do.
/// </remarks>
internal sealed class CrashTest : IAsyncDisposable
{
    private static readonly string[] s_forms = ["WriteDatasync", "Fdatasync", "OpenDatasync", "LinkedFdatasync"];

    private static readonly Dictionary<KillMoment, string> s_moments = new()
    {
        [KillMoment.Working] = "its work",
        [KillMoment.Checkpointing] = "a checkpoint",
        [KillMoment.Recovering] = "its recovery",
    };

    private readonly CommandLine _line;
    private readonly AioSystem _system;
    private readonly string _folder;
    private readonly int _clients;
    private readonly int _seed;
    private readonly Acknowledged _acknowledged = new();
    private readonly List<string> _kills = [];
    private Books? _books;
    private TimeSpan _recoveryTime = TimeSpan.FromMilliseconds(100);

    private CrashTest(CommandLine line, string folder, int seed)
    {
        _line = line;
        _folder = Path.Combine(folder, "ledger");
        _clients = line.Number("clients", 8, 1, 16);
        _seed = seed;
        _system = line.StartSystem(_clients);
    }

    internal static async Task<int> RunAsync(CommandLine line, CancellationToken stopping)
    {
        int rounds = line.Number("rounds", 50, 1, 1_000_000);
        int seed = line.Number("seed", Random.Shared.Next(1_000_000), 0, int.MaxValue);
        _ = CrashSizes.Options(line);
        using WorkFolder folder = WorkFolder.For(line.Text("dir"), "sluice-crash");
        await using CrashTest test = new(line, folder.Path, seed);
        if (Directory.Exists(test._folder)) throw new UsageException($"There is a ledger in {folder.Path}: give a folder without one.");
        Console.WriteLine($"{rounds} rounds with io_method {test._system.MethodName}, seed {seed}, in {folder.Path}");
        int round = 0;
        try
        {
            while (round < rounds)
            {
                stopping.ThrowIfCancellationRequested();
                Console.WriteLine($"round {++round}: {await test.RoundAsync(round)}");
            }
        }
        catch (Exception exception) when (exception is LedgerException or AioException or WalException or StorageException or TimeoutException)
        {
            folder.Keep();
            Console.WriteLine($"round {round}: FAILED after being killed {string.Join(", then ", test._kills)}");
            Console.Error.WriteLine($"ledger: round {round} of seed {seed}: {exception.Message}");
            Console.Error.WriteLine($"The ledger is kept in {test._folder}: 'check --dir' checks it again, 'sluice log {Path.Combine(test._folder, "wal")}' lists its log.");
            return 1;
        }

        Console.WriteLine($"{rounds} rounds, {test._acknowledged.Count} transfers acknowledged: none lost, none half, the sum unchanged.");
        return 0;
    }

    public ValueTask DisposeAsync() => _system.DisposeAsync();

    private async Task<string> RoundAsync(int round)
    {
        Random random = new(HashCode.Combine(_seed, round));
        string form = _line.Text("sync-form") ?? s_forms[round % s_forms.Length];
        _kills.Clear();

        // Who commits each transfer has nearly all of them durable at any moment. Bursts leave much in memory only, of which pages must
        // not be written.
        int burst = random.Next(3) == 0 ? 100 : 1;
        long before = _acknowledged.Count;
        KillMoment moment = random.Next(5) switch { 0 => KillMoment.Recovering, 1 => KillMoment.Checkpointing, _ => KillMoment.Working };
        await RunAndKillAsync(moment == KillMoment.Recovering ? KillMoment.Working : moment, form, burst, random);

        // Killed in recovery, recovered again, killed again: what was acknowledged before the first of them must still be there.
        int again = moment == KillMoment.Recovering ? random.Next(1, 4) : 0;
        for (int number = 0; number < again; number++) await RunAndKillAsync(KillMoment.Recovering, form, burst, random);
        return $"{form}, {(burst == 1 ? "" : $"bursts of {burst}, ")}killed {string.Join(", then ", _kills)}; {_acknowledged.Count - before} acknowledged; {await CheckAsync(burst)}";
    }

    private async Task RunAndKillAsync(KillMoment moment, string form, int burst, Random random)
    {
        List<string> arguments = ["--dir", _folder, "--method", _system.MethodName, "--sync-form", form, "--clients", Text(_clients), "--burst", Text(burst), "--seed", Text(_seed)];
        foreach (string name in (string[])["accounts", "mistake"])
        {
            if (_line.Text(name) is { } value) arguments.AddRange(["--" + name, value]);
        }

        using ChildRun child = new(arguments);
        try
        {
            TimeSpan delay = await FindMomentAsync(child, moment, random);
            await SleepAsync(delay);
            _kills.Add(string.Create(CultureInfo.InvariantCulture, $"{delay.TotalMilliseconds:F1} ms into {s_moments[moment]}"));
        }
        catch (TimeoutException)
        {
            throw new LedgerException($"the child says nothing any more; its last word was {(child.Messages.Count == 0 ? "none" : child.Messages[^1])}");
        }

        await child.KillAsync();
        if (child.RecoveryTime > TimeSpan.Zero) _recoveryTime = child.RecoveryTime;
        foreach (ChildMessage message in child.Messages) Note(message, burst);
    }

    // Waits for what the moment is counted from.
    private async Task<TimeSpan> FindMomentAsync(ChildRun child, KillMoment moment, Random random)
    {
        const double WorkMilliseconds = 400;
        const double CheckpointMilliseconds = 20;
        double share = random.NextDouble();
        if (moment == KillMoment.Recovering)
        {
            await child.HearAsync(ChildMessageKind.Recovering);
            return share * _recoveryTime;
        }

        await child.HearAsync(ChildMessageKind.Working);
        if (moment == KillMoment.Working) return TimeSpan.FromMilliseconds(share * WorkMilliseconds);
        int checkpoints = random.Next(1, 4);
        for (int number = 0; number < checkpoints; number++) await child.HearAsync(ChildMessageKind.CheckpointBegins);
        return TimeSpan.FromMilliseconds(share * CheckpointMilliseconds);
    }

    // To the microsecond: the moments in a recovery of some milliseconds should all have their turn.
    private static async Task SleepAsync(TimeSpan delay)
    {
        const int TimerMilliseconds = 2;
        long begun = Stopwatch.GetTimestamp();
        if (delay.TotalMilliseconds > TimerMilliseconds) await Task.Delay(delay - TimeSpan.FromMilliseconds(TimerMilliseconds));
        while (Stopwatch.GetElapsedTime(begun) < delay) Thread.SpinWait(10);
    }

    private void Note(ChildMessage message, int burst)
    {
        if (message.Kind == ChildMessageKind.Acknowledged) _acknowledged.Add(message.Client, message.Number);
        if (message.Kind != ChildMessageKind.Found) return;
        if (_acknowledged.FindMistake(message.Client, message.Number, burst) is { } mistake) throw new LedgerException($"after recovery: {mistake}");
        _acknowledged.Found(message.Client, message.Number);
    }

    private async Task<string> CheckAsync(int burst)
    {
        long opening = Stopwatch.GetTimestamp();
        LedgerOptions options = CrashSizes.Options(_line) with { Mistake = LedgerMistake.None };
        await using LedgerEngine ledger = await LedgerEngine.OpenAsync(_system, _folder, options with { Log = options.Log with { SyncForm = WalSyncForm.Fdatasync } });
        TimeSpan opened = Stopwatch.GetElapsedTime(opening);
        LedgerCheck check = await LedgerCheck.RunAsync(ledger, _books ??= new Books(ledger.Shape), _acknowledged, burst);
        if (check.ProblemCount > 0) throw new LedgerException($"{check.ProblemCount} things are wrong: {string.Join("; ", check.Problems)}");
        return string.Create(CultureInfo.InvariantCulture, $"{ledger.RecordsReplayed ?? 0} replayed in {opened.TotalMilliseconds:F0} ms, {check.Transfers} there, right");
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
