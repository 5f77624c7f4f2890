using System.Diagnostics.Metrics;

namespace Sluice.Wal;

/// <summary>The statistics of all open logs as metrics of the meter <c>Sluice.Wal</c>; read when somebody collects, so a commit pays nothing for them.</summary>
internal static class LogMeter
{
    private static readonly Lock s_lock = new();
    private static readonly List<WriteAheadLog> s_logs = [];
    private static readonly Meter s_meter = Make();

    internal static void Add(WriteAheadLog log)
    {
        _ = s_meter;
        lock (s_lock) s_logs.Add(log);
    }

    internal static void Remove(WriteAheadLog log)
    {
        lock (s_lock) s_logs.Remove(log);
    }

    private static Meter Make()
    {
        Meter meter = new("Sluice.Wal");
        Counter(meter, "sluice.wal.records", "{record}", "Records added", static statistics => statistics.Records);
        Counter(meter, "sluice.wal.record_bytes", "By", "Bytes of records", static statistics => statistics.RecordBytes);
        Counter(meter, "sluice.wal.padding_bytes", "By", "Bytes of filling behind commits", static statistics => statistics.PaddingBytes);
        Counter(meter, "sluice.wal.page_images", "{image}", "Images of pages in records", static statistics => statistics.PageImages);
        Counter(meter, "sluice.wal.page_image_bytes", "By", "Bytes of images of pages", static statistics => statistics.PageImageBytes);
        Counter(meter, "sluice.wal.writes", "{write}", "Writes started", static statistics => statistics.Writes);
        Counter(meter, "sluice.wal.written_bytes", "By", "Bytes written", static statistics => statistics.BytesWritten);
        Counter(meter, "sluice.wal.short_writes", "{write}", "Writes that ended early and were started again", static statistics => statistics.ShortWrites);
        Counter(meter, "sluice.wal.durable_writes", "{write}", "Writes that are durable by themselves", static statistics => statistics.DurableWrites);
        Counter(meter, "sluice.wal.flushes", "{flush}", "Flushes started", static statistics => statistics.Flushes);
        Counter(meter, "sluice.wal.commits", "{commit}", "Commits that waited and were told", static statistics => statistics.CommitsWoken);
        Counter(meter, "sluice.wal.write_time", "ms", "Time in writes", static statistics => (long)statistics.WriteTime.TotalMilliseconds);
        Counter(meter, "sluice.wal.flush_time", "ms", "Time in flushes", static statistics => (long)statistics.FlushTime.TotalMilliseconds);
        Counter(meter, "sluice.wal.buffer_full", "{wait}", "Waits for room in the ring", static statistics => statistics.BufferFullWaits);
        Counter(meter, "sluice.wal.segment_stalls", "{wait}", "Waits for a segment", static statistics => statistics.SegmentStalls);
        Counter(meter, "sluice.wal.segment_stall_time", "ms", "Time in waits for a segment", static statistics => (long)statistics.SegmentStallTime.TotalMilliseconds);
        Counter(meter, "sluice.wal.segments_created", "{segment}", "Segments made anew", static statistics => statistics.SegmentsCreated);
        Counter(meter, "sluice.wal.segments_recycled", "{segment}", "Segments used again", static statistics => statistics.SegmentsRecycled);
        Counter(meter, "sluice.wal.segments_removed", "{segment}", "Segments removed", static statistics => statistics.SegmentsRemoved);
        return meter;
    }

    private static void Counter(Meter meter, string name, string unit, string description, Func<WalStatistics, long> select) =>
        meter.CreateObservableCounter(name, () => Measure(select), unit, description);

    private static List<Measurement<long>> Measure(Func<WalStatistics, long> select)
    {
        lock (s_lock) return [.. s_logs.Select(log => new Measurement<long>(select(log.ReadStatistics()), new KeyValuePair<string, object?>("log", log.Folder)))];
    }
}
