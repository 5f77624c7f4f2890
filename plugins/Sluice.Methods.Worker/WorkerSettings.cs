using System.Globalization;
using System.Numerics;

namespace Sluice.Methods.Worker;

/// <summary>
/// The settings of the io_method <c>worker</c>, checked. The four that bound the pool are PostgreSQL 19's (there <c>io_min_workers</c>
/// and so on) with its ranges; they can be changed while the method runs. The names, defaults and ranges are in
/// docs/mechanisms/worker.md.
/// </summary>
internal sealed class WorkerSettings
{
    internal const string MinWorkers = "min_workers";
    internal const string MaxWorkers = "max_workers";
    internal const string IdleTimeout = "worker_idle_timeout_milliseconds";
    internal const string LaunchInterval = "worker_launch_interval_milliseconds";
    internal const string QueueEntries = "queue_entries";
    internal const string NoWaitReads = "nowait_reads";

    /// <summary>The most workers that can be asked for: PostgreSQL's limit, and half of what the idle bitmap has room for.</summary>
    internal const int WorkersLimit = 32;

    internal const int QueueEntriesLimit = 65536;

    private const int MinWorkersDefault = 2;
    private const int IdleTimeoutDefault = 60_000;
    private const int LaunchIntervalDefault = 100;

    private volatile int _minWorkers;
    private volatile int _maxWorkers;
    private volatile int _idleTimeoutMilliseconds;
    private volatile int _launchIntervalMilliseconds;

    internal WorkerSettings(IoMethodSettings settings)
    {
        settings.RefuseUnknown(MinWorkers, MaxWorkers, IdleTimeout, LaunchInterval, QueueEntries, NoWaitReads);
        bool minIsGiven = settings.Values.ContainsKey(MinWorkers);
        int min = settings.GetInt32(MinWorkers, MinWorkersDefault, 1, WorkersLimit);
        int max = settings.GetInt32(MaxWorkers, Math.Max(min, MaxWorkersDefault(Environment.ProcessorCount)), 1, WorkersLimit);
        if (!minIsGiven) min = Math.Min(min, max);
        if (min > max) throw new IoMethodException(BoundsRefusal(min, max));

        _minWorkers = min;
        _maxWorkers = max;
        _idleTimeoutMilliseconds = settings.GetInt32(IdleTimeout, IdleTimeoutDefault, 0, int.MaxValue);
        _launchIntervalMilliseconds = settings.GetInt32(LaunchInterval, LaunchIntervalDefault, 0, int.MaxValue);
        int entries = settings.GetInt32(QueueEntries, QueueEntriesDefault(settings), 2, QueueEntriesLimit);
        QueueCapacity = (int)BitOperations.RoundUpToPowerOf2((uint)entries);
        TriesNoWait = settings.GetBoolean(NoWaitReads, true);
    }

    internal int Min => _minWorkers;

    internal int Max => _maxWorkers;

    internal int IdleTimeoutMilliseconds => _idleTimeoutMilliseconds;

    internal int LaunchIntervalMilliseconds => _launchIntervalMilliseconds;

    internal int QueueCapacity { get; }

    internal bool TriesNoWait { get; }

    /// <summary>
    /// Eight workers per core that the process may use (a container's limit counts), between 8 and 32. A worker spends nearly all
    /// of its time blocked in the kernel, so the number that pays follows from what the device does at once, not from the cores;
    /// the cores bound how many can be fed. An unused maximum costs nothing: workers are started only under pressure and leave again.
    /// </summary>
    internal static int MaxWorkersDefault(int cores) => Math.Clamp(8 * cores, 8, WorkersLimit);

    /// <summary>Changes one of the four settings that can be changed. Not twice at once: the pool's lock is held.</summary>
    /// <returns>Null, or the line that says why it was refused.</returns>
    internal string? Change(string name, string value)
    {
        if (Is(name, MinWorkers))
        {
            if (Parse(name, value, 1, WorkersLimit, out int min) is { } refusal) return refusal;
            if (min > _maxWorkers) return BoundsRefusal(min, _maxWorkers);
            _minWorkers = min;
        }
        else if (Is(name, MaxWorkers))
        {
            if (Parse(name, value, 1, WorkersLimit, out int max) is { } refusal) return refusal;
            if (max < _minWorkers) return BoundsRefusal(_minWorkers, max);
            _maxWorkers = max;
        }
        else if (Is(name, IdleTimeout))
        {
            if (Parse(name, value, 0, int.MaxValue, out int timeout) is { } refusal) return refusal;
            _idleTimeoutMilliseconds = timeout;
        }
        else if (Is(name, LaunchInterval))
        {
            if (Parse(name, value, 0, int.MaxValue, out int interval) is { } refusal) return refusal;
            _launchIntervalMilliseconds = interval;
        }
        else if (Is(name, QueueEntries) || Is(name, NoWaitReads))
        {
            return $"Setting '{name}' of io_method 'worker' cannot be changed while it runs: set it before the method is started.";
        }
        else
        {
            return $"Setting '{name}' is not known. Can be changed: {MinWorkers}, {MaxWorkers}, {IdleTimeout}, {LaunchInterval}.";
        }

        return null;
    }

    // All that can be in flight fits, so that an issuer that must not block (a loop) never executes for want of room.
    private static int QueueEntriesDefault(IoMethodSettings settings) =>
        (int)Math.Clamp((long)settings.ContextsMax * settings.HandlesPerContext, 64, 8192);

    private static bool Is(string name, string known) => string.Equals(name, known, StringComparison.OrdinalIgnoreCase);

    private static string? Parse(string name, string text, int minimum, int maximum, out int value)
    {
        bool isNumber = int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value);
        return isNumber && value >= minimum && value <= maximum
            ? null
            : $"Setting '{name}' is '{text}': give a whole number from {minimum} to {maximum}.";
    }

    private static string BoundsRefusal(int min, int max) =>
        $"Setting '{MinWorkers}' ({min}) is above '{MaxWorkers}' ({max}): raise '{MaxWorkers}' or lower '{MinWorkers}' first.";
}
