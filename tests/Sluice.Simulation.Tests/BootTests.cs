using Sluice.Simulation.Tests.Support;

namespace Sluice.Simulation.Tests;

/// <summary>Processes on one disk, one after the other, with sub-systems and code in the background.</summary>
public sealed class BootTests
{
    [Fact]
    public void WhatABootOwnsIsDisposedInTheEndTheLastFirst()
    {
        List<string> ended = [];
        bool survived = SimulatedBoot.Run(new SimulatedDisk(), boot =>
        {
            boot.Own(new Thing(() => ended.Add("file")));
            boot.Own(new Thing(() => ended.Add("pool")));
            boot.Start(async stopping =>
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, boot.Disk.Time, stopping).ConfigureAwait(
                    ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
                ended.Add("writer");
            });
            return Task.CompletedTask;
        });
        Assert.True(survived);
        Assert.Equal(["writer", "pool", "file"], ended);
    }

    [Fact]
    public void ADeadProcessIsTakenDownWithoutAWord()
    {
        SimulatedDisk disk = new();
        bool isDisposed = false;
        bool survived = SimulatedBoot.Run(disk, async boot =>
        {
            AioFile file = boot.Own(await Started.CreateAsync(boot.System, "/file"));
            boot.Own(new Thing(() => isDisposed = true));
            boot.Own(new Thing(() => boot.System.FileSystem.SyncDirectory("/")));
            boot.Start(async stopping =>
            {
                while (!stopping.IsCancellationRequested) await file.WriteAsync(new byte[100], 0);
            });
            await Task.Delay(TimeSpan.FromMilliseconds(1), disk.Time);
            disk.Crash(CrashKind.PowerLoss);
            await file.WriteAsync(new byte[100], 0);
        });
        Assert.False(survived);
        Assert.True(isDisposed);
        Assert.True(SimulatedBoot.Run(disk, static boot => Task.CompletedTask));
    }

    [Fact]
    public void WhatDoesNotHoldInADeadProcessIsAFailure()
    {
        SimulatedDisk disk = new();
        Assert.Throws<SimulationException>(() => SimulatedBoot.Run(disk, _ =>
        {
            disk.Crash(CrashKind.ProcessDeath);
            throw new SimulationException("wrong");
        }));
    }

    [Fact]
    public void AFailureInTheBackgroundEndsAndFailsTheRun()
    {
        SimulatedDisk disk = new();
        InvalidOperationException failure = Assert.Throws<InvalidOperationException>(() => SimulatedBoot.Run(disk, async boot =>
        {
            boot.Start(async stopping =>
            {
                await Task.Delay(TimeSpan.FromMilliseconds(1), disk.Time, stopping);
                throw new InvalidOperationException("the writer broke");
            });
            await Task.Delay(TimeSpan.FromHours(1), disk.Time, boot.Stopping);
        }));
        Assert.Equal("the writer broke", failure.Message);
        Assert.InRange(disk.Time.Now, TimeSpan.FromMilliseconds(1), TimeSpan.FromSeconds(2));
    }

    [Fact]
    public void AFlowThatDoesNotStopIsFound()
    {
        SimulatedDisk disk = new(new SimulatedDiskOptions { StallTimeout = TimeSpan.FromMilliseconds(50) });
        SimulationException failure = Assert.Throws<SimulationException>(() => SimulatedBoot.Run(disk, boot =>
        {
            boot.Start(static _ => new TaskCompletionSource().Task);
            return Task.CompletedTask;
        }));
        Assert.Contains("never comes", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void TheSystemOfABootIsTheScenariosToConfigure()
    {
        Configured scenario = new();
        SimulationResult result = Simulator.Run(
            new ScenarioInfo("configured", "uses many handles", () => scenario), new SimulationParameters("configured", 1));
        Assert.False(result.IsFailure, result.Report);
        Assert.Equal(5, scenario.Boots);
    }

    [Fact]
    public void AScenarioMayChooseTheMomentOfItsCrashes()
    {
        ScenarioInfo scenario = new("chooses", "crashes at each sync of a folder", static () => new CrashingAtSync());
        SimulationResult result = Simulator.Run(scenario, scenario.ParametersFor(1), keepsTrace: true);
        Assert.False(result.IsFailure, result.Report);
        Assert.Equal(3, result.Crashes);
        IReadOnlyList<TraceRecord> records = result.Trace.Records;
        int[] crashes = [.. Enumerable.Range(0, records.Count).Where(index => records[index].Operation == TraceOperation.PowerLoss)];
        Assert.All(crashes, index => Assert.True(records[index - 1].Operation is TraceOperation.SyncDirectory or TraceOperation.Create));
    }

    private sealed class CrashingAtSync : Scenario
    {
        public override CrashPlan PlanCrash(SimulationRun run, SimulatedRandom random) =>
            new(CrashKind.PowerLoss) { When = static record => record.Operation == TraceOperation.SyncDirectory };

        public override async Task WorkAsync(SimulationRun run)
        {
            await using AioFile file = await Started.CreateAsync(run.System, $"/{run.Round}");
            run.System.FileSystem.SyncDirectory("/");
            run.Expect(run.Round == 3, "The crash did not come.");
        }

        public override Task CheckAsync(SimulationRun run) => Task.CompletedTask;
    }

    private sealed class Configured : Scenario
    {
        internal int Boots { get; private set; }

        public override void ConfigureSystem(AioSystemOptions options) => options.ContextsMax = 7;

        public override Task WorkAsync(SimulationRun run) => Task.CompletedTask;

        public override Task CheckAsync(SimulationRun run)
        {
            Boots++;

            // One is the loop's, one the system's own.
            for (int index = 0; index < 5; index++) run.Own(run.System.CreateContext());
            return Task.CompletedTask;
        }
    }

    private sealed class Thing(Action onDispose) : IDisposable
    {
        public void Dispose() => onDispose();
    }
}
