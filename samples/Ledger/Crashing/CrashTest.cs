using System.Diagnostics;
using System.Globalization;

namespace Ledger;

/// <summary>
/// Kills a ledger again and again, at random moments, and checks after each round that the sum of all balances is what it was, that every
/// acknowledged transfer is there, and that none is there half.
/// </summary>
/// <remarks>
/// A kill takes the process and leaves the kernel: what was written survives in its cache, durable or not. So this finds everything that
/// relies on memory, and every wrong order between log, answer and recovery; it cannot find a missing fsync. For that the disk itself must
/// lose data: that is what the scenarios on the simulated disk do.
/// </remarks>
internal sealed class CrashTest
{
    private static readonly string[] s_forms = ["WriteDatasync", "Fdatasync", "OpenDatasync", "LinkedFdatasync"];

    private readonly CommandLine _line;
    private readonly AioSystem _system;
    private readonly string _folder;
    private readonly int _clients;
    private readonly int _seed;
    private readonly LedgerOptions _options;
    private readonly Books _books;
    private readonly List<string> _kills = [];
    private long _recoveryBegun;
    private TimeSpan _recoveryTime = TimeSpan.FromMilliseconds(100);

    private CrashTest(CommandLine line, AioSystem system, string folder, int seed)
    {
        _line = line;
        _system = system;
        _folder = Path.Combine(folder, "ledger");
        _clients = Clients(line);
        _seed = seed;
        _options = CrashChild.Options(line);
        _options = _options with { NewShape = _options.NewShape! with { Seed = (ulong)seed }, Mistake = LedgerMistake.None };
        _books = new Books(_options.NewShape!);
    }

    private enum Moment
    {
        Working,
        Checkpointing,
        Recovering,
    }

    internal static async Task<int> RunAsync(CommandLine line, CancellationToken stopping)
    {
        int rounds = line.Number("rounds", 50, 1, 1_000_000);
        int seed = line.Number("seed", Random.Shared.Next(1_000_000), 0, int.MaxValue);
        _ = CrashChild.Options(line);
        using WorkFolder folder = WorkFolder.For(line.Text("dir"), "sluice-crash");
        await using AioSystem system = line.StartSystem(Clients(line));
        CrashTest test = new(line, system, folder.Path, seed);
        if (Directory.Exists(test._folder)) throw CommandLine.Refusal($"There is a ledger in {folder.Path}: give a folder without one.");
        Console.WriteLine($"{rounds} rounds with io_method {system.MethodName}, seed {seed}, in {folder.Path}");
        for (int round = 1; round <= rounds; round++)
        {
            try
            {
                stopping.ThrowIfCancellationRequested();
                Console.WriteLine($"round {round}: {await test.RoundAsync(round)}");
            }
            catch (Exception exception) when (exception is LedgerException or AioException or WalException or StorageException)
            {
                folder.Keep();
                Console.WriteLine($"round {round}: FAILED after being killed {string.Join(", then ", test._kills)}");
                Console.Error.WriteLine($"ledger: round {round} of seed {seed}: {exception.Message}");
                Console.Error.WriteLine(
                    $"The ledger is kept in {test._folder}: 'check --dir' checks it again, 'sluice log {test._folder}/wal' lists its log.");
                return 1;
            }
        }

        Console.WriteLine($"{rounds} rounds, {test._books.Acknowledged} transfers acknowledged: none lost, none half, the sum unchanged.");
        return 0;
    }

    private static int Clients(CommandLine line) => line.Number("clients", 8, 1, 16);

