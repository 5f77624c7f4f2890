using Sluice.Simulation;
using Sluice.Tests.Shared;
using Sluice.Tool.Simulate;
using Sluice.Tool.Tests.Support;

namespace Sluice.Tool.Tests;

/// <summary><c>sluice simulate</c>, and the tool's own copy on a disk that loses power.</summary>
public sealed class SimulateCommandTests : IDisposable
{
    private readonly string _store = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N}.seeds");

    private const int FreshSeeds = 300;

    [Fact]
    public void WithoutAScenarioTheyAreListed()
    {
        string output = ToolRun.Of("simulate").Succeeds().Output;
        foreach (ScenarioInfo scenario in SimulateText.Scenarios) Assert.Contains(scenario.Name, output, StringComparison.Ordinal);
    }

    [Fact]
    public void OneSeedSaysItsTraceAndTwoRunsSayTheSame()
    {
        string first = ToolRun.Of("simulate", "append-log", "--seed", "7").Succeeds().Output;
        Assert.Contains("seed 7", first, StringComparison.Ordinal);
        Assert.Contains("trace ", first, StringComparison.Ordinal);
        Assert.Equal(first, ToolRun.Of("simulate", "append-log", "--seed", "7").Succeeds().Output);
    }

    [Fact]
    public void AFreshSeedIsPrinted() => Assert.Matches("seed [0-9]{10,}", ToolRun.Of("simulate", "atomic-file").Succeeds().Output);

    [Fact]
    public void ManySeedsAreSummedUp() =>
        Assert.Contains(
            "seeds 1 to 20",
            ToolRun.Of("simulate", "atomic-file", "--seed", "1", "--seeds", "20", "--without", "1,2").Succeeds().Output,
            StringComparison.Ordinal);

    [Fact]
    public void AllScenariosAreRunByOneWord()
    {
        string output = ToolRun.Of("simulate", "all", "--seed", "1", "--seeds", "5").Succeeds().Output;
        foreach (ScenarioInfo scenario in SimulateText.Scenarios)
        {
            Assert.Contains($"{scenario.Name}: seeds 1 to 5", output, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void ATraceIsWritten()
    {
        string path = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N}.trace");
        try
        {
            ToolRun.Of("simulate", "append-log", "--seed", "3", "--trace", path).Succeeds();
            Assert.Contains("fdatasync /log/records", File.ReadAllText(path), StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Theory]
    [InlineData("There is no scenario 'nope'; there are: append-log, atomic-file, bulk-write,", "simulate", "nope")]
    [InlineData("There is no assembly 'none.dll'", "simulate", "--assembly", "none.dll")]
    [InlineData("--seeds is '0'", "simulate", "append-log", "--seeds", "0")]
    [InlineData("--operations is 0", "simulate", "append-log", "--operations", "0")]
    [InlineData("--without is 'a'", "simulate", "append-log", "--without", "a")]
    [InlineData("leave out --seeds", "simulate", "append-log", "--seeds", "2", "--trace", "x")]
    [InlineData("name it instead of all", "simulate", "all", "--trace", "x")]
    [InlineData("sluice simulate --benchmark", "bench", "randread", "--method", "simulated")]
    [InlineData("empty at first", "copy", "a", "b", "--method", "simulated")]
    public void AMistakeIsOneLine(string text, params string[] command) => ToolRun.Of(command).HasOneLine(2, text);

    [Fact]
    public void TheStoredSeedsHold()
    {
        string output = ToolRun.Of(
            "simulate", "--replay", Repository.PathOf("tests", "Sluice.Simulation.Tests", "seeds.txt")).Succeeds().Output;
        Assert.Matches("poisoned-file: seed 10, (.|\\n)* stored seeds hold", output);
    }

    [Fact]
    public void AStoredSeedThatFailsIsToldWithItsCommand()
    {
        string path = typeof(GreetingScenario).Assembly.Location;
        File.WriteAllText(_store, "# as it was\ngreeting 5 10 1\ngreeting 7 666 1 2,3\n");
        ToolRun run = ToolRun.Of("simulate", "--replay", _store, "--assembly", path);
        Assert.Equal((1, "sluice: greeting 7 666 1 2,3: It is broken."), (run.ExitCode, run.Error.TrimEnd()));
        Assert.Contains(
            $"repeat: sluice simulate greeting --seed 7 --operations 666 --crashes 1 --without 2,3 --assembly {path}",
            run.Output,
            StringComparison.Ordinal);
        File.WriteAllText(_store, "greeting five");
        ToolRun.Of("simulate", "--replay", _store).HasOneLine(2, _store);
        ToolRun.Of("simulate", "greeting", "--replay", _store).HasOneLine(2, "leave out the scenario");
    }

    [Fact]
    public void TheBenchmarkMeasuresOperationsAndSeeds()
    {
        string output = ToolRun.Of("simulate", "--benchmark", "--operations", "20000", "--seeds", "10").Succeeds().Output;
        Assert.Matches("reads: 8 KiB, 32 in flight, no faults, one loop +[0-9,]+ operations/s", output);
        Assert.Matches("10 seeds of append-log: [0-9]+ operations, 3 crashes each; [0-9]+ cores +[0-9.]+ s", output);
    }

    [Fact]
    public void TheScenariosOfAnotherAssemblyAreListedAndRun()
    {
        string path = typeof(GreetingScenario).Assembly.Location;
        Assert.Matches("append-log(.|\n)*greeting +says what was said", ToolRun.Of("simulate", "--assembly", path).Succeeds().Output);
        Assert.Contains(
            "greeting: seed 5, ",
            ToolRun.Of("simulate", "greeting", "--assembly", path, "--seed", "5").Succeeds().Output,
            StringComparison.Ordinal);
        Assert.Contains(
            " create /0 = 0",
            ToolRun.Of("simulate", "greeting", "--assembly", path, "--seed", "5", "--trace", "-").Succeeds().Output,
            StringComparison.Ordinal);
        ToolRun broken = ToolRun.Of("simulate", "greeting", "--assembly", path, "--seed", "5", "--operations", "666", "--store", _store);
        Assert.Equal((1, "sluice: greeting, seed 5: It is broken."), (broken.ExitCode, broken.Error.TrimEnd()));
        Assert.Contains(
            $"repeat: sluice simulate greeting --seed 5 --operations 666 --crashes 3 --assembly {path}",
            broken.Output,
            StringComparison.Ordinal);
        Assert.Contains("shrunk: ", broken.Output, StringComparison.Ordinal);
        Assert.Equal(["# It is broken.", "greeting 5 666 0"], File.ReadAllLines(_store));
    }

    [Fact]
    public void ACopyThatIsKilledAnywhereLeavesTheOldTargetOrAWholeCopy()
    {
        ScenarioInfo scenario = ScenarioCatalog.Get("copy", SimulateText.Scenarios);
        ulong first = (ulong)DateTime.UtcNow.Ticks;
        Console.WriteLine($"copy: seeds {first} to {first + FreshSeeds - 1}");
        SweepResult sweep = SeedSweep.Run(scenario, first, FreshSeeds);
        Assert.Empty(sweep.Failures.Select(static failure => failure.Report));
        Assert.True(sweep.Crashes > FreshSeeds);
        SimulationResult again = Simulator.Run(scenario, scenario.ParametersFor(first));
        Assert.Equal(again.TraceHash, Simulator.Run(scenario, scenario.ParametersFor(first)).TraceHash);
    }

    [Fact]
    public void ACopyWithoutFsyncIsCaught()
    {
        ScenarioInfo scenario = new("copy-without-fsync", "broken", static () => new CopyScenario(isDurable: false)) { Operations = 150 };
        SweepResult sweep = SeedSweep.Run(scenario, 1, 100);
        Assert.IsType<SimulationException>(Assert.Single(sweep.Failures.Take(1)).Exception);
    }

    public void Dispose() => File.Delete(_store);

    [Scenario("greeting", "says what was said")]
    private sealed class GreetingScenario : Scenario
    {
        public override async Task WorkAsync(SimulationRun run)
        {
            run.Expect(run.Operations != 666, "It is broken.");
            await using AioFile file = await AioFile.CreateDurableAsync(run.System, $"/{run.Round}");
            while (run.HasMoreWork) await file.WriteAsync("hello"u8.ToArray(), 0);
        }

        public override Task CheckAsync(SimulationRun run) => Task.CompletedTask;
    }
}
