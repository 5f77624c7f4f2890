using System.Globalization;
using Xunit.Abstractions;

namespace Sluice.Simulation.Tests;

/// <summary>The stored seeds, for ever, and some fresh ones of every scenario.</summary>
public sealed class SeedTests(ITestOutputHelper output)
{
    private const int FreshSeeds = 300;

    public static TheoryData<string> Scenarios => [.. ScenarioCatalog.All.Select(static scenario => scenario.Name)];

    // The list is of all scenarios of the repository; the tests of the tool, which knows all of them, replay those of other projects.
    public static TheoryData<string> Stored =>
    [
        .. StoredSeeds.Read(Path.Combine(AppContext.BaseDirectory, "seeds.txt"))
            .Where(static parameters => ScenarioCatalog.All.Any(scenario => scenario.Name == parameters.Scenario))
            .Select(static parameters => parameters.ToLine()),
    ];

    [Theory]
    [MemberData(nameof(Stored))]
    public void AStoredSeedPasses(string line)
    {
        SimulationParameters parameters = SimulationParameters.Parse(line);
        SimulationResult result = Simulator.Run(ScenarioCatalog.Get(parameters.Scenario), parameters);
        Assert.False(result.IsFailure, result.Report);
    }

    [Theory]
    [MemberData(nameof(Scenarios))]
    public void FreshSeedsPass(string name)
    {
        ScenarioInfo scenario = ScenarioCatalog.Get(name);

        // Other seeds every time: SLUICE_SEED repeats a range.
        string? wanted = Environment.GetEnvironmentVariable("SLUICE_SEED");
        ulong first = wanted is null ? (ulong)DateTime.UtcNow.Ticks : ulong.Parse(wanted, CultureInfo.InvariantCulture);
        output.WriteLine($"{name}: seeds {first} to {first + FreshSeeds - 1}");
        Console.WriteLine($"{name}: seeds {first} to {first + FreshSeeds - 1}");
        SweepResult sweep = SeedSweep.Run(scenario, first, FreshSeeds);
        if (sweep.Failures.Count == 0) return;
        SimulationResult small = Shrinker.Shrink(scenario, sweep.Failures[0]);
        Assert.Fail(
            $"{sweep.Failures[0].Report}{Environment.NewLine}shrunk: {small.Report}{Environment.NewLine}store in seeds.txt: "
                + $"{small.Parameters.ToLine()}");
    }
}
