using Sluice.Simulation.Tests.Support;

namespace Sluice.Simulation.Tests;

/// <summary>One seed, one run: to the last completion and the last timer.</summary>
public sealed class DeterminismTests
{
    public static TheoryData<string> Scenarios => [.. ScenarioCatalog.All.Select(static scenario => scenario.Name)];

    [Theory]
    [MemberData(nameof(Scenarios))]
    public void TwoRunsOfOneSeedAreOne(string name)
    {
        ScenarioInfo scenario = ScenarioCatalog.Get(name);
        const int Seeds = 20;
        SimulationResult[] first = [.. Enumerable.Range(1, Seeds).Select(seed => Run(seed))];

        // The second beside others: what runs on other threads must not be felt.
        SimulationResult[] second = new SimulationResult[Seeds];
        Parallel.For(0, Seeds, index => second[index] = Run(index + 1));
        for (int index = 0; index < Seeds; index++)
        {
            Assert.Null(first[index].Trace.FindDifference(second[index].Trace));
            Assert.Equal(first[index].TraceHash, second[index].TraceHash);
        }

        SimulationResult Run(int seed) => Simulator.Run(scenario, scenario.ParametersFor((ulong)seed), keepsTrace: true);
    }

    [Fact]
    public void AThousandSeedsAreAThousandRuns()
    {
        SweepResult sweep = SeedSweep.Run(ScenarioCatalog.Get("append-log"), 1_000_000, 1000);
        Assert.Empty(sweep.Failures.Select(static failure => failure.Report));
        Assert.True(sweep.DistinctTraces > 990, $"{sweep.DistinctTraces} different traces of 1000 seeds");
    }

    [Fact]
    public void TimersAreEventsOfTheSimulation()
    {
        SimulatedDisk disk = new();
        List<string> order = [];
        Started.Loop(disk, async system =>
        {
            // Nothing is in flight: the loop has to wait where the time is moved.
            await Task.Delay(TimeSpan.FromHours(10), disk.Time);
            Assert.Equal(TimeSpan.FromHours(10), disk.Time.Now);
            await using AioFile file = await Started.CreateAsync(system, "/file");
            Task late = Note(Task.Delay(TimeSpan.FromMilliseconds(100), disk.Time), "late");
            Task write = Note(file.WriteAsync(new byte[100], 0).AsTask(), "write");
            Task early = Note(Task.Delay(TimeSpan.FromMicroseconds(1), disk.Time), "early");
            await Task.WhenAll(late, write, early);
        });
        Assert.Equal(["early", "write", "late"], order);

        async Task Note(Task task, string name)
        {
            await task;
            order.Add(name);
        }
    }

