namespace Sluice.Storage;

/// <summary>How checkpoints are made.</summary>
public sealed record CheckpointerOptions
{
    /// <summary>How many writes may be in flight; 32 unless said otherwise. The handles of the context bound it.</summary>
    public int WritesMax { get; init; } = 32;

    /// <summary>How many pages one write may have; 0 for what the pool allows.</summary>
    public int CombineBlocksMax { get; init; }

    /// <summary>The time between checkpoints of <see cref="Checkpointer.RunAsync"/>; 5 minutes unless said otherwise.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>The share of the interval, and of the log, that a paced checkpoint takes; 0.9 unless said otherwise.</summary>
    public double CompletionTarget { get; init; } = 0.9;

    /// <summary>How much log may be written between checkpoints, in bytes; 1 GiB unless said otherwise. 0: the log does not
    /// matter.</summary>
    public long LogBytesMax { get; init; } = 1L << 30;

    /// <summary>After how many written blocks the system is asked to write back; 32 unless said otherwise, 0 for never. Off for direct
    /// files.</summary>
    public int WriteBackBlocks { get; init; } = 32;

    /// <summary>The log; none unless said otherwise.</summary>
    public ICheckpointLog Log { get; init; } = NullCheckpointLog.Instance;

    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(WritesMax, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(CombineBlocksMax);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(Interval, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(CompletionTarget);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(CompletionTarget, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(LogBytesMax);
        ArgumentOutOfRangeException.ThrowIfNegative(WriteBackBlocks);
        ArgumentNullException.ThrowIfNull(Log);
    }
}
