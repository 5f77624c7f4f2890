namespace Sluice.Simulation;

/// <summary>
/// Runs one seed of a scenario: set-up, then rounds of check, work and crash, then one that ends in good order, and a last check.
/// </summary>
public static class Simulator
{
    private const ulong CrashPlanStream = 60;
    internal const ulong FaultPlanStream = 61;
    private const double CheckCrashShare = 0.2;

    /// <summary>Runs. The calling thread becomes the loop's; any number of runs may go on on other threads.</summary>
    /// <param name="scenario">The scenario.</param>
    /// <param name="parameters">What exactly.</param>
    /// <param name="keepsTrace">Whether the records of the trace are kept.</param>
    public static SimulationResult Run(ScenarioInfo scenario, SimulationParameters parameters, bool keepsTrace = false)
    {
        ArgumentNullException.ThrowIfNull(scenario);
        ArgumentNullException.ThrowIfNull(parameters);
        Scenario subject = scenario.Create();
        SimulationRun run = new(parameters, keepsTrace, subject);
        Exception? failure = null;
        try
        {
            RunRounds(subject, run);
        }
        catch (Exception exception)
        {
            failure = exception;
        }

        Dictionary<FaultKind, long> faults = [];
        foreach (FaultKind kind in Enum.GetValues<FaultKind>())
        {
            if (run.Disk.CountFaults(kind) is var count and > 0) faults[kind] = count;
        }

        string? text = failure is null or SimulationException ? failure?.Message : $"{failure.GetType().Name}: {failure.Message}";
        return new SimulationResult(
            parameters, text, failure, run.Disk.Trace.Hash, run.Disk.OperationCount, run.Disk.CrashCount, faults, run.Disk.Trace);
    }

    private static void RunRounds(Scenario subject, SimulationRun run)
    {
        SimulationParameters parameters = run.Parameters;
        SimulatedRandom crashes = new(parameters.Seed, CrashPlanStream);
        FaultPlan plan = subject.PlanFaults(new SimulatedRandom(parameters.Seed, FaultPlanStream)).Without(parameters.Without);
        WithSystem(subject, run, () => subject.SetUpAsync(run), mayDie: false);
        while (run.Disk.CrashCount < parameters.Crashes)
        {
            run.Round = run.Disk.CrashCount;
            run.Operations = parameters.Operations;
            CrashPlan crash = subject.PlanCrash(run, crashes);
            bool hitsCheck = crashes.Chance(CheckCrashShare);
            int before = run.Disk.CrashCount;
            WithSystem(subject, run, () => RunRoundAsync(subject, run, plan, crash, hitsCheck), mayDie: true);
            run.Disk.SetFaults(FaultPlan.None);
            run.Disk.PlanCrash(null);
            if (run.Disk.CrashCount == before) run.Disk.Crash(crash.Kind);
        }

        run.Round = run.Disk.CrashCount;
        run.Operations = parameters.Operations;
        WithSystem(subject, run, () => FinishAsync(subject, run, plan), mayDie: false);

        // And once more after an end in good order.
        run.Disk.SetFaults(FaultPlan.None);
        WithSystem(subject, run, () => subject.CheckAsync(run), mayDie: false);
    }

    private static async Task RunRoundAsync(Scenario subject, SimulationRun run, FaultPlan plan, CrashPlan crash, bool hitsCheck)
    {
        if (hitsCheck) run.Disk.PlanCrash(crash);
        await subject.CheckAsync(run);
        run.Disk.SetFaults(plan);
        if (!hitsCheck) run.Disk.PlanCrash(crash);
        run.RoundEnd = run.Disk.OperationCount + run.Operations;
        await subject.WorkAsync(run);
    }

    private static async Task FinishAsync(Scenario subject, SimulationRun run, FaultPlan plan)
    {
        await subject.CheckAsync(run);
        run.Disk.SetFaults(plan);
        run.RoundEnd = run.Disk.OperationCount + run.Operations;
        await subject.WorkAsync(run);
    }

    private static void WithSystem(Scenario subject, SimulationRun run, Func<Task> work, bool mayDie)
    {
        bool survived = SimulatedBoot.Run(
            run.Disk,
            boot =>
            {
                run.Boot = boot;
                return work();
            },
            subject.ConfigureSystem);
        if (!survived && !mayDie)
        {
            throw new SimulationException("The disk crashed in the set-up or after the last planned crash: leave crashes to the run.");
        }
    }
}
