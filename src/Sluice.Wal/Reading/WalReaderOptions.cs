namespace Sluice.Wal;

/// <summary>How a log is read.</summary>
public sealed record WalReaderOptions
{
    /// <summary>Where to begin: the start of a record. None for the beginning of the oldest segment.</summary>
    public LogPosition From { get; init; }

    /// <summary>How much is read ahead, in bytes. 16 MiB unless said otherwise.</summary>
    public int ReadAheadBytes { get; init; } = 16 << 20;

    /// <summary>Whether the system's cache is bypassed; where files cannot, it is not.</summary>
    public bool Direct { get; init; } = true;

    /// <summary>Whether records that the log wrote for itself are shown.</summary>
    public bool IncludesInternal { get; init; }

    internal LogMistakes Mistakes { get; init; }
}
