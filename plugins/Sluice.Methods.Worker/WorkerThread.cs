namespace Sluice.Methods.Worker;

/// <summary>
/// One worker: a thread that takes requests out of the queue, executes them and delivers their completions, one at a time.
/// </summary>
/// <remarks>
/// <para>Parking is a monitor and a flag rather than a counting semaphore: several signals while the worker is awake are one. A
/// signal is either "wake", from somebody who chose this worker for work (he cleared its bit in the pool's idle bitmap), or
/// "look", for changes of the pool (bounds, the end, a colleague that left), which says nothing about work and is not counted.</para>
/// <para>No wake-up is lost. The worker (1) sets its bit in the idle bitmap, (2) full fence, (3) looks at the queue again, and
/// only then (4) waits. A submitter (1) publishes the request, (2) full fence, (3) reads the bitmap. The fence in <see cref="Idle"/>
/// pairs with the one in <see cref="WorkerPool.WakeForSubmitter"/>: at least one of the two sees what the other did. A signal
/// between (3) and (4) is kept by the flag.</para>
/// <para>How far waking spreads is PostgreSQL 19's rule: see <see cref="IsWakingUseful"/> and <see cref="WorkerPool"/>.</para>
/// </remarks>
internal sealed class WorkerThread
{
    private const int SignalNone = 0;
    private const int SignalLook = 1;
    private const int SignalWake = 2;

    // The runtime makes one spin about 37 ns on every processor, so this is a little over a microsecond in all: long enough for a
    // submitter that is in the middle of its batch, too short to be seen in CPU figures.
    private const int SpinRounds = 8;
    private const int SpinsPerRound = 4;

    // When one of the two reaches this, both are halved: a memory that lasts a handful of wake-ups.
    private const int HistoryLimit = 4;

    private readonly WorkerPool _pool;
    private readonly BoundedRing _queue;
    private readonly TimeProvider _timeProvider;
    private readonly bool _spins = Environment.ProcessorCount > 1;
    private readonly object _gate = new();
    private int _signal;
    private int _wakeupHistory;
    private int _requestHistory;
    private bool _wasWoken;
    private bool _wasBusy = true;
    private long _idleSince;
    private IoRequest? _executing;

    internal WorkerThread(WorkerPool pool, int id, TimeProvider timeProvider)
    {
        _pool = pool;
        _queue = pool.Queue;
        _timeProvider = timeProvider;
        Id = id;
        _idleSince = timeProvider.GetTimestamp();
        Thread = new Thread(Run) { IsBackground = true, Name = $"sluice-worker-{id}" };
    }

    /// <summary>0 to the number of workers - 1, without gaps: the bit in the idle bitmap.</summary>
    internal int Id { get; }

    internal Thread Thread { get; }

    /// <summary>When it ran out of work, or became the highest: as <see cref="TimeProvider.GetTimestamp"/>. Any thread.</summary>
    internal long IdleSince
    {
        get => Volatile.Read(ref _idleSince);
        set => Volatile.Write(ref _idleSince, value);
    }

    /// <summary>What it is executing, for people; stale the moment it is returned.</summary>
    internal string Activity
    {
        get
        {
            IoRequest? executing = Volatile.Read(ref _executing);
            if (executing is null) return "delivering a completion";

            // Read without any order against its owner, who may be using it for the next I/O: good enough for a message.
            return $"executing {executing.Operation} of {executing.File?.Path}";
        }
    }

    /// <summary>Whether its wake-ups have lately brought it at least as many requests: only then does it wake another.</summary>
    private bool IsWakingUseful => _wakeupHistory <= _requestHistory;

    /// <summary>Wakes it for work. The caller took its bit out of the idle bitmap.</summary>
    internal void Wake() => Signal(SignalWake);

    /// <summary>Makes it look at the pool's state again.</summary>
    internal void Look() => Signal(SignalLook);

    private void Signal(int signal)
    {
        lock (_gate)
        {
            if (_signal < signal) _signal = signal;
            Monitor.Pulse(_gate);
        }
    }

    private void Run()
    {
        ref WorkerCounters counters = ref _pool.CountersOf(Id);
        try
        {
            while (true)
            {
                if (_queue.TryDequeue(out WorkerContext context, out IoRequest request))
                {
                    Noted(ref _requestHistory);
                    _wasWoken = false;
                    _wasBusy = true;
                    if (IsWakingUseful) _pool.WakePeer(Id, context.IsSharing(request));
                    if (!Execute(context, request, ref counters)) break;
                    continue;
                }

                if (_wasWoken)
                {
                    counters.UselessWakeups++;
                    _wasWoken = false;
                }

                _pool.CancelGrowth();
                if (!Idle(ref counters)) return;
            }
        }
        catch (Exception exception)
        {
            // Delivering threw, against its contract. The request was given back or is the runtime's to miss; the process goes on.
            counters.Faults++;
            _pool.NoteFault(exception);
        }

        _pool.Replace(this);
    }

    /// <returns>False when the file threw: this worker ends, and another takes its place.</returns>
    private bool Execute(WorkerContext context, IoRequest request, ref WorkerCounters counters)
    {
        // After the delivery the request belongs to somebody else again, so the token is read before.
        ulong token = request.Token;
        Volatile.Write(ref _executing, request);
        IoOutcome outcome = Execution.Execute(request, out Exception? fault);
        Volatile.Write(ref _executing, null);
        counters.Executed++;
        if (fault is not null)
        {
            counters.Faults++;
            _pool.NoteFault(fault);
        }

        IoCompletion completion = new(token, outcome);
        context.Sink.Complete(new ReadOnlySpan<IoCompletion>(in completion));
        return fault is null;
    }

    /// <summary>Waits for work.</summary>
    /// <returns>False when the worker has left the pool and its thread has to end.</returns>
    private bool Idle(ref WorkerCounters counters)
    {
        if (_spins)
        {
            for (int round = 0; round < SpinRounds; round++)
            {
                if (!_queue.IsEmpty) return true;
                Thread.SpinWait(SpinsPerRound);
            }
        }

        if (_wasBusy)
        {
            IdleSince = _timeProvider.GetTimestamp();
            _wasBusy = false;
        }

        _pool.DeclareIdle(Id);

        // Pairs with the fence in WorkerPool.WakeForSubmitter.
        Interlocked.MemoryBarrier();
        if (!_queue.IsEmpty)
        {
            _pool.DeclareBusy(Id);
            return true;
        }

        if (_pool.TryLeave(this)) return false;
        int signal = Park();
        if (signal == SignalWake)
        {
            counters.Wakeups++;
            Noted(ref _wakeupHistory);
            _wasWoken = true;
        }
        else
        {
            _pool.DeclareBusy(Id);
        }

        return true;
    }

    private int Park()
    {
        lock (_gate)
        {
            while (_signal == SignalNone) Monitor.Wait(_gate);
            int signal = _signal;
            _signal = SignalNone;
            return signal;
        }
    }

    private void Noted(ref int history)
    {
        if (++history < HistoryLimit) return;
        _wakeupHistory >>= 1;
        _requestHistory >>= 1;
    }
}
