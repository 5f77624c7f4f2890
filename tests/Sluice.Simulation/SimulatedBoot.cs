using System.Runtime.ExceptionServices;
using Sluice.Plugins;

namespace Sluice.Simulation;

/// <summary>
/// One life of a process on a simulated disk: a system and what was built on it, from the start to the end, which is its own or that of a
/// crash. A disk has any number of them, one after the other. All members on the loop.
/// </summary>
public sealed class SimulatedBoot
{
    private const string StallMessage = "Nothing is in flight, no timer is set, and the code waits for something that never comes.";

    private readonly Stack<object> _owned = new();
    private readonly List<Task> _flows = [];
    private readonly CancellationTokenSource _stopping = new();
    private readonly int _crashesAtStart;
    private TaskCompletionSource _stall = new();
    private Exception? _failure;

    private SimulatedBoot(SimulatedDisk disk, AioSystem system)
    {
        Disk = disk;
        System = system;
        Stopping = _stopping.Token;
        _crashesAtStart = disk.CrashCount;
    }

    /// <summary>The disk.</summary>
    public SimulatedDisk Disk { get; }

    /// <summary>The system on it.</summary>
    public AioSystem System { get; }

    /// <summary>Whether the disk crashed: the process is dead, and what it still does means nothing.</summary>
    public bool IsDead => Disk.CrashCount != _crashesAtStart;

    /// <summary>Cancelled when the work of this life has ended, or something beside it has failed: everything stops then.</summary>
    public CancellationToken Stopping { get; }

    /// <summary>
    /// Starts a system on a disk, runs code on its loop (the calling thread), and stops everything. When the disk crashes under it, what
    /// the
    /// dead code throws is swallowed, except for a <see cref="SimulationException"/>.
    /// </summary>
    /// <param name="disk">The disk.</param>
    /// <param name="work">The code.</param>
    /// <param name="configure">Changes the options of the system: modules, contexts, handles. Null for a small system.</param>
    /// <returns>Whether it ended by itself; false when the disk crashed.</returns>
    public static bool Run(SimulatedDisk disk, Func<SimulatedBoot, Task> work, Action<AioSystemOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(disk);
        ArgumentNullException.ThrowIfNull(work);
        IoMethodCatalog catalog = new();
        catalog.Add("simulated", new SimulatedMethodFactory(disk));
        AioSystemOptions options = new()
        {
            Method = "simulated",
            Catalog = catalog,
            TimeProvider = disk.Time,
            SharedContexts = 1,
            ContextsMax = 2,
            HandlesPerContext = 32,
        };
        configure?.Invoke(options);
        using AioSystem system = AioSystem.Start(options);
        SimulatedBoot boot = new(disk, system);
        system.RunLoop(() => boot.LiveAsync(work));
        return !boot.IsDead;
    }

    /// <summary>
    /// Hands over something that lives as long as this process: it is disposed in the end, the last first, also after a crash, when what
    /// its
    /// disposal throws means nothing.
    /// </summary>
    /// <typeparam name="T">An <see cref="IAsyncDisposable"/> or an <see cref="IDisposable"/>.</typeparam>
    /// <param name="thing">The thing.</param>
    /// <returns>The thing.</returns>
    public T Own<T>(T thing)
        where T : class
    {
        if (thing is not (IAsyncDisposable or IDisposable))
        {
            throw new ArgumentException($"{thing.GetType()} cannot be disposed.", nameof(thing));
        }

        _owned.Push(thing);
        return thing;
    }

    /// <summary>
    /// Starts code that runs beside the work: a background writer, a checkpointer. It should end when <see cref="Stopping"/> is cancelled
    /// and
    /// is waited for; what it throws ends and fails the run, unless the process is dead.
    /// </summary>
    /// <param name="flow">The code; begins at once, on the loop.</param>
    public void Start(Func<CancellationToken, Task> flow)
    {
        ArgumentNullException.ThrowIfNull(flow);
        _flows.Add(WatchAsync(flow));
    }

    private async Task LiveAsync(Func<SimulatedBoot, Task> work)
    {
        Disk.Stalled += OnStalled;
        try
        {
            await TryAsync(() => work(this));

            // Not CancelAsync, which would do it on another thread.
            _stopping.Cancel();
            for (int index = 0; index < _flows.Count; index++) await WaitForAsync(_flows[index]);
            while (_owned.TryPop(out object? thing)) await TryAsync(() => DisposeAsync(thing));
        }
        finally
        {
            Disk.Stalled -= OnStalled;
            _stopping.Dispose();
        }

        if (_failure is not null && (!IsDead || _failure is SimulationException)) ExceptionDispatchInfo.Throw(_failure);
    }

    // Also a dead process must not hang: whoever waits there waits for an I/O that the runtime has to end.
    private async Task TryAsync(Func<Task> step)
    {
        // A stall of the step before is known.
        if (_stall.Task.IsCompleted) _stall = new TaskCompletionSource();
        try
        {
            await await Task.WhenAny(step(), _stall.Task);
        }
        catch (Exception exception)
        {
            Keep(exception);
        }
    }

    private Task WaitForAsync(Task flow) => TryAsync(() => flow);

    private async Task WatchAsync(Func<CancellationToken, Task> flow)
    {
        try
        {
            await flow(Stopping);
        }
        catch (OperationCanceledException) when (Stopping.IsCancellationRequested)
        {
            // As it should end.
        }
        catch (Exception exception)
        {
            // The work is asked to end and waited for: what it left on the loop would go on elsewhere, in no order that a seed decides.
            Keep(exception);
            _stopping.Cancel();
        }
    }

    // The first failure is the one to know, but what was promised and does not hold is more than what a dying process throws.
    private void Keep(Exception exception)
    {
        if (_failure is null || (_failure is not SimulationException && exception is SimulationException)) _failure = exception;
    }

    private void OnStalled() => _stall.TrySetException(new SimulationException(StallMessage));

    private static async Task DisposeAsync(object thing)
    {
        if (thing is IAsyncDisposable asynchronous) await asynchronous.DisposeAsync();
        else ((IDisposable)thing).Dispose();
    }
}
