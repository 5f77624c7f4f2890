namespace Sluice.Methods.Simulated;

/// <summary>
/// A disk in memory that behaves as disks do: it takes its time, reorders, fails, and keeps after a loss of power only what was made
/// durable. It outlives the systems that use it: after a crash open it with a new one. Any thread.
/// </summary>
/// <remarks>
/// <para>What is promised: a completed fsync, fdatasync or durable write makes durable what was written before it was submitted, and the
/// length needed to read it back; a name is durable once its folder was synced. Nothing else is.</para>
/// <para>Everything happens under the gate of the disk's time: the state is that of one thread.</para>
/// </remarks>
public sealed partial class SimulatedDisk
{
    private const ulong SchedulingStream = 1;
    private const ulong FaultStream = 2;
    private const ulong CrashStream = 3;
    private const ulong FlushStream = 4;

    private readonly SimulatedRandom _scheduling;
    private readonly SimulatedRandom _faultDetails;
    private readonly SimulatedRandom _crashes;
    private readonly SimulatedRandom _flushes;
    private readonly DiskTimes _times;
    private readonly List<SimulatedMethodContext> _contexts = [];
    private readonly CrashEvent _crashEvent;
    private readonly long[] _faultCounts = new long[Enum.GetValues<FaultKind>().Length];
    private readonly long _capacityPages;
    private FaultDice _dice;
    private CrashPlan? _crashPlan;
    private long _crashAtOperation;
    private ulong _planCount;

    /// <summary>Makes an empty disk: one folder, <c>/</c>.</summary>
    /// <param name="options">How; null for the defaults.</param>
    public SimulatedDisk(SimulatedDiskOptions? options = null)
    {
        Options = options ?? new SimulatedDiskOptions();
        if (Options.SectorBytes is not (512 or 4096))
        {
            throw new ArgumentException($"SectorBytes is {Options.SectorBytes}: give 512 or 4096.", nameof(options));
        }

        if (Options.CapacityBytes < Page.Bytes)
        {
            throw new ArgumentException($"CapacityBytes is {Options.CapacityBytes}: give at least {Page.Bytes}.", nameof(options));
        }

        Time = Options.Time ?? new SimulatedTime();
        Trace = new SimulatedTrace(Options.KeepsTrace);
        _scheduling = new SimulatedRandom(Options.Seed, SchedulingStream);
        _faultDetails = new SimulatedRandom(Options.Seed, FaultStream);
        _crashes = new SimulatedRandom(Options.Seed, CrashStream);
        _flushes = new SimulatedRandom(Options.Seed, FlushStream);
        _times = new DiskTimes(Options.Latency);
        _dice = new FaultDice(Options.Faults, Options.Seed);
        Faults = Options.Faults;
        _crashEvent = new CrashEvent(this);
        _capacityPages = Options.CapacityBytes / Page.Bytes;
        FreePages = _capacityPages;
    }

    /// <summary>
    /// Raised when the code under test waits for something that never comes; see <see cref="SimulatedDiskOptions.StallTimeout"/>. On the
    /// thread that waits; again after each such time.
    /// </summary>
    public event Action? Stalled;

    /// <summary>How it was made.</summary>
    public SimulatedDiskOptions Options { get; }

    /// <summary>Its clock. Give it to the system as <c>TimeProvider</c>.</summary>
    public SimulatedTime Time { get; }

    /// <summary>What happened.</summary>
    public SimulatedTrace Trace { get; }

    /// <summary>What goes wrong; see <see cref="SetFaults"/>.</summary>
    public FaultPlan Faults { get; private set; }

    /// <summary>Reads, writes, flushes and changes of names that took effect or failed, in all runs.</summary>
    public long OperationCount { get; private set; }

    /// <summary>How often it crashed. A system that was started before a crash is dead after it.</summary>
    public int CrashCount { get; private set; }

    internal int SectorBytes => Options.SectorBytes;

    internal PagePool Pages { get; } = new();

    internal long FreePages { get; set; }

    /// <summary>
    /// Changes what goes wrong from now on. Counts and damages of the plan before are forgotten; what was damaged stays so.
    /// </summary>
    /// <param name="plan">What.</param>
    public void SetFaults(FaultPlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        lock (Time.Gate)
        {
            Faults = plan;
            _dice = new FaultDice(plan, Options.Seed + ++_planCount);
        }
    }

    /// <summary>How often faults of a kind were made.</summary>
    /// <param name="kind">The kind.</param>
    public long CountFaults(FaultKind kind) => Volatile.Read(ref _faultCounts[(int)kind]);

    /// <summary>Stops keeping a context of a method up to date. Under the gate.</summary>
    internal void Remove(SimulatedMethodContext context) => _contexts.Remove(context);

    internal void RaiseStalled() => Stalled?.Invoke();

    internal void Add(SimulatedMethodContext context) => _contexts.Add(context);

    private void CountFault(FaultDice.Rule rule, string path)
    {
        _faultCounts[(int)rule.What.Kind]++;
        Record(TraceOperation.Fault, path, 0, 0, rule.What.Stream);
    }

    private void Record(
        TraceOperation operation,
        string path,
        long offsetBytes,
        long lengthBytes,
        int result,
        IoRequestFlags flags = IoRequestFlags.None) =>
        Trace.Add(new TraceRecord(Time.NowNanoseconds, operation, Trace.NumberOf(path), offsetBytes, lengthBytes, result, flags));

    /// <summary>The latencies in nanoseconds.</summary>
    private sealed class DiskTimes(DiskLatency latency)
    {
        internal long Read { get; } = SimulatedTime.ToNanoseconds(latency.Read);

        internal long Write { get; } = SimulatedTime.ToNanoseconds(latency.Write);

        internal long Flush { get; } = SimulatedTime.ToNanoseconds(latency.Flush);

        internal long Jitter { get; } = SimulatedTime.ToNanoseconds(latency.Jitter);
    }
}
