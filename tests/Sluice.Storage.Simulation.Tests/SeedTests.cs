using System.Globalization;
using Xunit.Abstractions;

namespace Sluice.Storage.Simulation.Tests;

/// <summary>The stored seeds, for ever, and some fresh ones of every scenario of storage.</summary>
public sealed class SeedTests(ITestOutputHelper output)
{
    private const int FreshSeeds = 300;

    private static readonly IReadOnlyList<ScenarioInfo> s_scenarios = ScenarioCatalog.In(typeof(StorageScenario).Assembly);

    public static TheoryData<string> Names => [.. s_scenarios.Select(static scenario => scenario.Name)];

    public static TheoryData<string> Stored =>
        [.. StoredSeeds.Read(Path.Combine(AppContext.BaseDirectory, "seeds.txt")).Select(static parameters => parameters.ToLine())];

    [Theory]
    [MemberData(nameof(Stored))]
    public void AStoredSeedPasses(string line)
    {
        SimulationParameters parameters = SimulationParameters.Parse(line);
        SimulationResult result = Simulator.Run(ScenarioCatalog.Get(parameters.Scenario, s_scenarios), parameters);
        Assert.False(result.IsFailure, result.Report);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void FreshSeedsPass(string name)
    {
        ScenarioInfo scenario = ScenarioCatalog.Get(name, s_scenarios);

        // Other seeds every time: SLUICE_SEED repeats a range, SLUICE_SEEDS makes it longer.
        ulong first = Read("SLUICE_SEED") ?? (ulong)DateTime.UtcNow.Ticks;
        int count = (int)(Read("SLUICE_SEEDS") ?? FreshSeeds);
        output.WriteLine($"{name}: seeds {first} to {first + (ulong)count - 1}");
        SweepResult sweep = SeedSweep.Run(scenario, first, count);
        Assert.True(sweep.Crashes > count, "Hardly a seed crashed.");
        if (sweep.Failures.Count == 0) return;
        SimulationResult small = Shrinker.Shrink(scenario, sweep.Failures[0]);
        Assert.Fail($"{sweep.Failures[0].Report}{Environment.NewLine}shrunk: {small.Report}{Environment.NewLine}store in seeds.txt: {small.Parameters.ToLine()}");
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void ASeedRepeatsItself(string name)
    {
        ScenarioInfo scenario = ScenarioCatalog.Get(name, s_scenarios);
        SimulationResult first = Simulator.Run(scenario, scenario.ParametersFor(7));
        SimulationResult second = Simulator.Run(scenario, scenario.ParametersFor(7));
        Assert.Equal(first.TraceHash, second.TraceHash);
    }

    private static ulong? Read(string name) =>
        Environment.GetEnvironmentVariable(name) is { } text ? ulong.Parse(text, CultureInfo.InvariantCulture) : null;
}
