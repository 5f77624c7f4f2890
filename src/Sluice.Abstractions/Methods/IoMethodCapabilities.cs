namespace Sluice.Methods;

/// <summary>What an io_method can do; constant for the life of the method.</summary>
public sealed record IoMethodCapabilities
{
    /// <summary>
    /// Whether completions come only while somebody calls <see cref="IoMethodContext.Wait"/> or
    /// <see cref="IoMethodContext.Reap"/> (a ring), rather than by themselves (threads).
    /// </summary>
    public required bool IsDriven { get; init; }

    /// <summary>Whether every request is executed on the issuing thread.</summary>
    public bool IsSynchronous { get; init; }

    /// <summary>Whether requests on files of the operating system (<see cref="OsFile"/>) can be done.</summary>
    public bool HandlesOsFiles { get; init; } = true;

    /// <summary>
    /// Driven methods only. Whether the clock moves only while somebody waits in the method (a simulation): a loop that has nothing in
    /// flight then waits there too, not asleep, so that timers come due.
    /// </summary>
    public bool DrivesTime { get; init; }

    /// <summary>Whether <see cref="IoRequestFlags.FlushAfter"/> is one submission. The runtime makes it of two steps otherwise.</summary>
    public bool LinksFlush { get; init; }

    /// <summary>Whether <see cref="IoMethod.RegisterBuffers"/> can do anything.</summary>
    public bool RegistersBuffers { get; init; }

    /// <summary>
    /// The most requests in flight per context that the method can take; a system with more handles per context is refused.
    /// </summary>
    public int DepthMax { get; init; } = int.MaxValue;
}
