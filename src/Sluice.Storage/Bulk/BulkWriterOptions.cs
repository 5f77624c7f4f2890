namespace Sluice.Storage;

/// <summary>How a bulk writer writes.</summary>
public sealed record BulkWriterOptions
{
    /// <summary>How many pages there are, rented, queued and in flight together: the memory that the writer has. 512, 4 MiB, unless said otherwise.</summary>
    public int PagesMax { get; init; } = 512;

    /// <summary>How many blocks one write may have, 1 to <see cref="StorageLimits.CombineBlocksMax"/>; 32, 256 KiB, unless said otherwise.</summary>
    public int CombineBlocksMax { get; init; } = 32;

    /// <summary>How many writes may be in flight; 16 unless said otherwise.</summary>
    public int WritesMax { get; init; } = 16;

    /// <summary>How it becomes durable.</summary>
    public BulkDurability Durability { get; init; } = BulkDurability.Coordinated;

    /// <summary>Whose checkpoints <see cref="BulkDurability.Coordinated"/> looks at; null when nobody says, and then it syncs at the end.</summary>
    public Checkpointer? Checkpointer { get; init; }

    /// <summary>Whether pages get checksums.</summary>
    public bool Checksums { get; init; } = true;

    /// <summary>What flushes the log up to a page's position before the page is written; null when pages are not logged.</summary>
    public ILogFlusher? LogFlusher { get; init; }

    /// <summary>How many blocks there will be, as far as is known: space is taken in one step then. 0 when nobody knows.</summary>
    public uint ExpectedBlocks { get; init; }

    /// <summary>
    /// Whether space is taken ahead of the writes, in growing steps, and what is too much given back at the end. Writes that make a file longer
    /// take turns in many file systems; writes within it do not.
    /// </summary>
    public bool Preallocates { get; init; } = true;

    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(PagesMax, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(CombineBlocksMax, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(CombineBlocksMax, StorageLimits.CombineBlocksMax);
        ArgumentOutOfRangeException.ThrowIfLessThan(WritesMax, 1);
    }
}
