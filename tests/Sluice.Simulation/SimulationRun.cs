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

    /// <summary>The system of the moment; a new one after every crash.</summary>
    public AioSystem System { get; internal set; } = null!;

    /// <summary>The scenario's random numbers.</summary>
    public SimulatedRandom Random { get; }

    /// <summary>How many operations the work of this round shall make, about.</summary>
    public int Operations { get; internal set; }

    /// <summary>How many crashes there were.</summary>
    public int Round { get; internal set; }

    /// <summary>Whether the disk crashed under the system of the moment: its process is dead, and what it still does means nothing.</summary>
    public bool IsDead => Disk.CrashCount != CrashesAtStart;

    internal int CrashesAtStart { get; set; }

    /// <summary>Fails the run when something promised does not hold. A dead process is asked nothing.</summary>
    /// <param name="condition">What must hold.</param>
    /// <param name="message">What is wrong when it does not.</param>
    public void Expect([DoesNotReturnIf(false)] bool condition, string message)
    {
        if (!condition) throw new SimulationException(message);
    }
}
