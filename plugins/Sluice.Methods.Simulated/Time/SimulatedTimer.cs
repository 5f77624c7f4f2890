namespace Sluice.Methods.Simulated;

/// <summary>A timer whose callbacks are events of the simulation.</summary>
internal sealed class SimulatedTimer(SimulatedTime time, TimerCallback callback, object? state) : EventTarget, ITimer
{
    private long _ticket;
    private long _periodNanoseconds = -1;
    private bool _isDisposed;

    public bool Change(TimeSpan dueTime, TimeSpan period)
    {
        lock (time.Gate)
        {
            if (_isDisposed) return false;

            // An event that was scheduled before is outdated by the ticket.
            _ticket++;
            _periodNanoseconds = period <= TimeSpan.Zero ? -1 : SimulatedTime.ToNanoseconds(period);
            if (dueTime < TimeSpan.Zero) return true;
            time.Schedule(time.NowNanoseconds + SimulatedTime.ToNanoseconds(dueTime), this, 0, _ticket);
            return true;
        }
    }

    public void Dispose()
    {
        lock (time.Gate)
        {
            _isDisposed = true;
            _ticket++;
        }
    }

    public ValueTask DisposeAsync()
    {
        Dispose();
        return ValueTask.CompletedTask;
    }

    internal override void Fire(int slot, long ticket)
    {
        if (ticket != _ticket) return;
        time.AddDue(this);
        if (_periodNanoseconds > 0) time.Schedule(time.NowNanoseconds + _periodNanoseconds, this, 0, _ticket);
    }

    internal void Invoke()
    {
        if (!Volatile.Read(ref _isDisposed)) callback(state);
    }
}
