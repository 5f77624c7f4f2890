namespace Sluice.Storage;

/// <summary>What is counted.</summary>
public enum IoAction
{
    /// <summary>A page was forgotten so that its buffer could serve another.</summary>
    Evict,

    /// <summary>A ring used a buffer of its own again.</summary>
    Reuse,

    /// <summary>A page was wanted and there.</summary>
    Hit,

    /// <summary>Blocks were read: one per I/O, with the bytes.</summary>
    Read,

    /// <summary>Blocks were written: one per I/O, with the bytes.</summary>
    Write,

    /// <summary>The system was asked to begin writing back.</summary>
    WriteBack,

    /// <summary>A relation was made longer: one per operation, with the bytes.</summary>
    Extend,

    /// <summary>A file was synced.</summary>
    Sync,
}
