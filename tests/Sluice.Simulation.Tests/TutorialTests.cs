namespace Sluice.Simulation.Tests;

/// <summary>The tutorial of docs/mechanisms/simulation.md holds.</summary>
public sealed class TutorialTests
{
    [Fact]
    public void TheCounterOfTheTutorialPasses()
    {
        ScenarioInfo counter = new("counter", "what was counted stays counted", static () => new CounterScenario(flushes: true));
        SweepResult sweep = SeedSweep.Run(counter, firstSeed: 1, count: 300);
        if (sweep.Failures.Count != 0) Assert.Fail(Shrinker.Shrink(counter, sweep.Failures[0]).Report);
    }

    [Fact]
    public void WithoutItsFlushTheFirstSeedsFail()
    {
        ScenarioInfo counter = new("counter", "broken", static () => new CounterScenario(flushes: false));
        Assert.NotEmpty(SeedSweep.Run(counter, firstSeed: 1, count: 10).Failures);
    }

    internal sealed class CounterScenario(bool flushes) : Scenario
    {
        private long _submitted;
        private long _acknowledged;
        private AioFile _file = null!;

        public override FaultPlan PlanFaults(SimulatedRandom random) =>
            FaultPlan.None.With(FaultKind.ShortWrite, 0.1).With(FaultKind.Reorder, 0.3);

        public override async Task SetUpAsync(SimulationRun run)
        {
            // The file, its name and its content are durable before the first crash.
            await using AioFile file = await AioFile.CreateDurableAsync(run.System, "/counter");
            await file.WriteAsync(new byte[8], 0, AioDurability.FlushAfter);
        }

        public override async Task CheckAsync(SimulationRun run)
        {
            // A new process after a crash: recover, then look.
            _file = await AioFile.OpenAsync(run.System, "/counter", new IoOpenOptions { Access = IoAccess.ReadWrite });
            byte[] content = new byte[8];
            await _file.ReadAsync(content, 0);
            long found = BitConverter.ToInt64(content);
            run.Expect(found >= _acknowledged, $"{_acknowledged} was acknowledged and {found} is there.");
            run.Expect(found <= _submitted, $"{found} was never written.");
        }

        public override async Task WorkAsync(SimulationRun run)
        {
            while (run.HasMoreWork)
            {
                await _file.WriteAsync(BitConverter.GetBytes(++_submitted), 0);
                if (flushes) await _file.FlushAsync();
                _acknowledged = _submitted;
            }
        }
    }
}
