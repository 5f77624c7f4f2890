namespace Sluice.Simulation.Scenarios;

/// <summary>
/// Flushes that fail often. A file whose flush failed is poisoned: every later operation on it fails, so that nobody retries into a lie;
/// opened anew, with everything written again, nothing acknowledged is lost.
/// </summary>
[Scenario("poisoned-file", "Flushes that fail: the file is poisoned, and nobody retries into a lie")]
public sealed class PoisonedFileScenario : AppendLogScenario
{
    private SimulationRun _run = null!;

    /// <inheritdoc/>
    public override FaultPlan PlanFaults(SimulatedRandom random) =>
        FaultPlan.None.With(FaultKind.FlushFailure, 0.4).With(FaultKind.Reorder, 0.2);

    /// <inheritdoc/>
    public override Task CheckAsync(SimulationRun run)
    {
        _run = run;
        return base.CheckAsync(run);
    }

    /// <inheritdoc/>
    protected override AppendLog CreateLog(AioSystem system, string path) => new SuspiciousLog(this, system, path);

    private async Task ExpectPoisonAsync(AioFile file)
    {
        _run.Expect(file.IsPoisoned, "A flush failed and the file is not poisoned.");
        await ExpectFailureAsync(() => file.FlushAsync(), "flush");
        await ExpectFailureAsync(() => file.WriteAsync(new byte[10], 0), "write");
        await ExpectFailureAsync(async () => await file.ReadAsync(new byte[10], 0), "read");
    }

    private async Task ExpectFailureAsync(Func<ValueTask> operation, string name)
    {
        bool failed = false;
        try
        {
            await operation();
        }
        catch (AioException)
        {
            failed = true;
        }

        _run.Expect(failed, $"A {name} of a poisoned file succeeded.");
    }

    private sealed class SuspiciousLog(PoisonedFileScenario scenario, AioSystem system, string path) : AppendLog(system, path)
    {
        protected override async Task OnFlushFailedAsync()
        {
            await scenario.ExpectPoisonAsync(File);
            await base.OnFlushFailedAsync();
        }
    }
}
