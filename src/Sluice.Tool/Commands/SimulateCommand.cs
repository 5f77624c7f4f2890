using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Sluice.Simulation;
using Sluice.Tool.Infrastructure;
using Sluice.Tool.Simulate;
using Spectre.Console;

namespace Sluice.Tool.Commands;

/// <summary><c>sluice simulate</c>: storage code on a disk that loses power, from one seed.</summary>
internal static class SimulateCommand
{
    private const string Summary = "Run storage code on a simulated disk that reorders, tears, fails and loses power; "
        + "a failing seed is shrunk and printed with the command that repeats it";

    private const string All = "all";
    private const int SeedsMaximum = 100_000_000;

    internal static Command Create()
    {
        Argument<string?> scenario = new("SCENARIO")
        {
            Description = "What to run, or all; without it, the scenarios are listed",
            Arity = ArgumentArity.ZeroOrOne,
        };
        Option<ulong?> seed = new("--seed") { Description = "The first seed; a fresh one unless given", HelpName = "number" };
        Option<int> seeds = ToolOptions.Number("--seeds", 1, 1, SeedsMaximum, "How many seeds, from the first one on");
        Option<int?> operations = new("--operations") { Description = "About how many operations between crashes", HelpName = "number" };
        Option<int?> crashes = new("--crashes") { Description = "How many crashes", HelpName = "number" };
        Option<string?> without = new("--without")
        {
            Description = "Numbers of fault rules to leave out, with commas between",
            HelpName = "numbers",
        };
        Option<string?> trace = new("--trace")
        {
            Description = "Write everything that happened to this file, or - to show it; for one seed",
            HelpName = "file",
        };
        Option<string?> store = new("--store") { Description = "Add a failing seed, shrunk, to this file", HelpName = "file" };
        Option<string?> replay = new("--replay") { Description = "Run all seeds of such a file again", HelpName = "file" };
        Option<string?> assembly = new("--assembly") { Description = "Take scenarios from this assembly as well", HelpName = "file" };
        Option<bool> benchmark = new("--benchmark")
        {
            Description = "Measure how fast the simulation itself is: operations, and seeds of append-log",
        };
        Command command = new("simulate", Summary)
        {
            scenario, seed, seeds, operations, crashes, without, trace, store, replay, assembly, benchmark,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            TextWriter output = parsed.InvocationConfiguration.Output;
            if (parsed.GetValue(benchmark))
            {
                int benchmarkSeeds = parsed.GetResult(seeds) is { Implicit: false } ? parsed.GetValue(seeds) : SimulateBenchmark.Seeds;
                int benchmarkOperations = RequirePositive("--operations", parsed.GetValue(operations), 1) ?? SimulateBenchmark.Operations;
                await Task.Run(
                    () => SimulateBenchmark.Run(benchmarkOperations, benchmarkSeeds, output, cancellationToken), CancellationToken.None);
                return Program.Done;
            }

            IReadOnlyList<ScenarioInfo> known = SimulateText.ScenariosWith(parsed.GetValue(assembly));
            if (parsed.GetValue(replay) is { } list)
            {
                if (parsed.GetValue(scenario) is not null)
                {
                    throw new UsageException("--replay runs what its file names: leave out the scenario.");
                }

                await Task.Run(() => Replay(list, known, output, cancellationToken), CancellationToken.None);
                return Program.Done;
            }

            if (parsed.GetValue(scenario) is not { } name)
            {
                SimulateText.List(known, output);
                return Program.Done;
            }

            // A fresh seed is printed, as every seed is.
            Request request = new(
                name == All ? known : [Find(name, known)],
                parsed.GetValue(seed) ?? (ulong)DateTime.UtcNow.Ticks,
                parsed.GetValue(seeds),
                RequirePositive("--operations", parsed.GetValue(operations), 1),
                RequirePositive("--crashes", parsed.GetValue(crashes), 0),
                ParseRules(parsed.GetValue(without)),
                parsed.GetValue(trace),
                parsed.GetValue(store));
            if (request.TracePath is not null && request.Seeds != 1)
            {
                throw new UsageException("--trace is for one seed: leave out --seeds.");
            }

            if (request.TracePath is not null && request.Scenarios.Count != 1)
            {
                throw new UsageException("--trace is for one scenario: name it instead of all.");
            }

            TextWriter error = parsed.InvocationConfiguration.Error;
            await Task.Run(
                () =>
                {
                    foreach (ScenarioInfo one in request.Scenarios) Run(request, one, output, error, cancellationToken);
                },
                CancellationToken.None);
            return Program.Done;
        });
        return command;
    }

    private static ScenarioInfo Find(string name, IReadOnlyList<ScenarioInfo> known)
    {
        try
        {
            return ScenarioCatalog.Get(name, known);
        }
        catch (KeyNotFoundException exception)
        {
            throw new UsageException(exception.Message);
        }
    }

    private static int? RequirePositive(string option, int? value, int least) => value is null || value >= least
        ? value
        : throw new UsageException($"{option} is {value.Value.ToString(CultureInfo.InvariantCulture)}: give a number of at least {least}.");

    private static int[] ParseRules(string? text)
    {
        if (text is null) return [];
        string[] parts = text.Split(',', StringSplitOptions.RemoveEmptyEntries);
        int[] rules = new int[parts.Length];
        for (int index = 0; index < parts.Length; index++)
        {
            if (!int.TryParse(parts[index], NumberStyles.None, CultureInfo.InvariantCulture, out rules[index]))
            {
                throw new UsageException($"--without is '{text}': give numbers with commas between, such as 1,3.");
            }
        }

        return rules;
    }

    private static void Replay(string path, IReadOnlyList<ScenarioInfo> known, TextWriter output, CancellationToken cancellationToken)
    {
        IReadOnlyList<SimulationParameters> stored;
        try
        {
            stored = StoredSeeds.Read(path);
        }
        catch (Exception exception) when (exception is FormatException or OverflowException)
        {
            throw new UsageException($"{path}: {exception.Message}");
        }

        foreach (SimulationParameters parameters in stored)
        {
            cancellationToken.ThrowIfCancellationRequested();
            ScenarioInfo scenario = Find(parameters.Scenario, known);
            SimulationResult result = Simulator.Run(scenario, parameters with { AssemblyPath = scenario.AssemblyPath });
            output.WriteLine(SimulateText.One(result));
            if (!result.IsFailure) continue;
            output.WriteLine($"repeat: {result.Parameters.Command}");
            throw new FailureException($"{parameters.ToLine()}: {result.Failure}");
        }

        output.WriteLine($"{stored.Count.ToString(CultureInfo.InvariantCulture)} stored seeds hold.");
    }

    private static void Run(
        Request request, ScenarioInfo scenario, TextWriter output, TextWriter error, CancellationToken cancellationToken)
    {
        if (request.Seeds == 1)
        {
            RunOne(request, scenario, output, error);
            return;
        }

        Stopwatch watch = Stopwatch.StartNew();
        SweepResult sweep = null!;
        if (ToolConsole.IsTerminal(error))
        {
            ToolConsole.On(error).Progress().AutoClear(true).Start(context =>
            {
                ProgressTask bar = context.AddTask(scenario.Name, maxValue: request.Seeds);
                sweep = Sweep(done => bar.Value = Math.Max(bar.Value, done));
            });
        }
        else
        {
            sweep = Sweep(null);
        }

        cancellationToken.ThrowIfCancellationRequested();
        output.WriteLine(SimulateText.Summary(scenario.Name, request.FirstSeed, sweep, watch.Elapsed));
        if (sweep.Failures.Count != 0) ReportFailure(request, scenario, sweep.Failures[0], output, error);

        SweepResult Sweep(Action<int>? progress) =>
            SeedSweep.Run(scenario, request.FirstSeed, request.Seeds, request.Size, progress, cancellationToken: cancellationToken);
    }

    private static void RunOne(Request request, ScenarioInfo scenario, TextWriter output, TextWriter error)
    {
        SimulationResult result = Simulator.Run(
            scenario, request.Size(scenario.ParametersFor(request.FirstSeed)), keepsTrace: request.TracePath is not null);
        if (request.TracePath == "-") result.Trace.WriteTo(output);
        else if (request.TracePath is not null) result.Trace.Save(request.TracePath);
        output.WriteLine(SimulateText.One(result));
        if (result.IsFailure) ReportFailure(request, scenario, result, output, error);
    }

    private static void ReportFailure(Request request, ScenarioInfo scenario, SimulationResult failure, TextWriter output, TextWriter error)
    {
        SimulationResult small = request.TracePath is null ? Shrinker.Shrink(scenario, failure) : failure;
        output.WriteLine($"repeat: {failure.Parameters.Command}");
        if (!ReferenceEquals(small, failure)) output.WriteLine($"shrunk: {small.Parameters.Command}");
        if (request.StorePath is not null) StoredSeeds.Add(request.StorePath, small);
        if (Environment.GetEnvironmentVariable("SLUICE_DEBUG") == "1") error.WriteLine(failure.Exception);
        throw new FailureException(
            $"{failure.Parameters.Scenario}, seed {failure.Parameters.Seed.ToString(CultureInfo.InvariantCulture)}: {failure.Failure}");
    }

    private sealed record Request(
        IReadOnlyList<ScenarioInfo> Scenarios,
        ulong FirstSeed,
        int Seeds,
        int? Operations,
        int? Crashes,
        IReadOnlyList<int> Without,
        string? TracePath,
        string? StorePath)
    {
        internal SimulationParameters Size(SimulationParameters parameters) => parameters with
        {
            Operations = Operations ?? parameters.Operations,
            Crashes = Crashes ?? parameters.Crashes,
            Without = Without,
        };
    }
}
