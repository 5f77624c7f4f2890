using System.Runtime.CompilerServices;
using Sluice.Methods;

namespace Sluice;

/// <summary>From the raw result to reuse.</summary>
public sealed unsafe partial class AioHandle
{
    internal void HandOut(AioReturn? place, AioScope? scope)
    {
        _lifecycle.HandOut();
        Return = place;
        place?.Expect();
        scope?.Add(this);
    }

    internal void MarkSubmitted() => _lifecycle.Submit();

    /// <summary>Whether this thread is the one to complete the I/O that the token names. False: late, double or made up.</summary>
    internal bool TryBeginCompletion(ulong token) => token == Token && _lifecycle.TryCompleteIo();

    /// <summary>
    /// Runs the shared callbacks and publishes the result. Any thread. The publication is the last touch: afterwards the owner
    /// may have reused the handle. Returns the waiters to wake.
    /// </summary>
    /// <param name="rawResult">Bytes or negative errno.</param>
    /// <param name="detail">What the number does not say.</param>
    /// <param name="isStaged">False when a stage callback threw, so that the I/O never started.</param>
    /// <param name="announce">Whether the owner must be told by way of its list of completed handles.</param>
    internal Waiter? CompleteShared(int rawResult, IoOutcomeDetail detail, bool isStaged, bool announce)
    {
        _rawResult = rawResult;
        AioResult result = isStaged ? Distill(rawResult, detail) : new AioResult(AioStatus.Error, 0, default, RuntimeErrors.CallbackThrew);
        for (int index = _callbackCount - 1; index >= _callbackFirst; index--)
        {
            CallbackSlot slot = _callbacks[index];
            ref readonly AioRegistry.CallbackEntry entry = ref AioRegistry.CallbackEntryOf(slot.Id);
            if (entry.CompleteShared != null) result = RunShared(in entry, slot, result);
        }

        _result = result;
        Request.File.ReleaseHold(Context.Id);

        // Closes the list: a full fence. Pairs with the waiter's push, which afterwards finds either the list or the mark.
        Waiter? waiters = Interlocked.Exchange(ref _waiters, Waiter.ListClosed);
        for (Waiter? waiter = waiters; waiter is not null; waiter = waiter.Next) waiter.Result = result;
        if (announce) Context.PushCompleted(this);
        _lifecycle.CompleteShared();
        return waiters;
    }

    /// <summary>Runs the local callbacks, fills the return and makes the handle idle. Owner only; the state is CompletedShared.</summary>
    internal void Reclaim()
    {
        AioResult result = _result;
        for (int index = _callbackCount - 1; index >= _callbackFirst; index--)
        {
            CallbackSlot slot = _callbacks[index];
            ref readonly AioRegistry.CallbackEntry entry = ref AioRegistry.CallbackEntryOf(slot.Id);
            if (entry.CompleteLocal != null) result = RunLocal(in entry, slot, result);
        }

        Scope?.Remove(this);
        AioReturn? place = Return;
        Context.Count(Request, result, in _target, _rawResult);
        _lifecycle.CompleteLocal();
        place?.Fill(result, in _target, Request);

        // The generation moves before Idle is published: see the invariants.
        Volatile.Write(ref _generation, _generation + 1);
        _lifecycle.Reclaim();
        Reset();
    }

    /// <summary>Gives up a handle that was handed out and never started. Owner only.</summary>
    internal void Abandon()
    {
        Scope?.Remove(this);
        Return?.Forget();
        Volatile.Write(ref _generation, _generation + 1);

        // Others may wait for it, by its reference: there is nothing more to wait for.
        Waiter? waiters = Interlocked.Exchange(ref _waiters, Waiter.ListClosed);
        _lifecycle.Release();
        Reset();
        Waiter.SignalAll(waiters);
    }

    /// <summary>
    /// Whether somebody waits for the I/O, other than the operation on a file that it belongs to. Owner only.
    /// </summary>
    internal bool IsWaitedFor =>
        Volatile.Read(ref _waiters) is not (null or FileOperation) and { } head && !ReferenceEquals(head, Waiter.ListClosed);

    /// <summary>Attaches a waiter before the I/O is started: nobody else can, so a plain store will do.</summary>
    internal void AttachBeforeStart(Waiter waiter)
    {
        waiter.Next = _waiters;
        _waiters = waiter;
    }

