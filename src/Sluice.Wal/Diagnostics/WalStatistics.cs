namespace Sluice.Wal;

/// <summary>What a log has done since it was opened: what PostgreSQL's pg_stat_wal tells, and more.</summary>
public sealed record WalStatistics
{
    /// <summary>Records added.</summary>
    public required long Records { get; init; }

    /// <summary>Bytes of the stream they took, headers of records and filling among them.</summary>
    public required long RecordBytes { get; init; }

    /// <summary>Bytes of filling behind commits that were given a block of their own.</summary>
    public required long PaddingBytes { get; init; }

    /// <summary>Images of pages in records of a <see cref="PageLog"/>: of pages that had no record yet since a checkpoint began.</summary>
    public required long PageImages { get; init; }

    /// <summary>Bytes of those images, without the holes that are left out.</summary>
    public required long PageImageBytes { get; init; }

    /// <summary>Writes started.</summary>
    public required long Writes { get; init; }

    /// <summary>Bytes they wrote; more than were added, because a last block is written again with the next commit.</summary>
    public required long BytesWritten { get; init; }

    /// <summary>Writes that ended early and were started again for the rest.</summary>
    public required long ShortWrites { get; init; }

    /// <summary>Time in writes, from start to completion; several at once count several times.</summary>
    public required TimeSpan WriteTime { get; init; }

    /// <summary>Those of <see cref="Writes"/> that are durable by themselves, and need no flush.</summary>
    public required long DurableWrites { get; init; }

    /// <summary>Flushes started; writes that are durable by themselves are not among them.</summary>
    public required long Flushes { get; init; }

    /// <summary>Time in flushes.</summary>
    public required TimeSpan FlushTime { get; init; }

    /// <summary>How often something was made durable, in whatever form: flushes, and writes that are durable by themselves.</summary>
    public long Syncs => Flushes + DurableWrites;

    /// <summary>Commits that waited, blocking or awaiting, and were told. Over <see cref="Syncs"/>: how many share one.</summary>
    public required long CommitsWoken { get; init; }

    /// <summary>How often a record waited for room in the ring.</summary>
    public required long BufferFullWaits { get; init; }

    /// <summary>How often a record waited for a segment.</summary>
    public required long SegmentStalls { get; init; }

    /// <summary>Time of those waits, also of those that ended with an error.</summary>
    public required TimeSpan SegmentStallTime { get; init; }

    /// <summary>Segments made anew.</summary>
    public required long SegmentsCreated { get; init; }

    /// <summary>Segments used again.</summary>
    public required long SegmentsRecycled { get; init; }

    /// <summary>Segments removed.</summary>
    public required long SegmentsRemoved { get; init; }
}
