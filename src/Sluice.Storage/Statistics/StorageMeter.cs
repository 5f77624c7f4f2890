using System.Diagnostics.Metrics;

namespace Sluice.Storage;

/// <summary>The pool's numbers for whoever listens to System.Diagnostics.Metrics. Counted when they are asked for.</summary>
internal sealed class StorageMeter : IDisposable
{
    private static readonly (string Name, IoAction Action, string Text)[] s_actions =
    [
        ("hits", IoAction.Hit, "Pages that were wanted and in memory"),
        ("reads", IoAction.Read, "Reads of blocks"),
        ("writes", IoAction.Write, "Writes of blocks"),
        ("extends", IoAction.Extend, "Extensions of relations"),
        ("evictions", IoAction.Evict, "Pages forgotten to make room"),
        ("reuses", IoAction.Reuse, "Buffers used again by a ring"),
        ("write_backs", IoAction.WriteBack, "Requests to begin writing back"),
        ("syncs", IoAction.Sync, "Files synced"),
    ];

    private readonly Meter _meter = new("Sluice.Storage");
    private readonly BufferPool _pool;

    internal StorageMeter(BufferPool pool)
    {
        _pool = pool;
        foreach ((string name, IoAction action, string text) in s_actions)
        {
            _meter.CreateObservableCounter($"sluice.storage.{name}", () => ByContext(action, static row => row.Count), "{operation}", text);
        }

        _meter.CreateObservableCounter("sluice.storage.read.bytes", () => ByContext(IoAction.Read, static row => row.Bytes), "By", "Bytes read");
        _meter.CreateObservableCounter("sluice.storage.write.bytes", () => ByContext(IoAction.Write, static row => row.Bytes), "By", "Bytes written");
        _meter.CreateObservableUpDownCounter("sluice.storage.buffers", Buffers, "{buffer}", "Buffers by what they are");
        _meter.CreateObservableCounter("sluice.storage.checksum_failures", Failures, "{page}", "Pages whose checksum was wrong, by database");
    }

    public void Dispose() => _meter.Dispose();

    private List<Measurement<long>> ByContext(IoAction action, Func<IoStatisticsRow, long> select)
    {
        IoStatistics statistics = _pool.ReadStatistics();
        List<Measurement<long>> measurements = [];
        foreach (IoObject kind in Enum.GetValues<IoObject>())
        {
            foreach (IoContext context in Enum.GetValues<IoContext>())
            {
                measurements.Add(new Measurement<long>(select(statistics[kind, context, action]), Tag("object", NameOf(kind)), Tag("context", NameOf(context))));
            }
        }

        return measurements;
    }

    private List<Measurement<long>> Buffers()
    {
        BufferSummary summary = _pool.Summarize();
        return
        [
            new Measurement<long>(summary.Used, Tag("state", "used")),
            new Measurement<long>(summary.Unused, Tag("state", "unused")),
            new Measurement<long>(summary.Dirty, Tag("state", "dirty")),
            new Measurement<long>(summary.Pinned, Tag("state", "pinned")),
        ];
    }

    private List<Measurement<long>> Failures() =>
        [.. _pool.ReadChecksumFailures().Select(static row => new Measurement<long>(row.Count, Tag("database", row.DatabaseOid)))];

    private static KeyValuePair<string, object?> Tag(string key, object value) => new(key, value);

    private static string NameOf(IoObject kind) => kind switch
    {
        IoObject.Relation => "relation",
        IoObject.TemporaryRelation => "temporary_relation",
        _ => "log",
    };

    private static string NameOf(IoContext context) => context switch
    {
        IoContext.Normal => "normal",
        IoContext.Vacuum => "vacuum",
        IoContext.BulkRead => "bulkread",
        _ => "bulkwrite",
    };
}
