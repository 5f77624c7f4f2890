using static Sluice.Simulation.Tests.BrokenWriters;

namespace Sluice.Simulation.Tests;

/// <summary>
/// A simulator that finds nothing proves nothing: each of these mistakes must be caught, within a bounded number of seeds.
/// </summary>
public sealed class PositiveControlTests
{
    private const int SeedsMaximum = 100;

    public static TheoryData<string> Names => [.. Broken().Select(static scenario => scenario.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void AMistakeIsCaughtWithinBoundedSeeds(string name)
    {
        ScenarioInfo scenario = Broken().Single(scenario => scenario.Name == name);
        SweepResult sweep = SeedSweep.Run(scenario, 1, SeedsMaximum);
        Assert.NotEmpty(sweep.Failures);
        Assert.IsType<SimulationException>(sweep.Failures[0].Exception);
    }

    [Fact]
    public void AFailingSeedIsShrunkAndStillFails()
    {
        ScenarioInfo scenario = Log("forgets-to-flush", static (system, path) => new ForgetsToFlush(system, path));
        SimulationResult failing = SeedSweep.Run(scenario, 1, SeedsMaximum).Failures[0];
        SimulationResult small = Shrinker.Shrink(scenario, failing);
        Assert.True(small.IsFailure);
        Assert.True(small.Parameters.Without.Count > 0, "No fault is needed to lose what was not flushed.");
        Assert.True(small.Parameters.Operations < failing.Parameters.Operations);
        SimulationResult again = Simulator.Run(scenario, SimulationParameters.Parse(small.Parameters.ToLine()));
        Assert.Equal(small.TraceHash, again.TraceHash);
        Assert.Equal(small.Failure, again.Failure);
        Assert.Contains("sluice simulate forgets-to-flush --seed", small.Report, StringComparison.Ordinal);
    }

    [Fact]
    public void AFailureIsStoredOnce()
    {
        ScenarioInfo scenario = Log("forgets-to-flush", static (system, path) => new ForgetsToFlush(system, path));
        SimulationResult failing = SeedSweep.Run(scenario, 1, SeedsMaximum).Failures[0];
        string path = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N}.seeds");
        try
        {
            StoredSeeds.Add(path, failing);
            StoredSeeds.Add(path, failing);
            SimulationParameters stored = Assert.Single(StoredSeeds.Read(path));
            Assert.Equal(failing.Parameters.ToLine(), stored.ToLine());
        }
        finally
        {
            System.IO.File.Delete(path);
        }
    }

    private static ScenarioInfo[] Broken() =>
    [
        Log("forgets-to-flush", static (system, path) => new ForgetsToFlush(system, path)),
        Log("trusts-a-hint", static (system, path) => new TrustsAHint(system, path)),
        Log("flushes-too-early", static (system, path) => new FlushesTooEarly(system, path)),
        Log("ignores-short-writes", static (system, path) => new IgnoresShortWrites(system, path)),
        Log("retries-a-failed-flush", static (system, path) => new RetriesAFailedFlush(system, path)),
        Log("reuses-its-buffer-too-early", static (system, path) => new ReusesItsBufferTooEarly(system, path)),
        Log("takes-a-started-write-for-done", static (system, path) => new TakesAStartedWriteForDone(system, path)),
        File("renames-before-syncing", static (system, path) => new RenamesBeforeSyncing(system, path)),
    ];
}
