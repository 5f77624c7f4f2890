namespace Sluice.Methods.Tests.Support;

/// <summary>A clock that stands still until the test moves it. Timers fire inside <see cref="Advance"/>, on its thread.</summary>
internal sealed class ManualTimeProvider : TimeProvider
{
    private readonly Lock _lock = new();
    private readonly List<ManualTimer> _timers = [];
    private long _nowMilliseconds = 1_000;

    public override long TimestampFrequency => 1_000;

    public override long GetTimestamp() => Volatile.Read(ref _nowMilliseconds);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        ManualTimer timer = new(this, callback, state);
        lock (_lock) _timers.Add(timer);
        timer.Change(dueTime, period);
        return timer;
    }

    internal void Advance(int milliseconds)
    {
        Interlocked.Add(ref _nowMilliseconds, milliseconds);
        FireDue();
    }

    /// <summary>Fires what was set to be due at once, without moving the clock.</summary>
    internal void FireDue()
    {
        ManualTimer[] timers;
        lock (_lock) timers = [.. _timers];
        foreach (ManualTimer timer in timers) timer.FireIfDue();
    }

    private sealed class ManualTimer(ManualTimeProvider clock, TimerCallback callback, object? state) : ITimer
    {
        private readonly Lock _dueLock = new();
        private long? _due;
        private bool _disposed;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (_dueLock)
            {
                if (_disposed) return false;
                _due = dueTime == Timeout.InfiniteTimeSpan ? null : clock.GetTimestamp() + (long)dueTime.TotalMilliseconds;
                return true;
            }
        }

        internal void FireIfDue()
        {
            lock (_dueLock)
            {
                if (_disposed || _due is not { } due || due > clock.GetTimestamp()) return;
                _due = null;
            }

            callback(state);
        }

        public void Dispose()
        {
            lock (_dueLock) _disposed = true;
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return default;
        }
    }
}
