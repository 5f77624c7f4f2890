namespace Sluice;

/// <summary>Waiting: by the owner, by anybody, with and without blocking.</summary>
public sealed unsafe partial class AioContext
{
    private readonly Sleeper _ownerSleeper = new();
    private readonly Lock _waiterPoolLock = new();
    private AsyncWaiter? _waiterPool;
    private int _watchedSlot;
    private bool _isOwnerAsleep;

    /// <summary>
    /// Blocks until an I/O of this context has completed, submitting what is staged first; its return is filled when this
    /// returns. For the flow that uses the context.
    /// </summary>
    /// <param name="reference">The I/O.</param>
    /// <param name="timeoutMilliseconds">How long at most; -1 for ever. Ends the wait, not the I/O.</param>
    /// <param name="cancellationToken">Ends the wait, not the I/O.</param>
    /// <returns>False when the time was up first.</returns>
    /// <exception cref="InvalidOperationException">The I/O was acquired and not started: nobody would ever complete it.</exception>
    /// <exception cref="OperationCanceledException">The wait was cancelled.</exception>
    public bool Wait(WaitReference reference, int timeoutMilliseconds = Timeout.Infinite, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(timeoutMilliseconds, Timeout.Infinite);
        AioHandle? handle = reference.Handle;
        if (handle is null) return true;
        RequireOwn(handle);
        Deadline deadline = Deadline.After(timeoutMilliseconds);
        while (!handle.IsOver(reference.Generation, out AioHandleState state))
        {
            if (state is AioHandleState.HandedOut or AioHandleState.Defined) RefuseUnstarted();
            cancellationToken.ThrowIfCancellationRequested();
            int remaining = deadline.RemainingMilliseconds;
            if (remaining == 0 && timeoutMilliseconds != 0) return false;
            WaitForAnyCore(remaining, cancellationToken);
            if (timeoutMilliseconds == 0) break;
        }

        bool isOver = handle.IsOver(reference.Generation, out _);
        ReclaimCompleted();
        return isOver;
    }

    /// <summary>
    /// Completes when an I/O of this context has completed, submitting what is staged first; its return is filled when the await
    /// is over. For the flow that uses the context. Allocates nothing. Await it once.
    /// </summary>
    /// <param name="reference">The I/O.</param>
    /// <param name="cancellationToken">Ends the wait, not the I/O.</param>
    public ValueTask WaitAsync(WaitReference reference, CancellationToken cancellationToken = default) =>
        WaitAsync(reference, Timeout.InfiniteTimeSpan, cancellationToken);

    /// <summary>As the other overload, for a time.</summary>
    /// <param name="reference">The I/O.</param>
    /// <param name="timeout">How long at most, by the system's clock. Ends the wait, not the I/O.</param>
    /// <param name="cancellationToken">Ends the wait, not the I/O.</param>
    /// <exception cref="TimeoutException">When awaited: the time was up first.</exception>
    public ValueTask WaitAsync(WaitReference reference, TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        AioHandle? handle = reference.Handle;
        if (handle is null) return ValueTask.CompletedTask;
        RequireOwn(handle);
        if (!handle.IsOver(reference.Generation, out AioHandleState state) && state is AioHandleState.HandedOut or AioHandleState.Defined)
        {
            RefuseUnstarted();
        }

        if (!ReferenceEquals(AioLoop.Current?.Context, this)) SubmitStaged(waitFollows: false);
        return AwaitHandle(handle, reference.Generation, timeout, isOwner: true, cancellationToken);
    }

    /// <summary>
    /// Blocks until any I/O of this context has completed, submitting what is staged first. For the flow that uses the context.
    /// </summary>
    /// <param name="timeoutMilliseconds">How long at most; -1 for ever.</param>
    /// <param name="cancellationToken">Ends the wait, not the I/O.</param>
    /// <returns>False when nothing is in flight, or the time was up first.</returns>
    /// <exception cref="OperationCanceledException">The wait was cancelled.</exception>
    public bool WaitForAny(int timeoutMilliseconds = Timeout.Infinite, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(timeoutMilliseconds, Timeout.Infinite);
        Deadline deadline = Deadline.After(timeoutMilliseconds);
        int before = _idleCount;
        ReclaimCompleted();
        while (_idleCount == before)
        {
            if (CountInUse() == 0) return false;
            cancellationToken.ThrowIfCancellationRequested();
            int remaining = deadline.RemainingMilliseconds;
            WaitForAnyCore(remaining, cancellationToken);
            if (remaining == 0) break;
        }

        return _idleCount != before;
    }

