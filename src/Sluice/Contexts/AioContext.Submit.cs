using Sluice.Methods;

namespace Sluice;

/// <summary>Staging and handing over.</summary>
public sealed unsafe partial class AioContext
{
    private readonly Lock _submitLock = new();

    // As long as there are handles: while the gate is closed nobody has to wait for room, least of all a thread that completes I/O.
    private readonly IoRequest[] _stagedRequests;
    private readonly AioHandle[] _staged;
    private int _stagedCount;
    private int _methodVersion;
    private bool _isRecheckDue;
    private bool _isGateClosed;

    /// <summary>The method's state for this context. Changes only under the submit lock while nothing is submitted.</summary>
    internal IoMethodContext MethodContext { get; private set; } = null!;

    // The same object as MethodContext when that is driven, else null: one read tells both.
    private volatile IoMethodContext? _driven;
    private bool _linksFlush;
    private bool _handlesOsFiles;
    private bool _drivesTime;

    /// <summary>Whether completions of the current method come only while somebody drives.</summary>
    internal bool IsDriven => _driven is not null;

    /// <summary>Makes a method's state for this context, to be installed later.</summary>
    internal IoMethodContext CreateMethodContext(IoMethod method)
    {
        int depthMax = method.Capabilities.DepthMax;
        if (_handles.Length > depthMax)
        {
            throw new IoMethodException(
                $"io_method '{method.Name}' takes at most {depthMax} I/Os per context: set HandlesPerContext to that or less.");
        }

        return method.CreateContext(new IoMethodContextOptions(Id, _handles.Length, _handles[0].VectorsMax, _sink));
    }

    /// <summary>
    /// Installs a method's state: at start, and when the method is switched (the gate closed, nothing submitted, the lead taken).
    /// </summary>
    /// <returns>The state that was there before.</returns>
    internal IoMethodContext? Install(IoMethod method, IoMethodContext methodContext)
    {
        lock (_watchLock)
        {
            lock (_submitLock)
            {
                IoMethodContext? previous = MethodContext;
                MethodContext = methodContext;
                _linksFlush = method.Capabilities.LinksFlush;
                _handlesOsFiles = method.Capabilities.HandlesOsFiles;
                _driven = method.Capabilities.IsDriven ? methodContext : null;
                _drivesTime = method.Capabilities.IsDriven && method.Capabilities.DrivesTime;
                _methodVersion++;
                _isRecheckDue = _stagedCount != 0;
                return previous;
            }
        }
    }

    /// <summary>Takes over a handle that was just staged: executes it in place, or stages it, or submits it. Owner only.</summary>
    internal void Stage(AioHandle handle, bool stageSucceeded, bool isEmpty)
    {
        _handedOut = null;
        IoRequest request = handle.Request;
        if (isEmpty || !stageSucceeded || request.File.IsPoisoned)
        {
            handle.MarkSubmitted();
            CompleteInPlace(handle, default, stageSucceeded);
            return;
        }

        int version = Volatile.Read(ref _methodVersion);
        if (handle.ExecutesInPlace || NeedsExecutionInPlace(request))
        {
            request.Flags |= IoRequestFlags.Synchronous;
            ExecuteInPlace(handle);
            return;
        }

        if (TryExecuteAtOnce(request, out IoOutcome outcome))
        {
            request.Flags |= IoRequestFlags.Synchronous;
            handle.MarkSubmitted();
            _inPlaceCount++;
            CompleteInPlace(handle, outcome, stageSucceeded: true);
            return;
        }

        bool mustSubmit;
        lock (_submitLock)
        {
            _staged[_stagedCount] = handle;
            _stagedRequests[_stagedCount] = request;
            _stagedCount++;

            // A waiter attaches first and takes this lock afterwards (SubmitForWaiter): either it finds the I/O in the list, or it is found
            // here.
            mustSubmit = !_isInBatch || _stagedCount >= Limits.StagedMax || handle.IsWaitedFor;

            // The answer above was another method's.
            if (version != _methodVersion) _isRecheckDue = true;
        }

        if (mustSubmit) SubmitAsOwner();
    }

