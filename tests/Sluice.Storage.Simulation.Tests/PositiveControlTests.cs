using static Sluice.Storage.Simulation.Tests.BrokenCheckpoints;

namespace Sluice.Storage.Simulation.Tests;

/// <summary>A scenario that finds nothing proves nothing: each of these mistakes must be caught, within a bounded number of seeds.</summary>
public sealed class PositiveControlTests
{
    private const int SeedsMaximum = 100;

    public static TheoryData<string> Names => [.. s_broken.Select(static scenario => scenario.Name)];

    private static readonly ScenarioInfo[] s_broken =
    [
        Of("forgets-one-sync", static () => new ForgetsOneSync()),
        Of("cleans-after-a-failed-write", static () => new CleansAfterAFailedWrite()),
        Of("retries-a-failed-sync", static () => new RetriesAFailedSync()),
    ];

    [Theory]
    [MemberData(nameof(Names))]
    public void AMistakeIsCaughtWithinBoundedSeeds(string name)
    {
        ScenarioInfo scenario = s_broken.Single(scenario => scenario.Name == name);
        for (ulong first = 1; first <= SeedsMaximum; first += 10)
        {
            SweepResult sweep = SeedSweep.Run(scenario, first, 10);
            if (sweep.Failures.Count == 0) continue;
            Assert.IsType<SimulationException>(sweep.Failures[0].Exception);
            return;
        }

        Assert.Fail($"{name} was not caught within {SeedsMaximum} seeds.");
    }

    private static ScenarioInfo Of(string name, Func<Scenario> create) => new(name, "A mistake.", create) { Operations = 150 };
}