    /// <summary>
    /// Completes when a handle may be free: at once when one is, else when one of the I/Os in flight has completed, submitting what is staged
    /// first. For flows that share a loop, where <see cref="Acquire"/> would block all of them. Another flow may take the handle first: await
    /// this and <see cref="TryAcquire"/> in turns. Allocates nothing. Await it once.
    /// </summary>
    /// <param name="cancellationToken">Ends the wait, not the I/Os.</param>
    /// <exception cref="InvalidOperationException">No handle is free and none is in flight: a flow keeps one that it has not started.</exception>
    public ValueTask WaitForHandleAsync(CancellationToken cancellationToken = default)
    {
        if (_idleCount == 0) ReclaimCompleted();
        if (_idleCount != 0) return ValueTask.CompletedTask;

        // Not all who wait watch the same I/O: the end of one wakes few of them.
        for (int tried = 0; tried < _handles.Length; tried++)
        {
            if (++_watchedSlot >= _handles.Length) _watchedSlot = 0;
            AioHandle handle = _handles[_watchedSlot];
            if (handle.State is not (AioHandleState.HandedOut or AioHandleState.Defined))
            {
                return WaitAsync(handle.Reference, cancellationToken);
            }
        }

        Invariant.Broken("No handle is free and no I/O is in flight: start or release the handles that were acquired.");
        return ValueTask.CompletedTask;
    }

    /// <summary>
    /// Takes note of completions that are there, without blocking; fills their returns. For the flow that uses the context.
    /// </summary>
    /// <returns>How many of this context's I/Os were completed by it.</returns>
    public int Poll()
    {
        int before = _idleCount;
        using (EnterOwner())
        {
            if (IsDriven && TryLead())
            {
                ReapGuarded();
                EndLead();
            }

            ReclaimCompleted();
        }

        return _idleCount - before;
    }

    /// <summary>
    /// Submits, then drives or sleeps once: returns when something completed, or for no reason. Owner only. The caller loops.
    /// </summary>
    internal void WaitForAnyCore(int timeoutMilliseconds, CancellationToken cancellationToken)
    {
        int previous = _ownerThread;
        _ownerThread = Environment.CurrentManagedThreadId;
        try
        {
            int before = _idleCount;
            bool leads = IsDriven && TryLead();
            SubmitStaged(waitFollows: leads);
            if (Volatile.Read(ref _isGateClosed))
            {
                if (leads) FinishPromisedWait();
                System.WaitForGate(this, timeoutMilliseconds, cancellationToken);
            }
            else if (leads)
            {
                // The hand-over may have been kept back for this call, so it is made even when something completed meanwhile.
                // So may the last completion have been set aside as not yet published, with nothing left that would wake this thread.
                bool isEarly = _idleCount != before || Volatile.Read(ref _completed) is not null || _ripening is not null;
                DriveAndEnd(isEarly ? 0 : timeoutMilliseconds, cancellationToken);
            }
            else if (_idleCount == before && !(timeoutMilliseconds != 0 && TryExecuteSubmitted()))
            {
                SleepAsOwner(timeoutMilliseconds, cancellationToken);
            }

            ReclaimCompleted();
        }
        finally
        {
            _ownerThread = previous;
        }
    }

    internal bool CheckForeign(AioHandle handle, ulong generation)
    {
        if (handle.IsOver(generation, out AioHandleState state)) return true;
        if (state == AioHandleState.Staged) SubmitStaged(waitFollows: false);
        if (IsDriven && TryLead())
        {
            ReapGuarded();
            EndLead();
        }

        return handle.IsOver(generation, out _);
    }

    internal bool WaitForeign(AioHandle handle, ulong generation, int timeoutMilliseconds, CancellationToken cancellationToken)
    {
        if (handle.IsOver(generation, out _)) return true;
        Deadline deadline = Deadline.After(timeoutMilliseconds);
        BlockingWaiter waiter = BlockingWaiter.Rent();
        if (!handle.TryAttach(waiter, generation, out bool abandoned))
        {
            if (!abandoned) BlockingWaiter.Return(waiter);
            return true;
        }

        using CancellationTokenRegistration registration = cancellationToken.UnsafeRegister(
            static state => ((BlockingWaiter)state!).Nudge(), waiter);
        while (!waiter.IsSignalled)
        {
            int remaining = deadline.RemainingMilliseconds;
            if (cancellationToken.IsCancellationRequested || remaining == 0)
            {
                if (!waiter.TryAbandon()) break;
                PassNudgeOn();
                cancellationToken.ThrowIfCancellationRequested();
                return false;
            }

            if (!handle.IsOver(generation, out AioHandleState state) && state == AioHandleState.Staged) SubmitForWaiter();

            bool canDrive = CanDrive(handle, generation);
            if (canDrive && TryLead()) LeadFor(waiter, remaining, cancellationToken);
            else Follow(waiter, handle, generation, canDrive, remaining);
        }

        PassNudgeOn();
        BlockingWaiter.Return(waiter);
        return true;
    }