    /// <summary>Takes back <see cref="AttachBeforeStart"/>, when the I/O could not be started.</summary>
    internal void DetachBeforeStart() => Volatile.Write(ref _waiters, null);

    /// <summary>
    /// Attaches a waiter to the I/O of that generation. Any thread.
    /// </summary>
    /// <returns>False when the I/O is over; the waiter is then free, unless it had to be abandoned in the list.</returns>
    internal bool TryAttach(Waiter waiter, ulong generation, out bool abandoned)
    {
        abandoned = false;
        while (true)
        {
            Waiter? head = Volatile.Read(ref _waiters);
            if (Generation != generation || ReferenceEquals(head, Waiter.ListClosed)) return false;
            waiter.Next = head;

            // A full fence. Pairs with the raise of the generation, which comes before the list is opened again.
            if (!ReferenceEquals(Interlocked.CompareExchange(ref _waiters, waiter, head), head)) continue;
            if (Generation == generation) return true;
            abandoned = waiter.TryAbandon();
            return !abandoned;
        }
    }

    /// <summary>Where the I/O of that generation is: over, or the state it is in. State first, then generation.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool IsOver(ulong generation, out AioHandleState state)
    {
        state = _lifecycle.Value;
        return Generation != generation || state is AioHandleState.CompletedShared or AioHandleState.CompletedLocal or AioHandleState.Idle;
    }

    private void Reset()
    {
        // Processors other than x86 may show these stores before the generation's and the state's, which say that they do not count
        // any more. A reader without a lock would take a half-reset row for a whole one.
        if (!global::System.Runtime.Intrinsics.X86.X86Base.IsSupported) Interlocked.MemoryBarrier();
        Request.Operation = IoOperation.None;
        Request.VectorCount = 0;
        Request.File = null!;
        _target = default;
        _callbackCount = 0;
        _dataCount = 0;
        Flags = AioHandleFlags.None;
        Return = null;
        Volatile.Write(ref _waiters, null);
    }

    private AioResult Distill(int rawResult, IoOutcomeDetail detail)
    {
        IoRequest request = Request;
        if (rawResult < 0 || detail != IoOutcomeDetail.None || request.File.IsPoisoned) return DistillFailure(rawResult, detail);
        if (request.Operation is IoOperation.Read or IoOperation.Write && rawResult < request.LengthBytes)
        {
            return AioResult.Partial(rawResult);
        }

        return AioResult.Ok(rawResult);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private AioResult DistillFailure(int rawResult, IoOutcomeDetail detail)
    {
        IoRequest request = Request;
        IoFile file = request.File;
        int errno = rawResult < 0 ? -rawResult : 0;
        if (FlushFailure.Poisons(request, errno, detail)) file.Poison(errno);
        if (file.IsPoisoned) return AioResult.Error(errno != 0 ? errno : file.PoisonErrno).WithFlushFailure();
        AioResult result = AioResult.Error(errno == 0 ? Errno.EIO : errno);
        return detail == IoOutcomeDetail.Unknown ? result.WithUnknownOutcome() : result;
    }

    private AioResult RunShared(in AioRegistry.CallbackEntry entry, CallbackSlot slot, AioResult prior)
    {
        try
        {
            return Judged(entry.CompleteShared(this, prior, slot.Data), slot);
        }
        catch (Exception exception)
        {
            Context.ReportFault(exception, slot.Id);
            return new AioResult(AioStatus.Error, 0, default, RuntimeErrors.CallbackThrew);
        }
    }

    private AioResult RunLocal(in AioRegistry.CallbackEntry entry, CallbackSlot slot, AioResult prior)
    {
        try
        {
            return Judged(entry.CompleteLocal(this, prior, slot.Data), slot);
        }
        catch (Exception exception)
        {
            Context.ReportFault(exception, slot.Id);
            return new AioResult(AioStatus.Error, 0, default, RuntimeErrors.CallbackThrew);
        }
    }

    private static AioResult Judged(AioResult result, CallbackSlot slot)
    {
        if (result.Status == AioStatus.Unknown)
        {
            Invariant.Broken($"Callback {AioRegistry.NameOf(new AioCallbackId(slot.Id))} returned a result without a status.");
        }

        return result;
    }
}
