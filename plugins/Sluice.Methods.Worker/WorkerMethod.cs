using System.Globalization;

namespace Sluice.Methods.Worker;

/// <summary>
/// The io_method <c>worker</c>: one queue, one pool of threads that execute requests with <see cref="IoFile.Execute"/>, and a first try
/// without blocking in the submitter for reads that the system has cached. Nothing in it depends on an operating system.
/// </summary>
internal sealed class WorkerMethod : IoMethod
{
    private readonly WorkerSettings _settings;
    private readonly WorkerPool _pool;
    private readonly Lock _contextsLock = new();
    private readonly HashSet<WorkerContext> _contexts = [];
    private ContextCounters _removed;

    internal WorkerMethod(WorkerSettings settings, TimeProvider timeProvider)
    {
        _settings = settings;
        _pool = new WorkerPool(settings, timeProvider);
    }

    public override string Name => "worker";

    // A write with FlushAfter is one call of the file's Execute, by one worker.
    public override IoMethodCapabilities Capabilities { get; } = new() { IsDriven = false, LinksFlush = true };

    internal WorkerPool Pool => _pool;

    public override IoMethodContext CreateContext(IoMethodContextOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        WorkerContext context = new(this, _pool, _settings.TriesNoWait, options.Sink);
        lock (_contextsLock) _contexts.Add(context);
        return context;
    }

    public override bool TryChangeSetting(string name, string value, out string? refusal)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(value);
        refusal = _pool.ChangeSetting(name, value);
        return refusal is null;
    }

    public override IEnumerable<KeyValuePair<string, string>> Describe()
    {
        ContextCounters counters = SumContexts();
        return
        [
            new("workers", Text(_pool.WorkerCount)),
            new(WorkerSettings.MinWorkers, Text(_settings.Min)),
            new(WorkerSettings.MaxWorkers, Text(_settings.Max)),
            new(WorkerSettings.IdleTimeout, Text(_settings.IdleTimeoutMilliseconds)),
            new(WorkerSettings.LaunchInterval, Text(_settings.LaunchIntervalMilliseconds)),
            new("workers_launched", Text(_pool.Launched)),
            new("workers_retired", Text(_pool.Retired)),
            new("queue_capacity", Text(_pool.Queue.Capacity)),
            new("queue_depth", Text(_pool.Queue.Count)),
            new("queue_overflows", Text(counters.QueueOverflows)),
            new(WorkerSettings.NoWaitReads, _settings.TriesNoWait ? "true" : "false"),
            new("last_fault", _pool.LastFault ?? "none"),
        ];
    }

    public override IEnumerable<KeyValuePair<string, long>> ReadCounters()
    {
        ContextCounters contexts = SumContexts();
        WorkerCounters workers = _pool.SumWorkers();
        return
        [
            new("submitted", contexts.Submitted + contexts.NoWaitHits + contexts.TrustedReads),
            new("nowait_hits", contexts.NoWaitHits),
            new("trusted_reads", contexts.TrustedReads),
            new("nowait_misses", contexts.NoWaitMisses),
            new("queue_overflows", contexts.QueueOverflows),
            new("taken_back", contexts.TakenBack),
            new("executed_by_workers", workers.Executed),
            new("wakeups", workers.Wakeups),
            new("useless_wakeups", workers.UselessWakeups),
            new("launched", _pool.Launched),
            new("launch_failures", _pool.LaunchFailures),
            new("retired", _pool.Retired),
            new("faults", contexts.Faults + contexts.TrialFaults + workers.Faults),
        ];
    }

    public override void Dispose() => _pool.Dispose();

    internal void Remove(WorkerContext context)
    {
        lock (_contextsLock)
        {
            if (_contexts.Remove(context)) _removed.Add(context.Counters);
        }
    }

    private static string Text(long value) => value.ToString(CultureInfo.InvariantCulture);

    private ContextCounters SumContexts()
    {
        lock (_contextsLock)
        {
            ContextCounters sum = _removed;
            foreach (WorkerContext context in _contexts) sum.Add(context.Counters);
            return sum;
        }
    }
}
