namespace Sluice;

/// <summary>What a write promises when it completes. Which form is fastest differs between drives: the durability probe measures.</summary>
public enum AioDurability : byte
{
    /// <summary>Nothing: the data may be lost until a later flush.</summary>
    None,

    /// <summary>The write is durable when it completes (RWF_DSYNC).</summary>
    WriteThrough,

    /// <summary>The write is followed by an fdatasync of the file, as one submission with one completion.</summary>
    FlushAfter,
}
