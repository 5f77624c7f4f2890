using System.Diagnostics.CodeAnalysis;

namespace Sluice.Simulation;

/// <summary>What a scenario works with: the disk, the system of the moment, random numbers of its own, and how much to do.</summary>
public sealed class SimulationRun
{
    private const ulong WorkStream = 50;
    private const ulong SetUpStream = 51;

    internal SimulationRun(SimulationParameters parameters, bool keepsTrace, Scenario scenario)
    {
        Parameters = parameters;
        SimulatedRandom setUp = new(parameters.Seed, SetUpStream);
        Random = new SimulatedRandom(parameters.Seed, WorkStream);
        Disk = new SimulatedDisk(scenario.DescribeDisk(setUp) with
        {
            Seed = parameters.Seed,
            KeepsTrace = keepsTrace,
            Faults = FaultPlan.None,
            StallTimeout = parameters.StallTimeout,
        });
    }

    /// <summary>What is run.</summary>
    public SimulationParameters Parameters { get; }

    /// <summary>The disk; outlives all systems.</summary>
    public SimulatedDisk Disk { get; }

    /// <summary>The process of the moment: the system and what was built on it. A new one after every crash.</summary>
    public SimulatedBoot Boot { get; internal set; } = null!;

    /// <summary>The system of the moment; a new one after every crash.</summary>
    public AioSystem System => Boot.System;

    /// <summary>The clock of everything. Rest by its <see cref="SimulatedTime.DelayAsync"/>.</summary>
    public SimulatedTime Time => Disk.Time;

    /// <summary>The scenario's random numbers.</summary>
    public SimulatedRandom Random { get; }

    /// <summary>How many operations the work of this round shall make, about.</summary>
    public int Operations { get; internal set; }

    /// <summary>
    /// Whether the work of this round shall go on: it has not yet made as many operations as it shall, and nothing has ended it.
    /// </summary>
    public bool HasMoreWork => Disk.OperationCount < RoundEnd && !IsDead && !Boot.Stopping.IsCancellationRequested;

    /// <summary>How many crashes there were.</summary>
    public int Round { get; internal set; }

    /// <summary>
    /// Whether the disk crashed under the system of the moment: its process is dead, and what it still does means nothing.
    /// </summary>
    public bool IsDead => Boot.IsDead;

    /// <summary>The number of the disk's operation at which the work of this round shall end.</summary>
    internal long RoundEnd { get; set; }

    /// <summary>Hands over what lives as long as the process of the moment; see <see cref="SimulatedBoot.Own"/>.</summary>
    /// <typeparam name="T">An <see cref="IAsyncDisposable"/> or an <see cref="IDisposable"/>.</typeparam>
    /// <param name="thing">The thing.</param>
    /// <returns>The thing.</returns>
    public T Own<T>(T thing)
        where T : class => Boot.Own(thing);

    /// <summary>Starts code that runs beside the work until that has ended; see <see cref="SimulatedBoot.Start"/>.</summary>
    /// <param name="flow">The code.</param>
    public void Start(Func<CancellationToken, Task> flow) => Boot.Start(flow);

    /// <summary>
    /// Fails the run when something promised does not hold, also in a process that died: where a dead process gets other answers than a
    /// living one, look at <see cref="IsDead"/> first.
    /// </summary>
    /// <param name="condition">What must hold.</param>
    /// <param name="message">What is wrong when it does not.</param>
    public void Expect([DoesNotReturnIf(false)] bool condition, string message)
    {
        if (!condition) throw new SimulationException(message);
    }
}
