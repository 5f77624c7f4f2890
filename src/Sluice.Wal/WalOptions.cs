using System.Numerics;

namespace Sluice.Wal;

/// <summary>How a log is made and written. Sizes are in bytes.</summary>
public sealed record WalOptions
{
    /// <summary>Size of a segment when a log is made; an existing log keeps its own. A power of two from 1 MiB to 1 GiB; 16 MiB unless said otherwise.</summary>
    public int SegmentBytes { get; init; } = 16 << 20;

    /// <summary>Memory between insertion and disk; a power of two from 64 KiB to 1 GiB. 4 MiB unless said otherwise.</summary>
    public int RingBytes { get; init; } = 4 << 20;

    /// <summary>The smallest piece that is written: a power of two from 512 to 8192, and at least what the files ask for. 4096 unless said otherwise.</summary>
    public int BlockBytes { get; init; } = 4096;

    /// <summary>The most bytes of one write. 1 MiB unless said otherwise.</summary>
    public int WriteBytesMax { get; init; } = 1 << 20;

    /// <summary>How much has to be waiting before it is written although nobody asked for a flush. 256 KiB unless said otherwise.</summary>
    public int EagerWriteBytes { get; init; } = 256 << 10;

    /// <summary>The most writes in flight: 1 to 64. 16 unless said otherwise.</summary>
    public int WritesInFlight { get; init; } = 16;

    /// <summary>The most flushes in flight, and writes of commits: 1 to 16. 2 unless said otherwise.</summary>
    public int FlushesInFlight { get; init; } = 2;

    /// <summary>
    /// From how many waiting committers on a block is given up half filled, so that the next commit can be written while it is in flight:
    /// two writes of one block never are. 8 unless said otherwise.
    /// </summary>
    public int SealWaiters { get; init; } = 8;

    /// <summary>How a commit becomes durable. Measured when opened unless said otherwise.</summary>
    public WalSyncForm SyncForm { get; init; }

    /// <summary>Whether segments bypass the system's cache; null for yes where the files can.</summary>
    public bool? Direct { get; init; }

    /// <summary>What new segments are made of. Zeros unless said otherwise.</summary>
    public SegmentFill Fill { get; init; }

    /// <summary>How many segments are ready beyond the one that is inserted to: 1 to 64. 2 unless said otherwise.</summary>
    public int SegmentsAhead { get; init; } = 2;

    /// <summary>
    /// How many old segments are kept for use again at most, beyond those ready. 64 unless said otherwise. How many there are follows the load: as many as
    /// were given up at once lately, by <see cref="WriteAheadLog.ReleaseBeforeAsync"/>.
    /// </summary>
    public int RecycledSegmentsMax { get; init; } = 64;

    /// <summary>How long a record of an asynchronous commit may stay unflushed. 200 ms unless said otherwise.</summary>
    public TimeSpan AsynchronousCommitDelay { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>After how many bytes asynchronous commits are flushed although the time is not up. 1 MiB unless said otherwise.</summary>
    public int AsynchronousCommitBytes { get; init; } = 1 << 20;

    /// <summary>Identity of a log that is made; 0 to choose one by the clock.</summary>
    public ulong SystemId { get; init; }

    /// <summary>Timeline of a log that is made. 1 unless said otherwise.</summary>
    public uint Timeline { get; init; } = 1;

    /// <summary>Whether a log is made where there is none.</summary>
    public bool CreateIfMissing { get; init; } = true;

    /// <summary>How much of the log is read ahead of replay. 16 MiB unless said otherwise.</summary>
    public int ReadAheadBytes { get; init; } = 16 << 20;

    /// <summary>
    /// How many reads of pages are in flight ahead of replay, for each relation, when the log is that of pages (<see cref="PageLog"/>); 0 to read each page
    /// when its record is replayed. PostgreSQL's maintenance_io_concurrency. 32 unless said otherwise.
    /// </summary>
    public int ReplayReads { get; init; } = 32;

    internal LogMistakes Mistakes { get; init; }

    /// <summary>Every mistake in the options, one line each; empty when they are good.</summary>
    public IReadOnlyList<string> Validate()
    {
        List<string> mistakes = [];
        PowerOfTwo(nameof(SegmentBytes), SegmentBytes, WalGeometry.SegmentBytesMinimum, WalGeometry.SegmentBytesMaximum);
        PowerOfTwo(nameof(RingBytes), RingBytes, 64 << 10, 1 << 30);
        PowerOfTwo(nameof(BlockBytes), BlockBytes, 512, WalGeometry.PageBytes);
        Range(nameof(WriteBytesMax), WriteBytesMax, WalGeometry.PageBytes, 1 << 30);
        Range(nameof(EagerWriteBytes), EagerWriteBytes, 1, 1 << 30);
        Range(nameof(WritesInFlight), WritesInFlight, 1, 64);
        Range(nameof(FlushesInFlight), FlushesInFlight, 1, 16);
        Range(nameof(SealWaiters), SealWaiters, 1, int.MaxValue);
        Range(nameof(SegmentsAhead), SegmentsAhead, 1, 64);
        Range(nameof(RecycledSegmentsMax), RecycledSegmentsMax, 0, 1 << 20);
        Range(nameof(AsynchronousCommitBytes), AsynchronousCommitBytes, 1, int.MaxValue);
        Range(nameof(ReplayReads), ReplayReads, 0, ReadStreamOptions.IosLimit);
        Range(nameof(ReadAheadBytes), ReadAheadBytes, WalReader.ChunkBytes, 1 << 30);
        if (AsynchronousCommitDelay <= TimeSpan.Zero) mistakes.Add("AsynchronousCommitDelay is not positive: give a time.");
        if (Timeline == 0) mistakes.Add("Timeline is 0: give a number from 1.");
        return mistakes;

        void Range(string name, int value, int least, int most)
        {
            if (value < least || value > most) mistakes.Add($"{name} is {value}: give a number from {least} to {most}.");
        }

        void PowerOfTwo(string name, int value, int least, int most)
        {
            if (value < least || value > most || !BitOperations.IsPow2(value)) mistakes.Add($"{name} is {value}: give a power of two from {least} to {most}.");
        }
    }
}
