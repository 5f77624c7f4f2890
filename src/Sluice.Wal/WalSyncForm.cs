namespace Sluice.Wal;

/// <summary>How a commit becomes durable. All forms promise the same; which is fastest differs between drives by more than ten times.</summary>
public enum WalSyncForm
{
    /// <summary>The fastest that a <see cref="DurabilityProbe"/> of the folder finds when the log is opened.</summary>
    Auto,

    /// <summary>Segments are opened for it (O_DSYNC): each write is durable when it completes. PostgreSQL's open_datasync.</summary>
    OpenDatasync,

    /// <summary>Each write of a commit asks for it (RWF_DSYNC); writes ahead of commits do not.</summary>
    WriteDatasync,

    /// <summary>Each write of a commit is linked to an fdatasync, one submission.</summary>
    LinkedFdatasync,

    /// <summary>Writes, then one fdatasync for all that have completed.</summary>
    Fdatasync,

    /// <summary>Writes, then one fsync for all that have completed.</summary>
    Fsync,

    /// <summary>Segments are opened for it (O_SYNC): as <see cref="OpenDatasync"/>, with all metadata. PostgreSQL's open_sync.</summary>
    OpenSync,
}
