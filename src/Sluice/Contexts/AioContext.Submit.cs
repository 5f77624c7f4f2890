using Sluice.Methods;

namespace Sluice;

/// <summary>Staging and handing over.</summary>
public sealed unsafe partial class AioContext
{
    private readonly Lock _submitLock = new();
    private readonly IoRequest[] _stagedRequests = new IoRequest[Limits.StagedMax];
    private readonly AioHandle[] _staged = new AioHandle[Limits.StagedMax];
    private int _stagedCount;
    private bool _isGateClosed;
    private int _interest;

    /// <summary>The method's state for this context. Changes only under the submit lock while nothing is submitted.</summary>
    internal IoMethodContext MethodContext { get; private set; } = null!;

    private volatile bool _isDriven;
    private bool _linksFlush;
    private bool _handlesOsFiles;

    /// <summary>Whether completions of the current method come only while somebody drives.</summary>
    internal bool IsDriven => _isDriven;

    /// <summary>Makes a method's state for this context, to be installed later.</summary>
    internal IoMethodContext CreateMethodContext(IoMethod method) =>
        method.CreateContext(new IoMethodContextOptions(Id, _handles.Length, _handles[0].VectorsMax, _sink));

    /// <summary>Installs a method's state: at start, and when the method is switched (the gate closed, nothing submitted, the lead taken).</summary>
    /// <returns>The state that was there before.</returns>
    internal IoMethodContext? Install(IoMethod method, IoMethodContext methodContext)
    {
        lock (_submitLock)
        {
            IoMethodContext? previous = MethodContext;
            MethodContext = methodContext;
            _linksFlush = method.Capabilities.LinksFlush;
            _handlesOsFiles = method.Capabilities.HandlesOsFiles;
            _isDriven = method.Capabilities.IsDriven;
            return previous;
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

        bool isFull;
        bool isWanted;
        lock (_submitLock)
        {
            _staged[_stagedCount] = handle;
            _stagedRequests[_stagedCount] = request;
            isFull = ++_stagedCount == Limits.StagedMax;

            // Whoever waits for an I/O that is not yet submitted says so before it takes this lock to submit it: either it finds the
            // I/O in the list, or it is seen here.
            isWanted = _interest != 0;
        }

        if (isFull || isWanted || !_isInBatch) SubmitAsOwner(isFull);
    }

    /// <summary>Somebody waits for an I/O that may not be submitted yet: until <see cref="EndInterest"/> what is staged is submitted at once.</summary>
    internal void BeginInterest()
    {
        Interlocked.Increment(ref _interest);
        lock (_submitLock)
        {
            if (_stagedCount == 0) return;
        }

        SubmitStaged(waitFollows: false);
    }

    internal void EndInterest() => Interlocked.Decrement(ref _interest);

    private void SubmitAsOwner(bool isFull)
    {
        int previous = _ownerThread;
        _ownerThread = Environment.CurrentManagedThreadId;
        SubmitStaged(waitFollows: false);

        // A closed gate keeps the list full: there is no room to stage another before the method was switched.
        while (isFull && Volatile.Read(ref _stagedCount) == Limits.StagedMax) System.WaitForGate(this);
        _ownerThread = previous;
    }

    /// <summary>
    /// Hands what is staged to the method. Any thread: the owner, or a waiter that met a staged I/O.
    /// </summary>
    /// <param name="waitFollows">The caller leads the context and calls Wait next.</param>
    internal void SubmitStaged(bool waitFollows)
    {
        if (Volatile.Read(ref _stagedCount) == 0) return;
        int refusedCount = 0;
        AioHandle[]? refused = null;
        IoCompletion[]? completions = null;
        int completionCount = 0;
        lock (_submitLock)
        {
            int count = _stagedCount;
            if (count == 0 || _isGateClosed) return;
            for (int index = 0; index < count; index++) _staged[index].MarkSubmitted();
            _submittingThread = Environment.CurrentManagedThreadId;
            int taken = SubmitToMethod(count, waitFollows);
            _submittingThread = 0;
            if (taken < count)
            {
                refusedCount = count - taken;
                refused = _staged.AsSpan(taken, refusedCount).ToArray();
            }

            _stagedCount = 0;
            _submissions++;
            if (_setAsideCount > 0) (completions, completionCount) = TakeSetAside();
        }

        if (completions is not null)
        {
            Deliver(completions.AsSpan(0, completionCount));
            ReturnSetAside(completions);
        }

        for (int index = 0; index < refusedCount; index++) ExecuteRefused(refused![index]);

        // Somebody may wait for what was not submitted before, and has to drive it now.
        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref _followerCount) != 0) NudgeFollower();
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

    /// <summary>How many I/Os the method has. For draining; may be stale.</summary>
    internal int CountSubmitted()
    {
        int count = 0;
        foreach (AioHandle handle in _handles)
        {
            if (handle.State is AioHandleState.Submitted or AioHandleState.CompletedIo) count++;
        }

        return count;
    }

    private bool NeedsExecutionInPlace(IoRequest request)
    {
        if (!_linksFlush && request.Has(IoRequestFlags.FlushAfter)) return true;
        if (!_handlesOsFiles && request.File is OsFile) return true;
        return MethodContext.NeedsSynchronousExecution(request);
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

    private void ExecuteRefused(AioHandle handle)
    {
        System.CountRefused();
        Complete(handle, handle.Request.Token, Execute(handle), ownerDrives: IsOwnerHere);
        AfterDelivery(IsOwnerHere);
        if (IsDriven) MethodContext.Wake();
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
