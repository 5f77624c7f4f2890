namespace Sluice.Methods;

/// <summary>What a raw result alone does not say.</summary>
public enum IoOutcomeDetail : byte
{
    /// <summary>The raw result says it all.</summary>
    None,

    /// <summary>The write was done and the flush that belongs to it failed with the given errno.</summary>
    FlushFailed,

    /// <summary>Nobody can know whether it took effect, or still will. The raw result is the errno that comes nearest.</summary>
    Unknown,
}
