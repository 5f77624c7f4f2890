namespace Sluice.Methods.Worker;

/// <content>Starting workers, letting them leave, replacing them, changing the bounds, and the end.</content>
internal sealed partial class WorkerPool
{
    // After a thread could not be started; as in PostgreSQL the launch interval decides, but never a busy loop.
    private const int LaunchRetryMillisecondsMin = 100;
    private const long NotArmed = long.MaxValue;

    private readonly ITimer _timer;
    private readonly List<Thread> _leaving = [];
    private int _grow;
    private long _nextLaunch;
    private long _armedFor = NotArmed;
    private volatile bool _watchesIdle;
    private long _launched;
    private long _retired;
    private long _launchFailures;

    /// <summary>
    /// How long <see cref="Dispose"/> waits for threads; longer than a device takes that still answers. Shorter in tests.
    /// </summary>
    internal int StopMilliseconds { get; set; } = 10_000;

    internal long Launched => Volatile.Read(ref _launched);

    internal long Retired => Volatile.Read(ref _retired);

    internal long LaunchFailures => Volatile.Read(ref _launchFailures);

    private long Now => _timeProvider.GetTimestamp();

    /// <summary>Called by a worker that found the queue empty.</summary>
    internal void CancelGrowth()
    {
        if (Volatile.Read(ref _grow) != 0) Volatile.Write(ref _grow, 0);
    }

    /// <summary>
    /// Called by an idle worker before it parks. It leaves when it has the highest number and is above the maximum, or above the
    /// minimum and idle for long enough, or when the pool stops.
    /// </summary>
    /// <returns>True when it has left the pool: its thread has to end.</returns>
    internal bool TryLeave(WorkerThread worker)
    {
        // The usual case, without the lock: not the highest, or not above the minimum, and no end in sight.
        if (!_stopping && (worker.Id != _count - 1 || worker.Id < _settings.Min)) return false;

        // The highest comes here each time that it runs out of work: the lock only when it may leave or nothing is set to tell it.
        if (!_stopping && _watchesIdle && !MayLeave(worker)) return false;
        lock (_gate)
        {
            if (!_stopping && !MayLeave(worker))
            {
                ArmTimer();
                return false;
            }

            // In the end all leave, in any order: nobody cares for gaps any more.
            Volatile.Write(ref _workers[worker.Id], null);
            _leaving.RemoveAll(static thread => !thread.IsAlive);
            _leaving.Add(worker.Thread);
            DeclareBusy(worker.Id);
            if (_stopping) return true;
            _count--;
            Volatile.Write(ref _retired, _retired + 1);
            if (_count > 0 && _workers[_count - 1] is { } highest) highest.IdleSince = Now;
            LookAll();
            return true;
        }
    }

    /// <summary>Called by a worker as the last thing that its thread does, after an exception: another thread takes its number.</summary>
    internal void Replace(WorkerThread worker)
    {
        lock (_gate)
        {
            _leaving.RemoveAll(static thread => !thread.IsAlive);
            _leaving.Add(worker.Thread);
            DeclareBusy(worker.Id);
            if (_stopping)
            {
                Volatile.Write(ref _workers[worker.Id], null);
                return;
            }

            if (TryStart(worker.Id)) return;

            // No thread to be had. The numbers must stay without a gap: the highest worker cannot be renamed, so the dead one keeps
            // its place until the timer finds a thread for it. The others look, in case it was chosen for work that it did not take.
            Volatile.Write(ref _workers[worker.Id], null);
            ArmTimer();
            LookAll();
        }
    }

    /// <summary>Changes a setting of the running pool. Any thread.</summary>
    /// <returns>Null, or why not.</returns>
    internal string? ChangeSetting(string name, string value)
    {
        lock (_gate)
        {
            if (_stopping) return $"Setting '{name}' of io_method 'worker' cannot be changed: the method was disposed.";
            if (_settings.Change(name, value) is { } refusal) return refusal;

            // A new patience counts from now, whichever setting it was: nobody leaves at the very moment of a change.
            if (_settings.IdleTimeoutMilliseconds > 0 && _workers[_count - 1] is { } highest) highest.IdleSince = Now;

            _nextLaunch = Math.Min(_nextLaunch, Now + ToTicks(_settings.LaunchIntervalMilliseconds));
            LaunchToMinimum();
            ArmTimer();
            LookAll();
            return null;
        }
    }

