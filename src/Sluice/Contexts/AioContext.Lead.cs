namespace Sluice;

/// <summary>
/// Driving a method whose completions come only while somebody waits for them. One thread leads; others that wait follow, and
/// take over when it leaves; awaiting code has the system's poller lead for it.
/// </summary>
public sealed unsafe partial class AioContext
{
    private readonly Lock _followersLock = new();
    private readonly List<BlockingWaiter> _followers = [];
    private readonly Lock _watchLock = new();
    private int _followerCount;
    private int _leading;
    private int _leadingThread;
    private int _watchers;
    private bool _isWatched;

    internal bool TryLead()
    {
        if (Volatile.Read(ref _leading) != 0 || Interlocked.CompareExchange(ref _leading, 1, 0) != 0) return false;
        _leadingThread = Environment.CurrentManagedThreadId;
        return true;
    }

    /// <summary>
    /// Gives up the lead. Completions that came after the last reap are seen either here or by whoever leads next: the poller's
    /// notification for them may have come while this thread still led, and was dropped then.
    /// </summary>
    internal void EndLead()
    {
        while (true)
        {
            _leadingThread = 0;
            Volatile.Write(ref _leading, 0);

            // Pairs with the fences between "I follow / I sleep / I watch" and the attempt to lead.
            Interlocked.MemoryBarrier();
            if (Volatile.Read(ref _followerCount) != 0) NudgeFollower();
            if (Volatile.Read(ref _isOwnerAsleep)) _ownerSleeper.Wake();
            if (Volatile.Read(ref _watchers) == 0 || !MethodContext.HasCompletions || !TryLead()) return;
            MethodContext.Reap();
        }
    }

    /// <summary>Counts one that awaits without driving; makes the poller watch the context. Any thread.</summary>
    internal void BeginWatch()
    {
        Interlocked.Increment(ref _watchers);

        // The increment is a full fence. Pairs with the poller's between clearing the flag and looking at the count.
        if (Volatile.Read(ref _isWatched)) return;
        lock (_watchLock)
        {
            if (_isWatched) return;
            System.StartPoller();
            MethodContext.SetWatched(true);
            Volatile.Write(ref _isWatched, true);
        }
    }

    /// <summary>Ends what <see cref="BeginWatch"/> began. Any thread. The poller stops watching when it next looks in vain.</summary>
    internal void EndWatch() => Interlocked.Decrement(ref _watchers);

    /// <summary>The poller was told that completions are there.</summary>
    internal void OnReady()
    {
        if (Volatile.Read(ref _watchers) == 0)
        {
            StopWatching();
            return;
        }

        // Somebody who leads looks again when it leaves.
        if (!TryLead()) return;
        try
        {
            MethodContext.Reap();
        }
        finally
        {
            EndLead();
        }
    }

    /// <summary>Forgets what the method knew of watching, after the method was replaced.</summary>
    internal void RenewWatch()
    {
        lock (_watchLock)
        {
            _isWatched = IsDriven && Volatile.Read(ref _watchers) != 0;
            if (!_isWatched) return;
            System.StartPoller();
            MethodContext.SetWatched(true);
        }
    }

    /// <summary>Makes whoever drives look again, unless that is this thread, which reaps just now.</summary>
    internal void WakeDriver()
    {
        if (_leadingThread != Environment.CurrentManagedThreadId) MethodContext.Wake();
    }

    private void StopWatching()
    {
        lock (_watchLock)
        {
            if (!_isWatched) return;
            MethodContext.SetWatched(false);
            Volatile.Write(ref _isWatched, false);
            Interlocked.MemoryBarrier();
            if (Volatile.Read(ref _watchers) == 0) return;
            MethodContext.SetWatched(true);
            Volatile.Write(ref _isWatched, true);
        }
    }

    private void DriveAndEnd(int timeoutMilliseconds, CancellationToken cancellationToken)
    {
        try
        {
            using CancellationTokenRegistration registration =
                cancellationToken.UnsafeRegister(static state => ((AioContext)state!).MethodContext.Wake(), this);
            MethodContext.Wait(cancellationToken.IsCancellationRequested ? 0 : timeoutMilliseconds);
        }
        finally
        {
            EndLead();
        }
    }

    private void FinishPromisedWait()
    {
        try
        {
            MethodContext.Wait(0);
        }
        finally
        {
            EndLead();
        }
    }

    private void LeadFor(BlockingWaiter waiter, int timeoutMilliseconds, CancellationToken cancellationToken)
    {
        // The I/O may complete by other means than this thread's reaping (executed in place by whoever submitted it).
        waiter.Drives = this;
        Interlocked.MemoryBarrier();
        DriveAndEnd(waiter.IsSignalled ? 0 : timeoutMilliseconds, cancellationToken);
        waiter.Drives = null;
    }

    private void Follow(BlockingWaiter waiter, bool canDrive, int timeoutMilliseconds)
    {
        lock (_followersLock)
        {
            _followers.Add(waiter);
            Volatile.Write(ref _followerCount, _followers.Count);
        }

        // Pairs with EndLead and SubmitStaged: either they see this follower, or this follower sees that nobody leads.
        Interlocked.MemoryBarrier();
        if (!canDrive || Volatile.Read(ref _leading) != 0) waiter.Sleep(timeoutMilliseconds);
        lock (_followersLock)
        {
            _followers.Remove(waiter);
            Volatile.Write(ref _followerCount, _followers.Count);
        }

        // A nudge may have been spent on this thread, which now goes away: pass it on.
        Interlocked.MemoryBarrier();
        if (waiter.IsSignalled && IsDriven && Volatile.Read(ref _leading) == 0 && Volatile.Read(ref _followerCount) != 0) NudgeFollower();
    }

    private void NudgeFollower()
    {
        lock (_followersLock)
        {
            if (_followers.Count != 0) _followers[0].Nudge();
        }
    }
}
