using System.Globalization;
using Sluice.Simulation;
using Sluice.Wal.Simulation;
using Xunit.Abstractions;

namespace Sluice.Wal.Tests;

/// <summary>The log on a disk that loses power, over many seeds; and logs with mistakes, which must be caught.</summary>
public sealed class SimulationTests(ITestOutputHelper output)
{
    private const int FreshSeeds = 800;
    private const int ControlSeeds = 1000;

    public static TheoryData<string> Stored =>
        [.. StoredSeeds.Read(Path.Combine(AppContext.BaseDirectory, "seeds.txt")).Select(static parameters => parameters.ToLine())];

    [Theory]
    [MemberData(nameof(Stored))]
    public void AStoredSeedPasses(string line)
    {
        SimulationParameters parameters = SimulationParameters.Parse(line);
        SimulationResult result = Simulator.Run(Get(parameters.Scenario), parameters);
        Assert.False(result.IsFailure, result.Report);
    }

    [Theory]
    [InlineData("wal")]
    [InlineData("wal-ledger")]
    [InlineData("wal-replay")]
    public void FreshSeedsPass(string name)
    {
        ScenarioInfo scenario = Get(name);

        // Other seeds every time: SLUICE_SEED repeats a range, SLUICE_SEEDS says how many.
        string? wanted = Environment.GetEnvironmentVariable("SLUICE_SEED");
        string? size = Environment.GetEnvironmentVariable("SLUICE_SEEDS");
        ulong first = wanted is null ? (ulong)DateTime.UtcNow.Ticks : ulong.Parse(wanted, CultureInfo.InvariantCulture);
        int count = size is null ? FreshSeeds : int.Parse(size, CultureInfo.InvariantCulture);
        output.WriteLine($"{name}: seeds {first} to {first + (ulong)count - 1}");
        Console.WriteLine($"{name}: seeds {first} to {first + (ulong)count - 1}");
        SweepResult sweep = SeedSweep.Run(scenario, first, count);
        if (sweep.Failures.Count == 0) return;
        Assert.Fail(
            $"{sweep.Failures[0].Report}{Environment.NewLine}{sweep.Failures[0].Exception}{Environment.NewLine}store in seeds.txt: "
                + $"{sweep.Failures[0].Parameters.ToLine()}");
    }

    [Theory]
    [InlineData("wal")]
    [InlineData("wal-ledger")]
    [InlineData("wal-replay")]
    public void NoLogOfACrashedBootStaysOpen(string name)
    {
        int before = OpenLogs.Count;
        ScenarioInfo scenario = Get(name);
        for (ulong seed = 1; seed <= 40; seed++)
        {
            SimulationResult result = Simulator.Run(scenario, scenario.ParametersFor(seed));
            Assert.False(result.IsFailure, result.Report);
            Assert.Equal(before, OpenLogs.Count);
        }
    }

    [Theory]
    [InlineData("wal")]
    [InlineData("wal-ledger")]
    [InlineData("wal-replay")]
    public void ARunRepeatsToTheLastCompletion(string name)
    {
        ScenarioInfo scenario = Get(name);
        for (ulong seed = 1; seed <= 10; seed++)
        {
            Assert.Equal(
                Simulator.Run(scenario, scenario.ParametersFor(seed)).TraceHash,
                Simulator.Run(scenario, scenario.ParametersFor(seed)).TraceHash);
        }
    }

    [Fact]
    public void TheLedgerFillsSegmentsAndUsesThemAgain()
    {
        const int Seeds = 20;
        List<LedgerScenario> runs = [];
        ScenarioInfo counted = new("counted-ledger", "counts segments", Create) { Operations = 150, Crashes = 4 };
        for (ulong seed = 1; seed <= Seeds; seed++)
        {
            SimulationResult result = Simulator.Run(counted, counted.ParametersFor(seed));
            Assert.False(result.IsFailure, result.Report);
        }

        output.WriteLine($"{runs.Sum(static run => run.SegmentsFilled)} filled, {runs.Sum(static run => run.SegmentsRecycled)} used again");
        Assert.True(runs.Sum(static run => run.SegmentsFilled) >= 2 * Seeds);
        Assert.True(runs.Sum(static run => run.SegmentsRecycled) >= Seeds / 4);

        Scenario Create()
        {
            runs.Add(new LedgerScenario());
            return runs[^1];
        }
    }

    [Theory]
    [InlineData(nameof(LogMistakes.AcknowledgesEarly))]
    [InlineData(nameof(LogMistakes.ForgetsThePreviousBlock))]
    [InlineData(nameof(LogMistakes.TrustsTheCache))]
    [InlineData(nameof(LogMistakes.IgnoresFailedFlushes))]
    public void AMistakeIsCaughtWithinBoundedSeeds(string mistake)
    {
        SweepResult sweep = SeedSweep.Run(BrokenLogScenario.Of("broken-log", Enum.Parse<LogMistakes>(mistake)), 1, ControlSeeds);
        Assert.NotEmpty(sweep.Failures);
        Assert.IsType<SimulationException>(sweep.Failures[0].Exception);
    }

    [Theory]
    [InlineData(nameof(LogMistakes.OmitsImages))]
    [InlineData(nameof(LogMistakes.WritesPagesFirst))]
    [InlineData(nameof(LogMistakes.BeginsCheckpointsLate))]
    [InlineData(nameof(LogMistakes.AcknowledgesEarly))]
    public void AMistakeAboutPagesIsCaughtWithinBoundedSeeds(string mistake)
    {
        SweepResult sweep = SeedSweep.Run(BrokenLedgerScenario.Of("broken-ledger", Enum.Parse<LogMistakes>(mistake)), 1, ControlSeeds);
        Assert.NotEmpty(sweep.Failures);
        output.WriteLine($"{mistake}: seed {sweep.Failures[0].Parameters.Seed}: {sweep.Failures[0].Failure}");
    }

    private static ScenarioInfo Get(string name) =>
        ScenarioCatalog.In(typeof(WalScenario).Assembly).Single(scenario => scenario.Name == name);
}
