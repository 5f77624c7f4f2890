namespace Sluice.Wal;

/// <summary>What is counted on the way; under the state lock, except what is counted with interlocked operations.</summary>
internal sealed class LogCounts
{
    internal long Writes;
    internal long BytesWritten;
    internal long ShortWrites;
    internal long WriteTicks;
    internal long DurableWrites;
    internal long Flushes;
    internal long FlushTicks;
    internal long CommitsWoken;

    // Interlocked.
    internal long PageImages;
    internal long PageImageBytes;
    internal long BufferFullWaits;
    internal long SegmentStalls;
    internal long SegmentStallTicks;
}
