using System.Text.RegularExpressions;
using Sluice.Simulation.Tests.Examples;
using Sluice.Tests.Shared;

namespace Sluice.Simulation.Tests;

/// <summary>The complete example of docs/mechanisms/simulation.md: it is the one compiled here, it passes, and it can fail.</summary>
public sealed class ExampleTests
{
    private static readonly ScenarioInfo s_accounts = ScenarioCatalog.Get(
        "accounts", ScenarioCatalog.In(typeof(AccountsScenario).Assembly));

    [Fact]
    public void TheExamplePasses()
    {
        SweepResult sweep = SeedSweep.Run(s_accounts, firstSeed: 1, count: 300);
        if (sweep.Failures.Count != 0) Assert.Fail(Shrinker.Shrink(s_accounts, sweep.Failures[0]).Report);
        Assert.True(sweep.Crashes >= 900);
    }

    [Fact]
    public void OnADiskThatLosesWritesTheExampleFails()
    {
        ScenarioInfo lying = s_accounts with { Create = static () => new OnALyingDisk() };
        SimulationResult failure = SeedSweep.Run(lying, firstSeed: 1, count: 20).Failures[0];
        Assert.IsType<SimulationException>(failure.Exception);
    }

    [Fact]
    public void TheExampleRepeatsWhileOthersRun()
    {
        const int Seeds = 60;
        ulong[] first = new ulong[Seeds];
        ulong[] second = new ulong[Seeds];
        for (int seed = 0; seed < Seeds; seed++) first[seed] = Simulator.Run(s_accounts, s_accounts.ParametersFor((ulong)seed)).TraceHash;
        Parallel.For(0, Seeds, seed => second[seed] = Simulator.Run(s_accounts, s_accounts.ParametersFor((ulong)seed)).TraceHash);
        Assert.Equal(first, second);
    }

    [Fact]
    public void ThePageShowsTheExampleAsItIsCompiled()
    {
        string page = File.ReadAllText(Repository.PathOf("docs", "mechanisms", "simulation.md")).ReplaceLineEndings("\n");
        string source = File.ReadAllText(
            Repository.PathOf("tests", "Sluice.Simulation.Tests", "Examples", "AccountsScenario.cs")).ReplaceLineEndings("\n");
        string code = Regex.Replace(source, @"\A(using .*\n)+\nnamespace .*\n\n", "").TrimEnd();
        Assert.Contains($"```csharp\n{code}\n```", page, StringComparison.Ordinal);
    }

    private sealed class OnALyingDisk : AccountsScenario
    {
        public override FaultPlan PlanFaults(SimulatedRandom random) => FaultPlan.None.With(FaultKind.LostWrite, 0.05);
    }
}
