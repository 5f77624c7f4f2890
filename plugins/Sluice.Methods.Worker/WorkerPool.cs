using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Sluice.Methods.Worker;

/// <summary>
/// The workers, numbered 0 to n - 1 without gaps: who is woken, and (in WorkerPool.Growth.cs) when one is started or leaves.
/// </summary>
/// <remarks>
/// <para>Algorithm: that of PostgreSQL 19's I/O workers, from its published behaviour.</para>
/// <list type="bullet">
/// <item>A submitter wakes one idle worker per batch, the one with the lowest number, so that work gathers on few warm threads.</item>
/// <item>A worker that takes a request while more are queued wakes at most one idle worker with a higher number, and only while its
/// own wake-ups have been useful. A chain along rising numbers forms, and ends where waking finds no work.</item>
/// <item>A worker that finds nobody idle above it, and more requests queued than there are workers, asks for growth. A worker that
/// finds the queue empty takes that back.</item>
/// <item>While growth is wanted, one worker is started per launch interval; below the minimum at once.</item>
/// <item>Only the worker with the highest number leaves: when it has been idle for the timeout and the minimum stays, or
/// when it is above the maximum.</item>
/// </list>
/// <para>Who starts workers: in PostgreSQL the postmaster. Here the worker that asks for growth starts the first one itself, since it is
/// awake and no submitter; a timer, which fires on the thread pool, does what has to happen later. A submitter never starts a thread
/// (that takes some 100 microseconds), it only asks the timer. No thread of its own is needed for it.</para>
/// <para>State and who writes it:</para>
/// <code>
///   _idle         bitmap, bit = worker number   set by the worker; cleared by whoever wakes it, or by itself     atomic
///   _workers, _count                            changed under _gate; read anywhere
///   _grow         growth is wanted              set under _gate; cleared by anybody
///   settings      bounds and times              changed under _gate; read anywhere
/// </code>
/// <para>Invariants: (a) who clears a bit has to signal its worker, or is that worker; (b) after publishing a request and a full fence
/// the bitmap is read, and after setting a bit and a full fence the queue is read (the two fences pair), so a request is never queued
/// while all sleep; (c) a worker that leaves makes all others look at the queue, in case a submitter chose just that worker; (d)
/// _gate is never held while a request is executed, delivered or waited for, and never taken per I/O.</para>
/// </remarks>
internal sealed partial class WorkerPool : IDisposable
{
    private static readonly int s_copiersMax = Math.Max(1, Environment.ProcessorCount - 1);

    private readonly WorkerSettings _settings;
    private readonly TimeProvider _timeProvider;
    private readonly WorkerThread?[] _workers = new WorkerThread?[WorkerSettings.WorkersLimit];
    private readonly WorkerCounters[] _counters = new WorkerCounters[WorkerSettings.WorkersLimit];
    private readonly Lock _gate = new();
    private IdleBits _idle;
    private volatile int _count;
    private volatile bool _stopping;
    private string? _lastFault;

    internal WorkerPool(WorkerSettings settings, TimeProvider timeProvider)
    {
        _settings = settings;
        _timeProvider = timeProvider;
        Queue = new BoundedRing(settings.QueueCapacity);
        _nextLaunch = timeProvider.GetTimestamp();
        _timer = CreateTimer();
        lock (_gate)
        {
            LaunchToMinimum();
            ArmTimer();
        }

        if (HasWorkers) return;
        _timer.Dispose();
        throw new IoMethodException(
            "io_method 'worker' could not start a thread: the process may have too many; raise its limit (ulimit -u, pids of the "
                + "container).");
    }

    internal BoundedRing Queue { get; }

    internal int WorkerCount => _count;

    internal bool HasWorkers => _count > 0;

    /// <summary>How many workers are parked now; stale the moment it is returned.</summary>
    internal int IdleCount => BitOperations.PopCount(Volatile.Read(ref _idle.Bits));

    /// <summary>The threads of the workers that are there now, by number; for tests and messages.</summary>
    internal IEnumerable<Thread> Threads
    {
        get
        {
            lock (_gate) return [.. _workers.OfType<WorkerThread>().Select(static worker => worker.Thread)];
        }
    }

    /// <summary>What the last exception that ended a worker said, or null.</summary>
    internal string? LastFault => Volatile.Read(ref _lastFault);

    internal ref WorkerCounters CountersOf(int id) => ref _counters[id];

    internal WorkerCounters SumWorkers()
    {
        WorkerCounters sum = default;
        foreach (ref WorkerCounters counters in _counters.AsSpan())
        {
            sum.Wakeups += Volatile.Read(ref counters.Wakeups);
            sum.UselessWakeups += Volatile.Read(ref counters.UselessWakeups);
            sum.Executed += Volatile.Read(ref counters.Executed);
            sum.Faults += Volatile.Read(ref counters.Faults);
        }

        return sum;
    }

    internal void NoteFault(Exception exception) => Volatile.Write(ref _lastFault, $"{exception.GetType().Name}: {exception.Message}");

    /// <summary>Called by a submitter after it queued requests: wakes the idle worker with the lowest number, or asks for growth.</summary>
    /// <param name="isCopies">Whether they need a processor each rather than a device: no more workers are woken than there are processors
    /// beside the submitter's own.</param>
    internal void WakeForSubmitter(bool isCopies = false)
    {
        // Pairs with the fence in WorkerThread.Idle: what was queued is visible before the bitmap is read.
        Interlocked.MemoryBarrier();

        // Who is not idle looks at the queue before it sleeps.
        if (isCopies && _count - IdleCount >= s_copiersMax) return;
        if (!TryWake(candidates: ulong.MaxValue) && Queue.Count > _count) RequestGrowth(mayStartHere: false);
    }

    /// <summary>Called by a worker that just took a request: wakes one with a higher number if there is more, or asks for growth.</summary>
    internal void WakePeer(int id, bool isCopy)
    {
        if (isCopy && _count - IdleCount >= s_copiersMax) return;
        int depth = Queue.Count;
        if (depth > 0 && !TryWake(ulong.MaxValue << (id + 1)) && depth > _count) RequestGrowth(mayStartHere: true);
    }

    internal void DeclareIdle(int id) => Interlocked.Or(ref _idle.Bits, 1UL << id);

    internal void DeclareBusy(int id) => Interlocked.And(ref _idle.Bits, ~(1UL << id));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TryWake(ulong candidates)
    {
        while (true)
        {
            ulong idle = Volatile.Read(ref _idle.Bits) & candidates;
            if (idle == 0) return false;
            int id = BitOperations.TrailingZeroCount(idle);
            ulong bit = 1UL << id;
            if ((Interlocked.And(ref _idle.Bits, ~bit) & bit) == 0) continue;

            // Null when it left in this moment: it then made the others look.
            Volatile.Read(ref _workers[id])?.Wake();
            return true;
        }
    }

    [StructLayout(LayoutKind.Explicit, Size = 256)]
    private struct IdleBits
    {
        [FieldOffset(128)]
        internal ulong Bits;
    }
}
