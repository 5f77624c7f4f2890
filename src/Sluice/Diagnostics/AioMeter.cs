using System.Diagnostics.Metrics;
using Sluice.Methods;

namespace Sluice;

/// <summary>
/// The system's statistics as metrics of the meter <c>Sluice</c>; read when somebody collects, so an I/O pays nothing for them. The
/// names are documented in docs/mechanisms/observability.md.
/// </summary>
internal sealed class AioMeter : IDisposable
{
    private static readonly IoOperation[] s_operations =
        [IoOperation.Read, IoOperation.Write, IoOperation.Fsync, IoOperation.Fdatasync, IoOperation.FlushRange, IoOperation.Allocate];

    private readonly Meter _meter = new("Sluice");
    private readonly AioSystem _system;

    internal AioMeter(AioSystem system)
    {
        _system = system;
        _meter.CreateObservableCounter(
            "sluice.io.operations", () => ByOperation(static counts => counts.Operations), "{operation}", "I/Os completed");
        _meter.CreateObservableCounter("sluice.io.bytes", () => ByOperation(static counts => counts.Bytes), "By", "Bytes transferred");
        _meter.CreateObservableCounter(
            "sluice.io.failures", () => ByOperation(static counts => counts.Failures), "{operation}", "I/Os that ended as error");
        _meter.CreateObservableCounter(
            "sluice.target.operations",
            () => ByTarget(static counts => counts.Operations),
            "{operation}",
            "I/Os completed, by kind of target");
        _meter.CreateObservableCounter(
            "sluice.target.bytes", () => ByTarget(static counts => counts.Bytes), "By", "Bytes transferred, by kind of target");
        _meter.CreateObservableUpDownCounter(
            "sluice.io.in_flight",
            () => One(static statistics => statistics.HandlesInFlight),
            "{operation}",
            "I/Os staged or with the method");
        _meter.CreateObservableCounter(
            "sluice.submissions", () => One(static statistics => statistics.Submissions), "{submission}", "Batches handed to the method");
        _meter.CreateObservableCounter(
            "sluice.in_place",
            () => One(static statistics => statistics.ExecutedInPlace),
            "{operation}",
            "I/Os executed on the issuing thread");
        _meter.CreateObservableCounter(
            "sluice.refused", () => One(static statistics => statistics.RefusedByMethod), "{operation}", "I/Os the method did not take");
        _meter.CreateObservableCounter(
            "sluice.stale_completions",
            () => One(static statistics => statistics.StaleCompletions),
            "{completion}",
            "Completions dropped because their I/O was over");
        _meter.CreateObservableCounter(
            "sluice.callback_faults",
            () => One(static statistics => statistics.CallbackFaults),
            "{exception}",
            "Exceptions out of callbacks");
        _meter.CreateObservableCounter(
            "sluice.method_faults", () => One(static statistics => statistics.MethodFaults), "{exception}", "Exceptions out of the method");
        _meter.CreateObservableCounter("sluice.method.events", MethodEvents, "{event}", "The method's own counters, by name");
    }

    public void Dispose() => _meter.Dispose();

    private List<Measurement<long>> ByOperation(Func<AioOperationStatistics, long> select)
    {
        AioStatistics statistics = _system.ReadStatistics();
        List<Measurement<long>> measurements = [];
        foreach (IoOperation operation in s_operations)
        {
            measurements.Add(
                new Measurement<long>(
                    select(statistics[operation]), Tag("operation", NameOf(operation)), Tag("method", _system.MethodName)));
        }

        return measurements;
    }

    private List<Measurement<long>> ByTarget(Func<AioTargetStatistics, long> select)
    {
        List<Measurement<long>> measurements = [];
        foreach ((string name, AioTargetStatistics counts) in _system.ReadStatistics().Targets)
        {
            measurements.Add(new Measurement<long>(select(counts), Tag("target", name)));
        }

        return measurements;
    }

    private List<Measurement<long>> MethodEvents()
    {
        List<Measurement<long>> measurements = [];
        foreach ((string name, long value) in _system.ReadMethodCounters())
        {
            measurements.Add(new Measurement<long>(value, Tag("name", name), Tag("method", _system.MethodName)));
        }

        return measurements;
    }

    private Measurement<long> One(Func<AioStatistics, long> select) =>
        new(select(_system.ReadStatistics()), Tag("method", _system.MethodName));

    private static KeyValuePair<string, object?> Tag(string key, string value) => new(key, value);

    private static string NameOf(IoOperation operation) => operation switch
    {
        IoOperation.Read => "read",
        IoOperation.Write => "write",
        IoOperation.Fsync => "fsync",
        IoOperation.Fdatasync => "fdatasync",
        IoOperation.FlushRange => "flush_range",
        _ => "allocate",
    };
}