    /// <summary>Lets the workers finish what is queued and joins them. All contexts were drained, so that takes a moment only.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_stopping) return;
            _stopping = true;
            LookAll();
        }

        // Waits for a callback that runs: no code of the plugin runs in the thread pool afterwards.
        ValueTask timerStopped = _timer.DisposeAsync();
        if (!timerStopped.IsCompleted) timerStopped.AsTask().Wait(StopMilliseconds);

        long deadline = Environment.TickCount64 + StopMilliseconds;
        List<string> hanging = [];
        for (int id = 0; id < _workers.Length; id++)
        {
            if (Volatile.Read(ref _workers[id]) is { } worker && !Join(worker.Thread, deadline))
            {
                hanging.Add($"{worker.Thread.Name} is {worker.Activity}");
            }
        }

        Thread[] leaving;
        lock (_gate) leaving = [.. _leaving];
        foreach (Thread thread in leaving)
        {
            if (!Join(thread, deadline)) hanging.Add($"{thread.Name} does not end");
        }

        if (hanging.Count > 0)
        {
            throw new IoMethodException(
                $"io_method 'worker' could not stop within {StopMilliseconds} ms: {string.Join("; ", hanging)}. " +
                "The device or its driver does not answer.");
        }
    }

    private bool Join(Thread thread, long deadline) =>
        thread.Join((int)Math.Clamp(deadline - Environment.TickCount64, 0, StopMilliseconds));

    private bool MayLeave(WorkerThread worker)
    {
        if (worker.Id != _count - 1) return false;
        if (worker.Id >= _settings.Max) return true;
        return worker.Id >= _settings.Min && Now - worker.IdleSince >= ToTicks(_settings.IdleTimeoutMilliseconds);
    }

    private void RequestGrowth(bool mayStartHere)
    {
        if (_count >= _settings.Max || Volatile.Read(ref _grow) != 0) return;
        lock (_gate)
        {
            if (_stopping) return;
            _grow = 1;
            if (mayStartHere && Now - _nextLaunch >= 0) LaunchForGrowth();
            ArmTimer();
        }
    }

    private void LaunchForGrowth()
    {
        if (_count >= _settings.Max) return;

        // Relative to when it was due, so that the rate holds, unless that is long past.
        long now = Now;
        long interval = ToTicks(_settings.LaunchIntervalMilliseconds);
        _nextLaunch = _nextLaunch + interval > now ? _nextLaunch + interval : now + interval;
        Launch();
    }

    private void LaunchToMinimum()
    {
        for (int id = 0; id < _count; id++)
        {
            if (_workers[id] is null && !TryStart(id)) return;
        }

        while (_count < _settings.Min && Launch())
        {
        }
    }

    private bool Launch()
    {
        if (!TryStart(_count)) return false;
        _count++;
        return true;
    }

    private bool TryStart(int id)
    {
        WorkerThread? before = _workers[id];
        try
        {
            WorkerThread worker = new(this, id, _timeProvider);
            Volatile.Write(ref _workers[id], worker);

            // Unsafe: the context of whoever happens to ask must not live as long as the thread.
            worker.Thread.UnsafeStart();
        }
        catch (Exception exception) when (exception is OutOfMemoryException or ThreadStartException)
        {
            Volatile.Write(ref _workers[id], before);
            Volatile.Write(ref _launchFailures, _launchFailures + 1);
            _nextLaunch = Now + ToTicks(Math.Max(_settings.LaunchIntervalMilliseconds, LaunchRetryMillisecondsMin));
            return false;
        }

        Volatile.Write(ref _launched, _launched + 1);
        return true;
    }

    private ITimer CreateTimer()
    {
        // The timer lives as long as the method: it must not keep the context of whoever made the method.
        bool suppresses = !ExecutionContext.IsFlowSuppressed();
        if (suppresses) ExecutionContext.SuppressFlow();
        try
        {
            return _timeProvider.CreateTimer(
                static state => ((WorkerPool)state!).TimerFired(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
        finally
        {
            if (suppresses) ExecutionContext.RestoreFlow();
        }
    }

    private void TimerFired()
    {
        lock (_gate)
        {
            _armedFor = NotArmed;
            _watchesIdle = false;
            if (_stopping) return;
            long now = Now;
            if (now - _nextLaunch >= 0)
            {
                LaunchToMinimum();
                if (Volatile.Read(ref _grow) != 0) LaunchForGrowth();
            }

            if (_count > _settings.Min && _workers[_count - 1] is { } highest && IsIdle(highest.Id) && MayLeave(highest)) highest.Look();
            ArmTimer();
        }
    }

    /// <summary>Sets the timer for what is due next: a start while growth is wanted, or the end of the highest worker's patience.</summary>
    private void ArmTimer()
    {
        long due = NotArmed;
        if (IsBelowMinimum() || (Volatile.Read(ref _grow) != 0 && _count < _settings.Max)) due = _nextLaunch;
        if (_count > _settings.Min && _workers[_count - 1] is { } highest && IsIdle(highest.Id) && !MayLeave(highest))
        {
            _watchesIdle = true;
            due = Math.Min(due, highest.IdleSince + ToTicks(_settings.IdleTimeoutMilliseconds));
        }

        // Armed for earlier is good enough: it is set again when it fires.
        if (due >= _armedFor) return;
        _armedFor = due;
        TimeSpan left = _timeProvider.GetElapsedTime(Now, due);
        _timer.Change(
            TimeSpan.FromMilliseconds(Math.Clamp(Math.Ceiling(left.TotalMilliseconds), 0, int.MaxValue)), Timeout.InfiniteTimeSpan);
    }

    private bool IsBelowMinimum()
    {
        if (_count < _settings.Min) return true;
        for (int id = 0; id < _count; id++)
        {
            if (_workers[id] is null) return true;
        }

        return false;
    }

    private bool IsIdle(int id) => (Volatile.Read(ref _idle.Bits) & (1UL << id)) != 0;

    private void LookAll()
    {
        foreach (WorkerThread? worker in _workers) worker?.Look();
    }

    private long ToTicks(int milliseconds) => (long)(milliseconds / 1000.0 * _timeProvider.TimestampFrequency);
}
