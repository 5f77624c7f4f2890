namespace Sluice.Methods.Simulated;

/// <summary>What happened on a simulated disk.</summary>
public enum TraceOperation : byte
{
    /// <summary>A read ended.</summary>
    Read,

    /// <summary>A write ended.</summary>
    Write,

    /// <summary>An fsync ended.</summary>
    Fsync,

    /// <summary>An fdatasync ended.</summary>
    Fdatasync,

    /// <summary>A write-back hint ended.</summary>
    FlushRange,

    /// <summary>A reservation ended.</summary>
    Allocate,

    /// <summary>A file's length was set.</summary>
    SetLength,

    /// <summary>A file was opened.</summary>
    Open,

    /// <summary>A file was made.</summary>
    Create,

    /// <summary>A file got another name.</summary>
    Rename,

    /// <summary>A name was removed.</summary>
    Remove,

    /// <summary>A folder was made.</summary>
    CreateDirectory,

    /// <summary>A folder was removed.</summary>
    RemoveDirectory,

    /// <summary>A folder was synced.</summary>
    SyncDirectory,

    /// <summary>A fault hit the operation that follows; the result is the number of the rule.</summary>
    Fault,

    /// <summary>The process died: what was written stays.</summary>
    ProcessDeath,

    /// <summary>The power went: what was not durable is in doubt.</summary>
    PowerLoss,
}
