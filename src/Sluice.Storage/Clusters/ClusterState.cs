namespace Sluice.Storage;

/// <summary>What a data directory's control file says the server was doing last; in the numbering of PostgreSQL.</summary>
public enum ClusterState
{
    /// <summary>Starting.</summary>
    Starting = 0,

    /// <summary>Shut down cleanly.</summary>
    ShutDown = 1,

    /// <summary>A standby, shut down cleanly.</summary>
    ShutDownInRecovery = 2,

    /// <summary>Shutting down.</summary>
    ShuttingDown = 3,

    /// <summary>Recovering from a crash.</summary>
    InCrashRecovery = 4,

    /// <summary>Recovering from an archive, or a standby that runs.</summary>
    InArchiveRecovery = 5,

    /// <summary>Running; or crashed while it was.</summary>
    InProduction = 6,
}
