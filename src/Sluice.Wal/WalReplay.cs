namespace Sluice.Wal;

/// <summary>What is done with the records that are found when a log is opened.</summary>
public sealed class WalReplay
{
    /// <summary>Where to begin: the start of a record. None for the beginning of the oldest segment.</summary>
    public LogPosition From { get; init; }

    /// <summary>Called with each record in order, the log's own left out; null to look only for the end.</summary>
    public Func<LogRecord, ValueTask>? Redo { get; init; }

    /// <summary>Told how far replay has come, about once for each MiB; null for nobody.</summary>
    public IProgress<LogPosition>? Progress { get; init; }

    /// <summary>Up to where the log must be whole: what stands there is durable for certain, so an end before it is damage. None for nothing of that kind.</summary>
    internal LogPosition WholeUpTo { get; init; }

    /// <summary>Told what was read and what of it is durable, for pages that have to be written meanwhile.</summary>
    internal RecoveringLog? Recovering { get; init; }
}