    internal ValueTask WaitForeignAsync(AioHandle handle, ulong generation, TimeSpan timeout, CancellationToken cancellationToken) =>
        AwaitHandle(handle, generation, timeout, isOwner: false, cancellationToken);

    internal void ReturnWaiter(AsyncWaiter waiter)
    {
        lock (_waiterPoolLock)
        {
            waiter.NextInPool = _waiterPool;
            _waiterPool = waiter;
        }
    }

    private ValueTask AwaitHandle(AioHandle handle, ulong generation, TimeSpan timeout, bool isOwner, CancellationToken cancellationToken)
    {
        bool isLoops = ReferenceEquals(AioLoop.Current?.Context, this);
        if (isLoops ? handle.IsOver(generation, out _) : CheckForeign(handle, generation))
        {
            if (isOwner) ReclaimCompleted();
            return ValueTask.CompletedTask;
        }

        if (cancellationToken.IsCancellationRequested) return ValueTask.FromCanceled(cancellationToken);
        bool watches = !isLoops;
        AsyncWaiter waiter = RentWaiter();
        waiter.Prepare(isOwner, watches);
        if (watches) BeginWatch();
        if (!handle.TryAttach(waiter, generation, out bool abandoned))
        {
            if (watches) EndWatch();
            if (!abandoned) ReturnWaiter(waiter);
            if (isOwner) ReclaimWhenPublished(handle, generation);
            return ValueTask.CompletedTask;
        }

        // It may have been staged after the look and before the attaching: then nobody else would submit it.
        if (!isLoops && handle.State == AioHandleState.Staged) SubmitForWaiter();
        ValueTask task = waiter.Task;
        if (timeout != Timeout.InfiniteTimeSpan || cancellationToken.CanBeCanceled) waiter.Limit(timeout, cancellationToken);
        return task;
    }

    /// <summary>
    /// The list of waiters is closed a moment before the state says that the I/O is complete. Found closed, the owner waits for that
    /// moment, in which nothing of a host's runs: its return would not be filled otherwise.
    /// </summary>
    private void ReclaimWhenPublished(AioHandle handle, ulong generation)
    {
        SpinWait spin = default;
        while (!handle.IsOver(generation, out _)) spin.SpinOnce();
        ReclaimCompleted();
    }

    private AsyncWaiter RentWaiter()
    {
        lock (_waiterPoolLock)
        {
            AsyncWaiter? waiter = _waiterPool;
            if (waiter is null) return new AsyncWaiter(this);
            _waiterPool = waiter.NextInPool;
            waiter.NextInPool = null;
            return waiter;
        }
    }

    /// <summary>Wakes the owner if it sleeps or drives, so that it looks again. Any thread.</summary>
    internal void WakeOwner()
    {
        _ownerSleeper.Wake();
        WakeMethod();
    }

    private void SleepAsOwner(int timeoutMilliseconds, CancellationToken cancellationToken)
    {
        using CancellationTokenRegistration registration = cancellationToken.UnsafeRegister(
            static state => ((Sleeper)state!).Wake(), _ownerSleeper);
        Volatile.Write(ref _isOwnerAsleep, true);

        // Pairs with the full fences in PushCompleted and EndLead: either they see the owner asleep, or the owner sees what they did.
        Interlocked.MemoryBarrier();
        bool canLead = IsDriven && Volatile.Read(ref _leading) == 0;
        if (Volatile.Read(ref _completed) is null && !canLead)
        {
            // A handle that was pushed and is not yet published will be in a moment: looking again soon costs less than a protocol for it.
            _ownerSleeper.Sleep(_ripening is null ? timeoutMilliseconds : 1);
        }

        Volatile.Write(ref _isOwnerAsleep, false);
    }

    private int CountInUse() => _handles.Length - _idleCount - (_handedOut is null ? 0 : 1);

    private void RequireOwn(AioHandle handle) =>
        Invariant.Check(
            ReferenceEquals(handle.Context, this), "The I/O belongs to another context: wait on its reference, not through this context.");

    private static void RefuseUnstarted() =>
        Invariant.Broken("The I/O was acquired and not started: its own flow would wait for ever. Start it or release it first.");
}
