namespace Sluice.Methods.Simulated;

/// <summary>How a simulated disk is made.</summary>
public sealed record SimulatedDiskOptions
{
    /// <summary>The seed that decides everything.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>The unit that is old or new after a loss of power: 512 or 4096 bytes.</summary>
    public int SectorBytes { get; init; } = 4096;

    /// <summary>How much fits. Pages of 4096 bytes are counted.</summary>
    public long CapacityBytes { get; init; } = long.MaxValue;

    /// <summary>What goes wrong.</summary>
    public FaultPlan Faults { get; init; } = FaultPlan.None;

    /// <summary>How long operations take.</summary>
    public DiskLatency Latency { get; init; } = new();

    /// <summary>Whether the records of the trace are kept, not only hashed.</summary>
    public bool KeepsTrace { get; init; }

    /// <summary>
    /// Whether making a file makes the folders it stands in. For disks that begin empty under programs that do not know it.
    /// </summary>
    public bool CreatesFolders { get; init; }

    /// <summary>
    /// How long, in real time, a thread may wait without end while nothing can ever happen: nothing is in flight and no timer is set. After
    /// that <see cref="SimulatedDisk.Stalled"/> is raised. Null for never, because other threads may still do something.
    /// </summary>
    public TimeSpan? StallTimeout { get; init; }

    /// <summary>The time that the disk lives in; null for one of its own. Disks of one time share one queue of events.</summary>
    public SimulatedTime? Time { get; init; }
}
