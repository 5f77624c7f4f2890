namespace Sluice.Methods.Simulated;

/// <summary>How a run ends.</summary>
public enum CrashKind
{
    /// <summary>The process dies: everything that was written stays; what was in flight is partly done.</summary>
    ProcessDeath,

    /// <summary>
    /// The power goes: of what was not made durable, each sector is old or new or torn, and names and lengths may be lost.
    /// </summary>
    PowerLoss,
}