    [Fact]
    public void ARestTakesItsTimeToTheNanosecondAndEndsOnTheLoop()
    {
        SimulatedDisk disk = new();
        Started.Loop(disk, async _ =>
        {
            TimeSpan began = disk.Time.Now;
            await disk.Time.DelayAsync(TimeSpan.FromMicroseconds(7));
            Assert.Equal(TimeSpan.FromMicroseconds(7), disk.Time.Now - began);
            Assert.NotNull(AioLoop.Current);
            await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => disk.Time.DelayAsync(TimeSpan.Zero));
        });
    }

    [Fact]
    public void ClosingAFileUnderAnIoComesBackInTheLoopsOrder()
    {
        HashSet<TimeSpan> moments = [];
        for (int run = 0; run < 20; run++)
        {
            SimulatedDisk disk = new();
            Started.Loop(disk, async system =>
            {
                // While this ticks, the time moves whenever the loop has nothing to run: a hop through another thread would be seen.
                using ITimer ticks = disk.Time.CreateTimer(
                    static _ => { }, null, TimeSpan.FromMicroseconds(1), TimeSpan.FromMicroseconds(1));
                AioFile file = await Started.CreateAsync(system, "/file");
                Task write = file.WriteAsync(new byte[100], 0).AsTask();
                await file.DisposeAsync();
                moments.Add(disk.Time.Now);
                await write;
            });
        }

        Assert.Single(moments);
    }

    [Fact]
    public void CodeThatWaitsForWhatNeverComesIsFound()
    {
        ScenarioInfo scenario = new("stands-still", "broken", static () => new StandingStill());
        SimulationResult result = Simulator.Run(scenario, scenario.ParametersFor(1) with { StallTimeout = TimeSpan.FromMilliseconds(50) });
        Assert.Contains("never comes", result.Failure, StringComparison.Ordinal);
    }

    [Fact]
    public void NothingIsAllocatedPerOperation()
    {
        (_, _, double reads) = SpeedBenchmark.Measure(400_000, writeShare: 0);
        (_, _, double mixed) = SpeedBenchmark.Measure(400_000, writeShare: 0.3);

        // The tasks of the flows themselves.
        Assert.True(reads < 1 && mixed < 1, $"{reads} and {mixed} bytes per operation");
    }

    [Fact]
    public void ATimeoutOfAWaitIsInVirtualTime()
    {
        SimulatedDisk disk = new(new SimulatedDiskOptions
        {
            Faults = FaultPlan.None.With(
                new FaultRule(FaultKind.Stall, 1) { LatencyMaximum = TimeSpan.FromDays(1), Operation = IoOperation.Fdatasync }),
        });
        Started.Loop(disk, async system =>
        {
            AioContext context = AioLoop.Current!.Context;
            await using AioFile file = await Started.CreateAsync(system, "/file");
            AioHandle handle = context.Acquire();
            WaitReference reference = handle.Reference;
            handle.StartFdatasync(file.File);
            await Assert.ThrowsAsync<TimeoutException>(async () => await context.WaitAsync(reference, TimeSpan.FromHours(1)));
            Assert.Equal(TimeSpan.FromHours(1), disk.Time.Now);
            await context.WaitAsync(reference);
            Assert.True(disk.Time.Now >= TimeSpan.FromDays(1));
        });
    }

    [Fact]
    public async Task FreeThreadsMoveTheTimeByWaiting()
    {
        SimulatedDisk disk = new();
        await using AioSystem system = Started.On(disk);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(number => Task.Run(async () =>
        {
            await using AioFile file = await Started.CreateAsync(system, $"/file{number}");
            byte[] content = Started.Bytes((ulong)number, 3000);
            byte[] back = new byte[3000];
            for (int round = 0; round < 200; round++)
            {
                await file.WriteAsync(content, round * 1000);
                await file.ReadAsync(back, round * 1000);
                Assert.Equal(content, back);
            }

            await file.FlushAsync();
        }))).WaitAsync(TimeSpan.FromSeconds(120));
        Assert.True(disk.Time.Now > TimeSpan.FromMilliseconds(1));
    }

    [Fact]
    public void ATraceCanBeSavedAndShown()
    {
        ScenarioInfo scenario = ScenarioCatalog.Get("append-log");
        SimulationResult result = Simulator.Run(scenario, scenario.ParametersFor(1), keepsTrace: true);
        string path = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N}.trace");
        try
        {
            result.Trace.Save(path);
            string[] lines = File.ReadAllLines(path);
            Assert.Equal(result.Trace.Count + 1, lines.Length);
            Assert.Contains(lines, static line => line.Contains("powerloss", StringComparison.Ordinal) || line.Contains(
                "processdeath", StringComparison.Ordinal));
            Assert.Contains(
                result.TraceHash.ToString("x16", System.Globalization.CultureInfo.InvariantCulture), lines[^1], StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(path);
        }

        SimulationResult other = Simulator.Run(scenario, scenario.ParametersFor(2), keepsTrace: true);
        Assert.NotNull(result.Trace.FindDifference(other.Trace));
    }

    private sealed class StandingStill : Scenario
    {
        public override Task CheckAsync(SimulationRun run) => Task.CompletedTask;

        public override Task WorkAsync(SimulationRun run) => new TaskCompletionSource().Task;
    }
}
