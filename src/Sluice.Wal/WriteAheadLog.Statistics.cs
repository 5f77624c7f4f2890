namespace Sluice.Wal;

/// <summary>What the log tells about itself.</summary>
public sealed partial class WriteAheadLog
{
    /// <summary>What the log has done since it was opened. Any thread; takes a short lock.</summary>
    public WalStatistics ReadStatistics()
    {
        lock (_stateLock)
        {
            return new WalStatistics
            {
                Records = Volatile.Read(ref _recordsPublished),
                RecordBytes = Volatile.Read(ref _bytesPublished),
                PaddingBytes = Volatile.Read(ref _paddingBytes),
                PageImages = Interlocked.Read(ref _counts.PageImages),
                PageImageBytes = Interlocked.Read(ref _counts.PageImageBytes),
                Writes = _counts.Writes,
                BytesWritten = _counts.BytesWritten,
                ShortWrites = _counts.ShortWrites,
                WriteTime = ToTime(_counts.WriteTicks),
                DurableWrites = _counts.DurableWrites,
                Flushes = _counts.Flushes,
                FlushTime = ToTime(_counts.FlushTicks),
                CommitsWoken = _counts.CommitsWoken,
                BufferFullWaits = Interlocked.Read(ref _counts.BufferFullWaits),
                SegmentStalls = Interlocked.Read(ref _counts.SegmentStalls),
                SegmentStallTime = ToTime(Interlocked.Read(ref _counts.SegmentStallTicks)),
                SegmentsCreated = _segments.Created,
                SegmentsRecycled = _segments.Recycled,
                SegmentsRemoved = _segments.Removed,
            };
        }
    }

    /// <summary>Counts images of pages that are part of the log now.</summary>
    internal void CountImages(int count, long bytes)
    {
        if (count == 0) return;
        Interlocked.Add(ref _counts.PageImages, count);
        Interlocked.Add(ref _counts.PageImageBytes, bytes);
    }

    /// <summary>Its writes and flushes, as the pool's statistics have them.</summary>
    IReadOnlyList<IoStatisticsRow> ILogIoStatistics.ReadIoStatistics()
    {
        WalStatistics statistics = ReadStatistics();
        return
        [
            new IoStatisticsRow(
                IoObject.Log, IoContext.Normal, IoAction.Write, statistics.Writes, statistics.BytesWritten, statistics.WriteTime),
            new IoStatisticsRow(IoObject.Log, IoContext.Normal, IoAction.Sync, statistics.Flushes, 0, statistics.FlushTime),
        ];
    }

    private TimeSpan ToTime(long ticks) => _system.TimeProvider.GetElapsedTime(0, ticks);
}
