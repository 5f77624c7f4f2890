using System.Globalization;
using System.Reflection;
using Sluice.Simulation;
using Sluice.Storage.Simulation;
using Sluice.Tool.Infrastructure;
using Spectre.Console;

namespace Sluice.Tool.Simulate;

/// <summary>What <c>sluice simulate</c> prints.</summary>
internal static class SimulateText
{
    // Assemblies that come with the tool and have scenarios: more are added here.
    private static readonly Assembly[] s_assemblies = [typeof(ScenarioCatalog).Assembly, typeof(CopyScenario).Assembly, typeof(CheckpointScenario).Assembly];

    /// <summary>The scenarios that the tool knows: those of the library, and that of its own copy.</summary>
    internal static IReadOnlyList<ScenarioInfo> Scenarios { get; } =
        [.. ScenarioCatalog.In(s_assemblies).Select(static scenario => scenario with { AssemblyPath = null })];

    /// <summary>Those, and the ones of an assembly of the user's.</summary>
    /// <param name="assemblyPath">The assembly; null for none.</param>
    internal static IReadOnlyList<ScenarioInfo> ScenariosWith(string? assemblyPath)
    {
        if (assemblyPath is null) return Scenarios;
        try
        {
            IReadOnlyList<ScenarioInfo> added = ScenarioCatalog.Load(assemblyPath);
            ScenarioInfo? known = Scenarios.FirstOrDefault(scenario => added.Any(other => other.Name == scenario.Name));
            if (known is not null)
            {
                throw new UsageException($"{assemblyPath} has a scenario '{known.Name}', and sluice has one of that name: rename it.");
            }

            return [.. Scenarios.Concat(added).OrderBy(static scenario => scenario.Name, StringComparer.Ordinal)];
        }
        catch (InvalidOperationException exception)
        {
            throw new UsageException(exception.Message);
        }
    }

    internal static void List(IReadOnlyList<ScenarioInfo> scenarios, TextWriter output)
    {
        Table table = new Table().Border(TableBorder.None).AddColumns("scenario", "what it promises", "operations", "crashes");
        foreach (ScenarioInfo scenario in scenarios)
        {
            table.AddRow(scenario.Name, Markup.Escape(scenario.Description), Text(scenario.Operations), Text(scenario.Crashes));
        }

        ToolConsole.On(output).Write(table);
        output.WriteLine("Run one with: sluice simulate SCENARIO --seeds 1000");
    }

    internal static string Summary(string scenario, ulong firstSeed, SweepResult sweep, TimeSpan elapsed)
    {
        string faults = sweep.Faults.Count == 0
            ? "no faults"
            : string.Join(", ", sweep.Faults.Select(static fault => $"{fault.Key} {Text(fault.Value)}"));
        string seeds = sweep.Runs == 1
            ? $"seed {Text(firstSeed)}"
            : $"seeds {Text(firstSeed)} to {Text(firstSeed + (ulong)sweep.Runs - 1)}";
        string seconds = elapsed.TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture);
        string done = $"{Text(sweep.Operations)} operations, {Text(sweep.Crashes)} crashes, {Text(sweep.DistinctTraces)} different traces";
        return $"{scenario}: {seeds}, {done} in {seconds} s; {faults}";
    }

    internal static string One(SimulationResult result)
    {
        string hash = result.TraceHash.ToString("x16", CultureInfo.InvariantCulture);
        string faults = string.Join(", ", result.Faults.Select(static fault => $"{fault.Key} {Text(fault.Value)}"));
        string done = $"{Text(result.Operations)} operations, {Text(result.Crashes)} crashes, trace {hash}";
        return $"{result.Parameters.Scenario}: seed {Text(result.Parameters.Seed)}, {done}; {(faults.Length == 0 ? "no faults" : faults)}";
    }

    private static string Text(IFormattable number) => number.ToString(null, CultureInfo.InvariantCulture);
}
