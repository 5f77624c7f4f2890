using System.Diagnostics;
using System.Globalization;
using Sluice.Simulation;
using Sluice.Tool.Infrastructure;
using Spectre.Console;

namespace Sluice.Tool.Simulate;

/// <summary>How fast the simulation itself is: what <c>sluice simulate --benchmark</c> prints.</summary>
internal static class SimulateBenchmark
{
    /// <summary>How many operations unless said otherwise.</summary>
    internal const int Operations = 2_000_000;

    /// <summary>How many seeds unless said otherwise.</summary>
    internal const int Seeds = 1000;

    private const string Scenario = "append-log";
    private const int Repetitions = 3;

    // Between crashes: about 200 in all, because a crash comes before a round has made all of its own.
    private const int RoundOperations = 65;

    /// <summary>Measures both: bare operations on one loop, and seeds of a scenario on all cores.</summary>
    /// <param name="operations">How many operations, for each of several repetitions.</param>
    /// <param name="seeds">How many seeds.</param>
    /// <param name="output">Gets the table.</param>
    /// <param name="cancellationToken">Stops between the parts.</param>
    internal static void Run(int operations, int seeds, TextWriter output, CancellationToken cancellationToken)
    {
        Table table = new Table().Border(TableBorder.None).AddColumns("what", "measured", "per processor second", "allocated");
        foreach ((string name, double writeShare) in ((string, double)[])[("reads", 0), ("reads, 30 % writes", 0.3)])
        {
            cancellationToken.ThrowIfCancellationRequested();

            // The middle of several: the first also compiles.
            (double rate, double processorRate, double allocated) = Enumerable.Range(0, Repetitions)
                .Select(_ => SpeedBenchmark.Measure(operations, writeShare))
                .OrderBy(static measured => measured.OperationsPerSecond)
                .ElementAt(Repetitions / 2);
            table.AddRow(
                $"{name}: 8 KiB, 32 in flight, no faults, one loop",
                Text($"{rate:N0} operations/s"),
                Text($"{processorRate:N0}"),
                Text($"{allocated:0.00} B each"));
        }

        cancellationToken.ThrowIfCancellationRequested();
        ScenarioInfo scenario = ScenarioCatalog.Get(Scenario);
        TimeSpan processor = Environment.CpuUsage.TotalTime;
        Stopwatch watch = Stopwatch.StartNew();
        SweepResult sweep = SeedSweep.Run(
            scenario,
            1,
            seeds,
            static parameters => parameters with { Operations = RoundOperations },
            cancellationToken: cancellationToken);
        cancellationToken.ThrowIfCancellationRequested();
        double seconds = watch.Elapsed.TotalSeconds;
        double processorSeconds = (Environment.CpuUsage.TotalTime - processor).TotalSeconds;
        double operationsEach = (double)sweep.Operations / sweep.Runs;
        double crashesEach = (double)sweep.Crashes / sweep.Runs;
        string each = Text($"{operationsEach:0} operations, {crashesEach:0.#} crashes each");
        string what = Text($"{sweep.Runs:N0} seeds of {Scenario}: {each}; {Environment.ProcessorCount} cores");
        table.AddRow(what, Text($"{seconds:0.0} s"), Text($"{sweep.Runs / processorSeconds:N0} seeds"), "");
        ToolConsole.On(output).Write(table);
        if (sweep.Failures.Count != 0) throw new FailureException(sweep.Failures[0].Report.ReplaceLineEndings(" "));
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