    private async Task<string> RoundAsync(int round)
    {
        Random random = new(HashCode.Combine(_seed, round));
        string form = _line.Text("sync-form") ?? s_forms[round % s_forms.Length];
        _kills.Clear();

        // Who commits each transfer has nearly all of them durable at any moment. Bursts leave much in memory only, of which pages must not
        // be written.
        int burst = random.Next(3) == 0 ? 100 : 1;
        long before = _books.Acknowledged;
        Moment moment = random.Next(5) switch { 0 => Moment.Recovering, 1 => Moment.Checkpointing, _ => Moment.Working };
        await RunAndKillAsync(moment == Moment.Recovering ? Moment.Working : moment, form, burst, random);

        // Killed in recovery, recovered again, killed again: what was acknowledged before the first of them must still be there.
        int again = moment == Moment.Recovering ? random.Next(1, 4) : 0;
        for (int number = 0; number < again; number++) await RunAndKillAsync(Moment.Recovering, form, burst, random);
        string bursts = burst == 1 ? "" : $"bursts of {burst}, ";
        return $"{form}, {bursts}killed {string.Join(", then ", _kills)}; {_books.Acknowledged - before} acknowledged; "
            + $"{await CheckAsync(burst)}";
    }

    private async Task RunAndKillAsync(Moment moment, string form, int burst, Random random)
    {
        List<string> arguments = ["--dir", _folder, "--method", _system.MethodName, "--sync-form", form];
        arguments.AddRange(["--clients", Text(_clients), "--burst", Text(burst), "--seed", Text(_seed)]);
        foreach (string name in (string[])["accounts", "mistake"])
        {
            if (_line.Text(name) is { } value) arguments.AddRange(["--" + name, value]);
        }

        using ChildRun child = new(arguments, message => Note(message, burst));
        double share = random.NextDouble();
        TimeSpan delay;
        string what;
        switch (moment)
        {
            case Moment.Recovering:
                await child.HearAsync(ChildMessageKind.Recovering);
                _recoveryBegun = 0;
                (what, delay) = ("its recovery", share * _recoveryTime);
                break;
            case Moment.Checkpointing:
                int checkpoints = random.Next(1, 4);
                for (int number = 0; number < checkpoints; number++) await child.HearAsync(ChildMessageKind.CheckpointBegins);
                (what, delay) = ("a checkpoint", TimeSpan.FromMilliseconds(share * 20));
                break;
            default:
                await child.HearAsync(ChildMessageKind.Working);
                (what, delay) = ("its work", TimeSpan.FromMilliseconds(share * 400));
                break;
        }

        await SleepAsync(delay);
        _kills.Add(string.Create(CultureInfo.InvariantCulture, $"{delay.TotalMilliseconds:F1} ms into {what}"));
        await child.KillAsync();
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
        switch (message.Kind)
        {
            case ChildMessageKind.Acknowledged:
                _books.Acknowledge(message.Client, message.Number);
                break;
            case ChildMessageKind.Found:
                if (_books.FindMistake(message.Client, message.Number, burst) is { } mistake)
                {
                    throw new LedgerException($"after recovery: {mistake}");
                }

                _books.Found(message.Client, message.Number);
                break;
            case ChildMessageKind.Recovering:
                _recoveryBegun = Stopwatch.GetTimestamp();
                break;
            case ChildMessageKind.Working when _recoveryBegun != 0:
                _recoveryTime = Stopwatch.GetElapsedTime(_recoveryBegun);
                break;
        }
    }

    private async Task<string> CheckAsync(int burst)
    {
        long opening = Stopwatch.GetTimestamp();
        LedgerOptions options = _options with { Log = _options.Log with { SyncForm = WalSyncForm.Fdatasync } };
        await using LedgerEngine ledger = await LedgerEngine.OpenAsync(_system, _folder, options);
        TimeSpan opened = Stopwatch.GetElapsedTime(opening);
        LedgerCheck check = await LedgerCheck.RunAsync(ledger, _books, burst);
        if (check.ProblemCount > 0)
        {
            throw new LedgerException($"{check.ProblemCount} things are wrong: {string.Join("; ", check.Problems)}");
        }

        return string.Create(
            CultureInfo.InvariantCulture,
            $"{ledger.RecordsReplayed ?? 0} replayed in {opened.TotalMilliseconds:F0} ms, {check.Transfers} there, right");
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
