namespace Sluice.Methods.Simulated;

/// <summary>
/// Virtual time: the clock of a simulated disk and of the program on it. It stands still while code runs and moves to the next event
/// (an I/O that ends, a timer) when somebody waits. Give it to the system as its clock. Any thread.
/// </summary>
/// <remarks>
/// Everything simulated that happens belongs to one queue, ordered by (time, sequence), and happens under one lock, the gate. Callbacks
/// of timers run outside of it, on the thread that moved the time.
/// </remarks>
public sealed class SimulatedTime : TimeProvider
{
    private const long NanosecondsPerTick = 100;
    private static readonly DateTimeOffset s_start = new(2000, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly EventQueue _queue = new();
    private readonly Queue<SimulatedTimer> _dueTimers = new();
    private long _nowNanoseconds;

    /// <summary>The time since the beginning of the simulation, in nanoseconds.</summary>
    public long NowNanoseconds => Volatile.Read(ref _nowNanoseconds);

    /// <summary>The time since the beginning of the simulation.</summary>
    public TimeSpan Now => TimeSpan.FromTicks(NowNanoseconds / NanosecondsPerTick);

    /// <inheritdoc/>
    public override long TimestampFrequency => 1_000_000_000;

    /// <inheritdoc/>
    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    internal object Gate { get; } = new();

    internal bool HasDueTimers => _dueTimers.Count != 0;

    internal bool HasEvents => _queue.Count != 0;

    /// <inheritdoc/>
    public override long GetTimestamp() => NowNanoseconds;

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow() => s_start.AddTicks(NowNanoseconds / NanosecondsPerTick);

    /// <summary>Makes a timer whose callback is an event of the simulation: it runs when somebody waits and its time has come.</summary>
    /// <param name="callback">Runs on the thread that moved the time.</param>
    /// <param name="state">Given to the callback.</param>
    /// <param name="dueTime">When; <see cref="Timeout.InfiniteTimeSpan"/> for never.</param>
    /// <param name="period">How often after that; <see cref="Timeout.InfiniteTimeSpan"/> for once.</param>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        ArgumentNullException.ThrowIfNull(callback);
        SimulatedTimer timer = new(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>
    /// Rests, to the nanosecond. <see cref="Task.Delay(TimeSpan, TimeProvider)"/> drops what is below a millisecond and then does not rest
    /// at all: a flow that rests so between looks never lets this time move on.
    /// </summary>
    /// <param name="span">How long. Above zero.</param>
    /// <returns>Completes when somebody waits and the time has come; what awaits it goes on where it was awaited.</returns>
    public async Task DelayAsync(TimeSpan span)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(span, TimeSpan.Zero);

        // Not inside the callback: that runs while somebody drives the disk.
        TaskCompletionSource over = new(TaskCreationOptions.RunContinuationsAsynchronously);
        using ITimer timer = CreateTimer(
            static state => ((TaskCompletionSource)state!).TrySetResult(), over, span, Timeout.InfiniteTimeSpan);
        await over.Task;
    }

    /// <summary>Moves the time on, and with it everything that is due. Runs timers. Not from inside one of their callbacks.</summary>
    /// <param name="span">How far.</param>
    public void Advance(TimeSpan span)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(span, TimeSpan.Zero);
        long target = NowNanoseconds + (span.Ticks * NanosecondsPerTick);
        while (true)
        {
            lock (Gate)
            {
                bool fired = FireNext(target);
                if (!fired && !HasDueTimers)
                {
                    MoveTo(target);
                    return;
                }
            }

            RunDueTimers();
        }
    }

    internal static long ToNanoseconds(TimeSpan span) => span.Ticks * NanosecondsPerTick;

    /// <summary>Adds an event. Under the gate.</summary>
    internal void Schedule(long timeNanoseconds, EventTarget target, int slot, long ticket)
    {
        _queue.Add(Math.Max(timeNanoseconds, _nowNanoseconds), target, slot, ticket);
        if (_waiters != 0) Monitor.PulseAll(Gate);
    }

    /// <summary>
    /// Moves to the next moment at which something happens, if that is not later than the limit, and lets all of it happen. Under the gate.
    /// </summary>
    /// <returns>False when there is nothing until then; the time did not move.</returns>
    internal bool FireNext(long limitNanoseconds)
    {
        long moment = _queue.NextTimeNanoseconds;
        if (moment > limitNanoseconds || _queue.Count == 0) return false;
        MoveTo(moment);
        while (_queue.Count != 0 && _queue.NextTimeNanoseconds <= moment)
        {
            EventQueue.Entry entry = _queue.Take();
            entry.Target.Fire(entry.Slot, entry.Ticket);
        }

        return true;
    }

    /// <summary>Moves the time on. Under the gate; nothing is due before.</summary>
    internal void MoveTo(long timeNanoseconds)
    {
        if (timeNanoseconds > _nowNanoseconds) Volatile.Write(ref _nowNanoseconds, timeNanoseconds);
    }

    internal void AddDue(SimulatedTimer timer) => _dueTimers.Enqueue(timer);

    /// <summary>Runs the callbacks of the timers that fired. Outside the gate.</summary>
    internal void RunDueTimers()
    {
        while (true)
        {
            SimulatedTimer? timer;
            lock (Gate)
            {
                if (!_dueTimers.TryDequeue(out timer)) return;
            }

            timer.Invoke();
        }
    }

    /// <summary>Sleeps until somebody adds an event or pulses, or the (real) time is up. Under the gate.</summary>
    internal bool Sleep(int timeoutMilliseconds)
    {
        _waiters++;
        try
        {
            return Monitor.Wait(Gate, timeoutMilliseconds);
        }
        finally
        {
            _waiters--;
        }
    }

    /// <summary>Makes everybody who sleeps look again. Under the gate.</summary>
    internal void Pulse()
    {
        if (_waiters != 0) Monitor.PulseAll(Gate);
    }

    private int _waiters;
}