    /// <summary>
    /// Submits what is staged, for somebody who has attached to an I/O of this context. Looks under the lock, which orders it after
    /// the attaching: an I/O that is staged later is submitted by whoever stages it.
    /// </summary>
    internal void SubmitForWaiter()
    {
        lock (_submitLock)
        {
            if (_stagedCount == 0) return;
        }

        SubmitStaged(waitFollows: false);
    }

    private void SubmitAsOwner()
    {
        int previous = _ownerThread;
        _ownerThread = Environment.CurrentManagedThreadId;
        try
        {
            SubmitStaged(waitFollows: false);
        }
        finally
        {
            _ownerThread = previous;
        }
    }

    /// <summary>
    /// Hands what is staged to the method. Any thread: the owner, or a waiter that met a staged I/O.
    /// </summary>
    /// <param name="waitFollows">The caller leads the context and calls Wait next.</param>
    internal void SubmitStaged(bool waitFollows)
    {
        if (Volatile.Read(ref _stagedCount) == 0) return;
        while (SubmitSome(waitFollows))
        {
        }

        // Somebody may wait for what was not submitted before, and has to drive it now.
        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref _followerCount) != 0) NudgeThoseWhoCouldNotDrive();
    }

    /// <returns>Whether there is more to submit.</returns>
    private bool SubmitSome(bool waitFollows)
    {
        (AioHandle Handle, ulong Token)[]? refused = null;
        AioHandle[]? inPlace = null;
        IoCompletion[]? completions = null;
        int completionCount = 0;
        bool isMore;
        lock (_submitLock)
        {
            if (_stagedCount == 0 || _isGateClosed) return false;
            if (_isRecheckDue) inPlace = TakeWhatRunsInPlace();
            int count = Math.Min(_stagedCount, Limits.StagedMax);
            isMore = count < _stagedCount;
            if (count != 0)
            {
                for (int index = 0; index < count; index++) _staged[index].MarkSubmitted();
                _submittingThread = Environment.CurrentManagedThreadId;
                int taken = SubmitToMethod(count, waitFollows && !isMore);
                _submittingThread = 0;
                if (taken < count) refused = TokensOf(_staged.AsSpan(taken, count - taken));
                RemoveStaged(count);
                _submissions++;
            }

            if (_setAsideCount > 0) (completions, completionCount) = TakeSetAside();
        }

        if (completions is not null)
        {
            Deliver(completions.AsSpan(0, completionCount));
            ReturnSetAside(completions);
        }

        foreach ((AioHandle handle, ulong token) in refused ?? [])
        {
            System.CountRefused();
            ExecuteHere(handle, token);
        }

        foreach (AioHandle handle in inPlace ?? []) ExecuteHere(handle, handle.Token);
        return isMore;
    }

    private void RemoveStaged(int count)
    {
        _stagedCount -= count;
        if (_stagedCount == 0) return;
        _staged.AsSpan(count, _stagedCount).CopyTo(_staged);
        _stagedRequests.AsSpan(count, _stagedCount).CopyTo(_stagedRequests);
    }

    /// <summary>What was staged for another method than the present one, which wants it executed in place. Submit lock.</summary>
    private AioHandle[]? TakeWhatRunsInPlace()
    {
        _isRecheckDue = false;
        List<AioHandle>? taken = null;
        int kept = 0;
        for (int index = 0; index < _stagedCount; index++)
        {
            AioHandle handle = _staged[index];
            if (NeedsExecutionInPlace(handle.Request))
            {
                handle.Request.Flags |= IoRequestFlags.Synchronous;
                handle.MarkSubmitted();
                (taken ??= []).Add(handle);
                _inPlaceAfterSwitchCount++;
                continue;
            }

            _staged[kept] = handle;
            _stagedRequests[kept++] = handle.Request;
        }

        _stagedCount = kept;
        return taken?.ToArray();
    }

    /// <summary>Closes the gate: started I/Os stay staged until it is opened. For switching the method.</summary>
    internal void CloseGate()
    {
        lock (_submitLock) _isGateClosed = true;
    }

    /// <summary>Opens the gate and submits what was staged meanwhile.</summary>
    internal void OpenGate()
    {
        lock (_submitLock) _isGateClosed = false;
        SubmitStaged(waitFollows: false);
    }

    /// <summary>How many I/Os the method has, or might have: not those the issuer executes in place. For draining; may be stale.</summary>
    internal int CountSubmitted()
    {
        int count = 0;
        foreach (AioHandle handle in _handles)
        {
            if (handle.State is AioHandleState.Submitted or AioHandleState.CompletedIo && !handle.ExecutesInPlace) count++;
        }

        return count;
    }

    private bool NeedsExecutionInPlace(IoRequest request)
    {
        if (!_linksFlush && request.Has(IoRequestFlags.FlushAfter)) return true;
        if (!_handlesOsFiles && request.File is OsFile) return true;
        try
        {
            return MethodContext.NeedsSynchronousExecution(request);
        }
        catch (Exception exception)
        {
            System.ReportMethodFault(exception);
            return true;
        }
    }

    private bool TryExecuteAtOnce(IoRequest request, out IoOutcome outcome)
    {
        try
        {
            return MethodContext.TryExecuteAtOnce(request, out outcome);
        }
        catch (Exception exception)
        {
            System.ReportMethodFault(exception);
            outcome = default;
            return false;
        }
    }

    private bool TryExecuteSubmitted()
    {
        try
        {
            return MethodContext.TryExecuteSubmitted();
        }
        catch (Exception exception)
        {
            System.ReportMethodFault(exception);
            return false;
        }
    }

    private int SubmitToMethod(int count, bool waitFollows)
    {
        try
        {
            return MethodContext.Submit(_stagedRequests.AsSpan(0, count), waitFollows);
        }
        catch (Exception exception)
        {
            // By contract none was taken. What was delivered from inside stays delivered: completing twice is refused by the handle.
            System.ReportMethodFault(exception);
            return 0;
        }
    }

    private void ExecuteInPlace(AioHandle handle)
    {
        handle.MarkSubmitted();
        _inPlaceCount++;
        CompleteInPlace(handle, Execute(handle), stageSucceeded: true);
    }

    private static (AioHandle Handle, ulong Token)[] TokensOf(ReadOnlySpan<AioHandle> handles)
    {
        (AioHandle, ulong)[] named = new (AioHandle, ulong)[handles.Length];
        for (int index = 0; index < handles.Length; index++) named[index] = (handles[index], handles[index].Token);
        return named;
    }

    private void ExecuteHere(AioHandle handle, ulong token)
    {
        // Claimed before it is executed: a method that delivered it all the same and then threw has ended it, and the handle may serve
        // another I/O.
        if (!handle.TryBeginCompletion(token))
        {
            System.CountStaleCompletion();
            return;
        }

        bool ownerDrives = IsOwnerHere;
        FinishCompletion(handle, Execute(handle), ownerDrives);
        AfterDelivery(ownerDrives);
    }

    private IoOutcome Execute(AioHandle handle)
    {
        try
        {
            return handle.Request.File.Execute(handle.Request);
        }
        catch (Exception exception)
        {
            System.ReportMethodFault(exception);
            return new IoOutcome(-Errno.EIO, IoOutcomeDetail.Unknown);
        }
    }

    private void CompleteInPlace(AioHandle handle, IoOutcome outcome, bool stageSucceeded)
    {
        Invariant.Check(handle.TryBeginCompletion(handle.Token), "An I/O executed in place was completed by somebody else.");
        Waiter? waiters = handle.CompleteShared(outcome.Result, outcome.Detail, stageSucceeded, announce: false);
        handle.Reclaim();
        _idle[_idleCount++] = handle;
        Waiter.SignalAll(waiters);
    }
}
