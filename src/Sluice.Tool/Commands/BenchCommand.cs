using System.CommandLine;
using System.Globalization;
using Sluice.Tool.Bench;
using Sluice.Tool.Bench.Report;
using Sluice.Tool.Bench.Spill;
using Sluice.Tool.Infrastructure;

namespace Sluice.Tool.Commands;

/// <summary><c>sluice bench</c>: measures the methods, and .NET's own ways, on this machine.</summary>
internal static class BenchCommand
{
    private const long TebiBytes = 1L << 40;

    private static Argument<string?> Scenario() => new("scenario")
    {
        Description = $"What to do: {Names.Scenarios}; without it the standard programme runs",
        Arity = ArgumentArity.ZeroOrOne,
    };

    internal static Command Create()
    {
        Argument<string?> scenario = Scenario();
        Option<string?> method = new("--method") { Description = "auto, an io_method, randomaccess or pread (.NET's own), or all" };
        Option<string?> mode = new("--mode") { Description = "blocking, await or loop: how the code waits (blocking)" };
        Option<string?> file = new("--file")
        {
            Description = "A file to use instead of a temporary one; only read unless --overwrite is given",
        };
        Option<long> size = ToolOptions.Size(
            "--size", 1L << 30, 4096, 16 * TebiBytes, "Size of the data file, or how much of --file is used");
        Option<long> block = ToolOptions.Size("--block", 8 << 10, 1, BenchLimits.BlockBytesMax, "Size of each read or write");
        Option<int> depth = ToolOptions.Number("--depth", 32, 1, BenchLimits.DepthMax, "Operations in flight per thread");
        Option<double> seconds = Seconds();
        Option<int> threads = ToolOptions.Number("--threads", 1, 1, BenchLimits.ThreadsMax, "Threads, each with a context of its own");
        Option<bool> direct = new("--direct") { Description = "Bypass the page cache" };
        Option<bool> registered = new("--registered") { Description = "Register buffers and files with the method" };
        Option<string?> durable = new("--durable")
        {
            Description = "How logwrite makes a write durable: writethrough, linked, separate or osync (the fastest here)",
        };
        Option<string?> dataDirectory = new("--data-directory")
        {
            Description = "Storage scenarios: a data directory to use and keep instead of a temporary one",
        };
        Option<int> pages = ToolOptions.Number("--pages", 60_000, 1, 1 << 24, "checkpoint: how many pages are dirty");
        Option<int> run = ToolOptions.Number("--run", 1, 1, 4096, "checkpoint: how many of them are neighbours");
        Option<int> every = ToolOptions.Number("--every", 8, 1, 1 << 20, "bitmap: every which block");
        Option<int> combine = ToolOptions.Number("--combine", 16, 1, 128, "Storage scenarios: how many pages one I/O may have");
        Option<bool> cold = new("--cold") { Description = "scan, bitmap: empty the system's cache of the relation before each pass" };
        Option<string?> phase = new("--phase")
        {
            Description = "spill: join (hash joins, unless given) or file (a temporary file written and read in order)",
        };
        Option<bool> json = new("--json") { Description = "Print a JSON array, one object per run" };
        Option<bool> overwrite = new("--overwrite") { Description = "Let --file be written; it is made if it is not there, and stays" };
        Command command = new("bench", "Measure what asynchronous I/O buys here; without a scenario all of it, with a report as a page")
        {
            scenario, method, mode, file, size, block, depth, seconds, threads, direct, registered, durable, json, overwrite,
            dataDirectory, pages, run, every, combine, cold, phase,
        };
        command.Subcommands.Add(Bench.Spill.SortBench.Create());
        command.Subcommands.Add(Wal.WalBenchVerb.Create());
        command.SetAction((parsed, cancellationToken) =>
        {
            BenchRequest request = new()
            {
                Scenario = parsed.GetValue(scenario) is { } name ? Names.ParseScenario(name) : null,
                Method = parsed.GetValue(method),
                Mode = parsed.GetValue(mode) is { } modeName ? Names.ParseMode(modeName) : null,
                File = parsed.GetValue(file),
                SizeBytes = IsGiven(parsed, size) ? parsed.GetValue(size) : null,
                BlockBytes = (int)parsed.GetValue(block),
                IsBlockGiven = IsGiven(parsed, block),
                IsSpillOfFile = ParsePhase(parsed.GetValue(phase)),
                Depth = parsed.GetValue(depth),
                Seconds = IsGiven(parsed, seconds) ? parsed.GetValue(seconds) : null,
                Threads = parsed.GetValue(threads),
                IsDirect = parsed.GetValue(direct),
                IsRegistered = parsed.GetValue(registered),
                Overwrites = parsed.GetValue(overwrite),
                DataDirectory = parsed.GetValue(dataDirectory),
                Pages = parsed.GetValue(pages),
                RunPages = parsed.GetValue(run),
                Every = parsed.GetValue(every),
                CombinePages = parsed.GetValue(combine),
                IsCold = parsed.GetValue(cold),
                Durable = parsed.GetValue(durable) is { } form ? Names.ParseForm(form) : null,
            };
            if (request.Scenario is null)
            {
                RequireScenarioFor(
                    parsed,
                    [
                        method, mode, file, block, depth, threads, direct, registered, durable, overwrite, dataDirectory, pages, run,
                        every, combine, cold, phase,
                    ]);
            }

            if (request.Scenario == Bench.Scenario.Spill)
            {
                RefuseForSpill(parsed, [mode, file, depth, threads, durable, overwrite, dataDirectory, pages, run, every, combine, cold]);
            }
            else if (request.Scenario is { } chosen)
            {
                RequireScenario(parsed, phase, "spill only", isRight: false);
                RequireScenario(parsed, dataDirectory, Names.StorageScenarios, Names.IsStorage(chosen));
                RequireScenario(parsed, combine, Names.StorageScenarios, Names.IsStorage(chosen));
                RequireScenario(parsed, pages, "checkpoint only", chosen == Bench.Scenario.Checkpoint);
                RequireScenario(parsed, run, "checkpoint only", chosen == Bench.Scenario.Checkpoint);
                RequireScenario(parsed, every, "bitmap only", chosen == Bench.Scenario.Bitmap);
                RequireScenario(parsed, cold, "scan and bitmap only", chosen is Bench.Scenario.Scan or Bench.Scenario.Bitmap);
            }

            // A thread of its own: one of the pool's would be missing where the pool is measured.
            return Task.Factory.StartNew(
                () => RunUntilStopped(request, parsed.GetValue(json), parsed.InvocationConfiguration, cancellationToken),
                CancellationToken.None,
                TaskCreationOptions.LongRunning,
                TaskScheduler.Default);
        });
        return command;
    }

