namespace Sluice.Storage;

/// <summary>Which of the pages that are offered for writing are written.</summary>
[Flags]
public enum WriteFlags
{
    /// <summary>Every dirty one.</summary>
    None = 0,

    /// <summary>Only those that the checkpoint marked, and nobody wrote since.</summary>
    OnlyForCheckpoint = 1,

    /// <summary>Only those that nobody pins and that were not used since the clock passed them: the next victims.</summary>
    OnlyUnused = 2,
}
