using System.Globalization;

namespace Sluice.Methods.Simulated;

/// <summary>
/// The io_method <c>simulated</c>: requests become events of the disk's time. Who waits moves the time to the next event; there are no
/// threads.
/// </summary>
internal sealed class SimulatedMethod : IoMethod
{
    private readonly SimulatedMethodContext?[] _contexts;
    private readonly SimulatedFileSystem? _fileSystem;
    private bool _isReadyWaiterWoken;

    internal SimulatedMethod(SimulatedDisk disk, int contextsMax, bool usesOsFiles = false)
    {
        Disk = disk;
        _contexts = new SimulatedMethodContext?[contextsMax];
        Epoch = disk.CrashCount;
        if (!usesOsFiles) _fileSystem = new SimulatedFileSystem(disk, Epoch);
    }

    public override string Name => "simulated";

    public override IoMethodCapabilities Capabilities { get; } = new() { IsDriven = true, DrivesTime = true, LinksFlush = true };

    public override IoFileSystem? FileSystem => _fileSystem;

    internal SimulatedDisk Disk { get; }

    /// <summary>How often the disk had crashed when the method was made: after another crash it is dead.</summary>
    internal int Epoch { get; }

    private SimulatedTime Time => Disk.Time;

    public override IoMethodContext CreateContext(IoMethodContextOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        SimulatedMethodContext context = new(this, options);
        lock (Time.Gate)
        {
            _contexts[options.Id] = context;
            if (Epoch == Disk.CrashCount) Disk.Add(context);
        }

        return context;
    }

    public override int WaitForReady(Span<int> readyContextIds, int timeoutMilliseconds)
    {
        int count;
        lock (Time.Gate)
        {
            while ((count = TakeReady(readyContextIds)) == 0)
            {
                if (_isReadyWaiterWoken || Time.HasDueTimers) break;
                if (IsAnyWatchedBusy() && Time.FireNext(long.MaxValue)) continue;
                if (timeoutMilliseconds == 0 || !Time.Sleep(timeoutMilliseconds)) break;
            }

            _isReadyWaiterWoken = false;
        }

        Time.RunDueTimers();
        return count;
    }

    public override void WakeReadyWaiter()
    {
        lock (Time.Gate)
        {
            _isReadyWaiterWoken = true;
            Time.Pulse();
        }
    }

    public override IEnumerable<KeyValuePair<string, string>> Describe()
    {
        yield return new("seed", Disk.Options.Seed.ToString(CultureInfo.InvariantCulture));
        yield return new("sector", Disk.SectorBytes.ToString(CultureInfo.InvariantCulture));
        yield return new("virtual time", Time.Now.ToString("c", CultureInfo.InvariantCulture));
        yield return new("trace hash", Disk.Trace.Hash.ToString("x16", CultureInfo.InvariantCulture));
        foreach (FaultRule rule in Disk.Faults.Rules) yield return new("fault", rule.ToString());
    }

    public override IEnumerable<KeyValuePair<string, long>> ReadCounters()
    {
        yield return new("operations", Disk.OperationCount);
        yield return new("crashes", Disk.CrashCount);
        foreach (FaultKind kind in Enum.GetValues<FaultKind>())
        {
            long count = Disk.CountFaults(kind);
            if (count != 0) yield return new($"fault.{kind}", count);
        }
    }

    public override void Dispose()
    {
    }

    internal void Remove(SimulatedMethodContext context, int id)
    {
        lock (Time.Gate)
        {
            _contexts[id] = null;
            Disk.Remove(context);
        }
    }

    private int TakeReady(Span<int> readyContextIds)
    {
        int count = 0;
        for (int id = 0; id < _contexts.Length && count < readyContextIds.Length; id++)
        {
            if (_contexts[id]?.TakeAnnouncement() == true) readyContextIds[count++] = id;
        }

        return count;
    }

    private bool IsAnyWatchedBusy()
    {
        foreach (SimulatedMethodContext? context in _contexts)
        {
            if (context is { IsWatched: true, IsBusy: true }) return true;
        }

        return false;
    }
}