    // When it is stopped the data file goes at once, so that what was about to open it fails: that is no failure to tell of.
    private static int RunUntilStopped(
        BenchRequest request, bool isJson, InvocationConfiguration invocation, CancellationToken cancellationToken)
    {
        try
        {
            return Run(request, isJson, invocation, cancellationToken);
        }
        catch (Exception exception) when (cancellationToken.IsCancellationRequested && exception is not OperationCanceledException)
        {
            throw new OperationCanceledException("Stopped.", exception, cancellationToken);
        }
    }

    private static int Run(BenchRequest request, bool isJson, InvocationConfiguration invocation, CancellationToken cancellationToken)
    {
        IReadOnlyList<BenchSection> sections;
        IReadOnlyList<string> notes = [];
        string? closing = null;
        if (request.Scenario is null)
        {
            BenchReport report = StandardProgramme.Run(request, invocation.Error, cancellationToken);
            string path = Path.GetFullPath(HtmlReport.FileName);
            File.WriteAllText(path, HtmlReport.Write(report));
            sections = report.Sections;
            notes = report.Notes;
            closing = $"{report.Verdict}{Environment.NewLine}Report: {path}".TrimStart();
        }
        else
        {
            sections = request.Scenario == Bench.Scenario.Spill
                ? SpillBench.Run(request, invocation.Error, cancellationToken)
                : [ScenarioBench.Run(request, invocation.Error, cancellationToken)];
        }

        if (isJson)
        {
            invocation.Output.WriteLine(
                JsonRows.Write([.. sections.SelectMany(static section => section.Rows).Select(static row => row.Result)]));
            foreach (string note in sections.SelectMany(static section => section.Notes).Concat(notes)) invocation.Error.WriteLine(note);
            if (closing is not null) invocation.Error.WriteLine(closing);
        }
        else
        {
            ResultTable.Write(ToolConsole.On(invocation.Output), sections, notes);
            if (closing is not null) invocation.Output.WriteLine(closing);
        }

        return Program.Done;
    }

    private static Option<double> Seconds() => new("--seconds")
    {
        Description = "How long each run is measured (0.05 to 3600)",
        DefaultValueFactory = _ => 5,
        CustomParser = result =>
        {
            string text = result.Tokens.Count == 0 ? "" : result.Tokens[^1].Value;
            bool isNumber = double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double value);
            if (!isNumber || value is < 0.05 or > 3600) result.AddError($"--seconds is '{text}': give a number from 0.05 to 3600.");
            return value;
        },
    };

    private static bool IsGiven(ParseResult parsed, Option option) => parsed.GetResult(option) is { Implicit: false };

    private static bool ParsePhase(string? phase) => phase switch
    {
        null or "join" => false,
        "file" => true,
        _ => throw new UsageException($"--phase is '{phase}': give join or file."),
    };

    private static void RequireScenario(ParseResult parsed, Option option, string scenarios, bool isRight)
    {
        if (!isRight && IsGiven(parsed, option)) throw new UsageException($"{option.Name} goes with {scenarios}.");
    }

    private static void RefuseForSpill(ParseResult parsed, IReadOnlyList<Option> options)
    {
        if (options.FirstOrDefault(option => IsGiven(parsed, option)) is not { } given) return;
        throw new UsageException(
            $"{given.Name} does not go with spill, which takes --method, --phase, --size, --block, --seconds, --direct, --registered "
            + "and --json.");
    }

    private static void RequireScenarioFor(ParseResult parsed, IReadOnlyList<Option> options)
    {
        if (options.FirstOrDefault(option => IsGiven(parsed, option)) is not { } given) return;
        throw new UsageException(
            $"{given.Name} goes with a scenario: name one of {Names.Scenarios}. The standard programme takes --size, --seconds and "
                + $"--json.");
    }
}
