namespace Sluice.Storage;

/// <summary>What kind of checkpoint.</summary>
[Flags]
public enum CheckpointFlags
{
    /// <summary>At full speed, of everything that survives a crash.</summary>
    None = 0,

    /// <summary>Spread over its share of the time between checkpoints, unless the log grows faster.</summary>
    Paced = 1,

    /// <summary>Also what does not survive a crash (unlogged relations): before the process ends.</summary>
    IncludeUnlogged = 2,
}
