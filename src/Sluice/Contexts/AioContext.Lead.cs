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
    private bool _isReadyMissed;

    /// <summary>
    /// Takes the lead if nobody has it and the method is driven. The method cannot be switched while somebody leads, so whoever
    /// got the lead here may call what only driven methods have.
    /// </summary>
    internal bool TryLead()
    {
        if (!TryTakeLead()) return false;
        if (IsDriven) return true;

        // It was driven when the caller looked, and was switched since. Nobody follows or sleeps because of this moment.
        _leadingThread = 0;
        Volatile.Write(ref _leading, 0);
        return false;
    }

    /// <summary>Takes the lead, whatever the method, from whoever has it: for switching it and for the end. Blocks.</summary>
    internal void TakeLead()
    {
        SpinWait spin = default;
        while (!TryTakeLead())
        {
            // Somebody waits inside the method: it comes out when something completed, or now.
            WakeMethod();
            spin.SpinOnce();
        }
    }

    /// <summary>
    /// Makes the method's wait return if it is one that can be waited in. Any thread, whatever happens to the method meanwhile.
    /// </summary>
    internal void WakeMethod() => _driven?.Wake();

    private bool TryTakeLead()
    {
        if (Volatile.Read(ref _leading) != 0 || Interlocked.CompareExchange(ref _leading, 1, 0) != 0) return false;
        _leadingThread = Environment.CurrentManagedThreadId;
        return true;
    }

    /// <summary>
    /// Gives up the lead. Completions that came after the last reap are seen either here or by whoever leads next: the poller's
    /// notification for them may have come while this thread still led, and was marked as missed then.
    /// </summary>
    internal void EndLead()
    {
        while (true)
        {
            _leadingThread = 0;
            Volatile.Write(ref _leading, 0);

            // Pairs with the fences between "I follow / I sleep / I watch" and the attempt to lead.
            Interlocked.MemoryBarrier();
            if (Volatile.Read(ref _followerCount) != 0) NudgeDriver();
            if (Volatile.Read(ref _isOwnerAsleep)) _ownerSleeper.Wake();
            if (!Volatile.Read(ref _isReadyMissed) || !TryLead()) return;
            Volatile.Write(ref _isReadyMissed, false);
            ReapGuarded();
        }
    }

    private void ReapGuarded()
    {
        try
        {
            MethodContext.Reap();
        }
        catch (Exception exception)
        {
            // The lead has to be given up whatever happens; the fault is counted and told.
            System.ReportMethodFault(exception);
        }
    }

    /// <summary>
    /// Counts one that awaits without driving; makes the poller watch the context if the method is driven. Counted whatever the
    /// method: it may be switched to a driven one before the wait is over. Any thread.
    /// </summary>
    internal void BeginWatch()
    {
        Interlocked.Increment(ref _watchers);

        // The increment is a full fence. Pairs with the poller's, and the switch's, between clearing the flag and looking at the count.
        if (!IsDriven || Volatile.Read(ref _isWatched)) return;
        lock (_watchLock)
        {
            if (_isWatched || _driven is not { } driven) return;
            driven.SetWatched(true);
            Volatile.Write(ref _isWatched, true);
        }

        System.StartPoller();
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

        // Somebody who leads sees the mark when it leaves: its fence comes after giving up the lead, this one before trying.
        Volatile.Write(ref _isReadyMissed, true);
        Interlocked.MemoryBarrier();
        if (!TryLead()) return;
        Volatile.Write(ref _isReadyMissed, false);
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
            Volatile.Write(ref _isWatched, false);
            Interlocked.MemoryBarrier();
            if (_driven is not { } driven || Volatile.Read(ref _watchers) == 0) return;
            driven.SetWatched(true);
            Volatile.Write(ref _isWatched, true);
        }

        System.StartPoller();
    }

    /// <summary>Makes whoever drives look again, unless that is this thread, which reaps just now.</summary>
    internal void WakeDriver()
    {
        if (_leadingThread != Environment.CurrentManagedThreadId) WakeMethod();
    }

    private void StopWatching()
    {
        lock (_watchLock)
        {
            if (!_isWatched || _driven is not { } driven) return;
            driven.SetWatched(false);
            Volatile.Write(ref _isWatched, false);
            Interlocked.MemoryBarrier();
            if (Volatile.Read(ref _watchers) == 0) return;
            driven.SetWatched(true);
            Volatile.Write(ref _isWatched, true);
        }
    }

    private void DriveAndEnd(int timeoutMilliseconds, CancellationToken cancellationToken)
    {
        try
        {
            using CancellationTokenRegistration registration =
                cancellationToken.UnsafeRegister(static state => ((AioContext)state!).WakeMethod(), this);
            MethodContext.Wait(cancellationToken.IsCancellationRequested ? 0 : timeoutMilliseconds);
        }
        catch (Exception exception)
        {
            // Whoever waits cannot be sent away: its memory is the kernel's still. It looks again, and the fault is counted and told.
            System.ReportMethodFault(exception);
            Thread.Yield();
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
        catch (Exception exception)
        {
            System.ReportMethodFault(exception);
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

    private void Follow(BlockingWaiter waiter, AioHandle handle, ulong generation, bool canDrive, int timeoutMilliseconds)
    {
        waiter.CanDrive = canDrive;
        lock (_followersLock)
        {
            _followers.Add(waiter);
            Volatile.Write(ref _followerCount, _followers.Count);
        }

        // Pairs with EndLead and SubmitStaged: either they see this follower, or this follower sees that nobody leads, or that
        // its I/O was submitted after it looked.
        Interlocked.MemoryBarrier();
        bool mustWait = canDrive ? Volatile.Read(ref _leading) != 0 : !CanDrive(handle, generation);
        if (mustWait) waiter.Sleep(timeoutMilliseconds);
        lock (_followersLock)
        {
            _followers.Remove(waiter);
            Volatile.Write(ref _followerCount, _followers.Count);
        }
    }

    private bool CanDrive(AioHandle handle, ulong generation) =>
        IsDriven && !handle.IsOver(generation, out AioHandleState state) && state == AioHandleState.Submitted && !handle.ExecutesInPlace;

    /// <summary>A nudge may have been spent on a thread that now goes away: it goes to the next.</summary>
    private void PassNudgeOn()
    {
        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref _followerCount) != 0 && IsDriven && Volatile.Read(ref _leading) == 0) NudgeDriver();
    }

    /// <summary>
    /// Makes one follower that can drive take the lead. The others cannot: what they wait for is not with the method yet.
    /// </summary>
    private void NudgeDriver()
    {
        lock (_followersLock)
        {
            foreach (BlockingWaiter follower in _followers)
            {
                if (!follower.CanDrive) continue;
                follower.Nudge();
                return;
            }
        }
    }

    /// <summary>Makes those look again that found their I/O not submitted.</summary>
    private void NudgeThoseWhoCouldNotDrive()
    {
        lock (_followersLock)
        {
            foreach (BlockingWaiter follower in _followers)
            {
                if (!follower.CanDrive) follower.Nudge();
            }
        }
    }
}
