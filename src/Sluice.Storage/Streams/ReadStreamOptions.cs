namespace Sluice.Storage;

/// <summary>How a read stream reads.</summary>
public sealed record ReadStreamOptions
{
    /// <summary>The greatest number of reads in progress that may be asked for.</summary>
    public const int IosLimit = 1000;

    /// <summary>
    /// How many reads may be in progress; 0 means one at a time, done synchronously. PostgreSQL's effective_io_concurrency. 16 unless said
    /// otherwise.
    /// </summary>
    public int IosMax { get; init; } = 16;

    /// <summary>How many blocks one read may have, 1 to <see cref="StorageLimits.CombineBlocksMax"/>; 16 unless said otherwise: 128
    /// KiB.</summary>
    public int CombineBlocksMax { get; init; } = 16;

    /// <summary>How many buffers may be pinned; 0 for what the other two need: (reads + 1) x blocks. The pool's share for a session bounds
    /// it.</summary>
    public int PinnedMax { get; init; }

    /// <summary>Whether everything will be read: then the stream begins with a whole read instead of one block.</summary>
    public bool IsFull { get; init; }

    /// <summary>Whether reads are staged together and submitted once per look-ahead. The block source must not block then.</summary>
    public bool UsesBatches { get; init; } = true;

    /// <summary>How many bytes the block source says about each block; 0 for none.</summary>
    public int DataBytes { get; init; }

    /// <summary>What is done about bad pages.</summary>
    public ReadFlags Flags { get; init; }

    /// <summary>The ring that buffers come from; null for the whole pool.</summary>
    public AccessRing? Ring { get; init; }

    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfNegative(IosMax);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(IosMax, IosLimit);
        ArgumentOutOfRangeException.ThrowIfLessThan(CombineBlocksMax, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(CombineBlocksMax, StorageLimits.CombineBlocksMax);
        ArgumentOutOfRangeException.ThrowIfNegative(PinnedMax);
        ArgumentOutOfRangeException.ThrowIfNegative(DataBytes);
    }
}
