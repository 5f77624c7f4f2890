namespace Sluice.Storage;

/// <summary>How what a bulk writer wrote becomes durable.</summary>
public enum BulkDurability
{
    /// <summary>
    /// With the next checkpoint, as everything else: the files are registered, unless a checkpoint has started since the writer began. That
    /// one may have passed over what was written before; then it is synced at the end. For what the log can make again.
    /// </summary>
    Coordinated,

    /// <summary>At the end, whatever checkpoints do: when <see cref="BulkWriter.CompleteAsync"/> returns it is durable.</summary>
    Immediate,

    /// <summary>With the next checkpoint, whatever happened before: for what nobody needs after a crash.</summary>
    AtCheckpoint,

    /// <summary>Never: for temporary relations, and for what is made again when it is lost.</summary>
    Never,
}
