using System.Globalization;
using Sluice.Simulation;
using Sluice.Tool.Infrastructure;
using Spectre.Console;

namespace Sluice.Tool.Simulate;

/// <summary>What <c>sluice simulate</c> prints.</summary>
internal static class SimulateText
{
    /// <summary>The scenarios: those of the library, and that of this tool's own copy.</summary>
    internal static IReadOnlyList<ScenarioInfo> Scenarios { get; } =
        [.. ScenarioCatalog.All.Append(new ScenarioInfo("copy", "sluice copy --fsync killed anywhere: the old target or a whole copy", static () => new CopyScenario()) { Operations = 150 })
            .OrderBy(static scenario => scenario.Name, StringComparer.Ordinal)];

    internal static void List(TextWriter output)
    {
        Table table = new Table().Border(TableBorder.None).AddColumns("scenario", "what it promises", "operations", "crashes");
        foreach (ScenarioInfo scenario in Scenarios)
        {
            table.AddRow(scenario.Name, Markup.Escape(scenario.Description), Text(scenario.Operations), Text(scenario.Crashes));
        }

        ToolConsole.On(output).Write(table);
        output.WriteLine("Run one with: sluice simulate SCENARIO --seeds 1000");
    }

    internal static string Summary(string scenario, ulong firstSeed, SweepResult sweep, TimeSpan elapsed)
    {
        string faults = sweep.Faults.Count == 0 ? "no faults" : string.Join(", ", sweep.Faults.Select(static fault => $"{fault.Key} {Text(fault.Value)}"));
        string seeds = sweep.Runs == 1 ? $"seed {Text(firstSeed)}" : $"seeds {Text(firstSeed)} to {Text(firstSeed + (ulong)sweep.Runs - 1)}";
        string seconds = elapsed.TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture);
        return $"{scenario}: {seeds}, {Text(sweep.Operations)} operations, {Text(sweep.Crashes)} crashes, {Text(sweep.DistinctTraces)} different traces in {seconds} s; {faults}";
    }

    internal static string One(SimulationResult result)
    {
        string hash = result.TraceHash.ToString("x16", CultureInfo.InvariantCulture);
        string faults = string.Join(", ", result.Faults.Select(static fault => $"{fault.Key} {Text(fault.Value)}"));
        return $"{result.Parameters.Scenario}: seed {Text(result.Parameters.Seed)}, {Text(result.Operations)} operations, {Text(result.Crashes)} crashes, trace {hash}; {(faults.Length == 0 ? "no faults" : faults)}";
    }

    private static string Text(IFormattable number) => number.ToString(null, CultureInfo.InvariantCulture);
}
