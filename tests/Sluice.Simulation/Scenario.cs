namespace Sluice.Simulation;

/// <summary>
/// Storage code and what it promises. One object per run; it lives through all crashes of the run, and keeps what was acknowledged.
/// All members run on one loop in virtual time.
/// </summary>
public abstract class Scenario
{
    /// <summary>The disk: sector size, capacity, latency. Seed and faults are given by the run.</summary>
    /// <param name="random">For choosing.</param>
    public virtual SimulatedDiskOptions DescribeDisk(SimulatedRandom random)
    {
        ArgumentNullException.ThrowIfNull(random);
        return new SimulatedDiskOptions { SectorBytes = random.Chance(0.5) ? 512 : 4096 };
    }

    /// <summary>
    /// The system of each boot: modules with targets and callbacks, more contexts or handles. A small one unless said otherwise.
    /// </summary>
    /// <param name="options">To be changed; the method, its catalog and the clock are given.</param>
    public virtual void ConfigureSystem(AioSystemOptions options)
    {
    }

    /// <summary>What goes wrong while <see cref="WorkAsync"/> runs; nothing unless said otherwise.</summary>
    /// <param name="random">For choosing rates.</param>
    public virtual FaultPlan PlanFaults(SimulatedRandom random) => FaultPlan.None;

    /// <summary>
    /// When the next crash comes, counted from the beginning of the work (or of the check, in some boots). When it has not come by the end
    /// of the work, it meets a program that has ended. Unless said otherwise: at any operation, mostly a loss of power.
    /// </summary>
    /// <param name="run">The run; its system is not there yet.</param>
    /// <param name="random">For choosing.</param>
    public virtual CrashPlan PlanCrash(SimulationRun run, SimulatedRandom random)
    {
        ArgumentNullException.ThrowIfNull(run);
        ArgumentNullException.ThrowIfNull(random);
        CrashKind kind = random.Chance(0.25) ? CrashKind.ProcessDeath : CrashKind.PowerLoss;
        return new CrashPlan(kind) { AtOperation = 1 + random.Next(Math.Max(1, run.Operations)) };
    }

    /// <summary>Makes what is there before the first crash. No faults, no crash; the code makes it durable itself.</summary>
    /// <param name="run">The run.</param>
    public virtual Task SetUpAsync(SimulationRun run) => Task.CompletedTask;

    /// <summary>
    /// The code under test: about as many operations as the run asks for. May be killed anywhere; throws when it is. Injected errors that
    /// it
    /// cannot live with may end it early.
    /// </summary>
    /// <param name="run">The run.</param>
    public abstract Task WorkAsync(SimulationRun run);

    /// <summary>
    /// Recovers and checks what was promised: on a new system after every crash, and at the end after the work has ended in good order. No
    /// faults; a crash may come in the midst, and then it is called again.
    /// </summary>
    /// <param name="run">The run.</param>
    public abstract Task CheckAsync(SimulationRun run);
}
