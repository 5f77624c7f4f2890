using Sluice.Methods;

namespace Sluice;

/// <summary>From the method's completions to reclaimed handles.</summary>
public sealed unsafe partial class AioContext
{
    private readonly Sink _sink;
    private IoCompletion[] _setAside;
    private IoCompletion[]? _spareSetAside;
    private int _setAsideCount;
    private int _submittingThread;
    private int _ownerThread;
    private AioHandle? _completed;
    private AioHandle? _ripening;

    private bool IsOwnerHere => _ownerThread == Environment.CurrentManagedThreadId;

    /// <summary>Adds a handle to the owner's list of completed ones. Any thread, before CompletedShared is published.</summary>
    internal void PushCompleted(AioHandle handle)
    {
        AioHandle? head = Volatile.Read(ref _completed);
        while (true)
        {
            handle.NextCompleted = head;
            AioHandle? seen = Interlocked.CompareExchange(ref _completed, handle, head);
            if (ReferenceEquals(seen, head)) return;
            head = seen;
        }
    }

    /// <summary>
    /// Takes back every handle whose I/O is complete: local callbacks, returns, idle list. Owner only.
    /// </summary>
    /// <remarks>
    /// A handle is pushed before its state is published, so whoever saw CompletedShared finds the handle here; one that is here and
    /// not yet published is kept for the next time.
    /// </remarks>
    internal void ReclaimCompleted()
    {
        if (Volatile.Read(ref _completed) is null && _ripening is null) return;
        AioHandle? handle = Interlocked.Exchange(ref _completed, null);
        AioHandle? ripening = _ripening;
        _ripening = null;
        ReclaimList(handle);
        ReclaimList(ripening);
    }

    private void ReclaimList(AioHandle? handle)
    {
        while (handle is not null)
        {
            AioHandle? next = handle.NextCompleted;
            handle.NextCompleted = null;
            if (handle.State == AioHandleState.CompletedShared)
            {
                handle.Reclaim();
                _idle[_idleCount++] = handle;
            }
            else
            {
                handle.NextCompleted = _ripening;
                _ripening = handle;
            }

            handle = next;
        }
    }

    private void Complete(AioHandle handle, ulong token, IoOutcome outcome, bool ownerDrives)
    {
        if (handle.TryBeginCompletion(token)) FinishCompletion(handle, outcome, ownerDrives);
        else System.CountStaleCompletion();
    }

    private void FinishCompletion(AioHandle handle, IoOutcome outcome, bool ownerDrives)
    {
        Waiter? waiters = handle.CompleteShared(outcome.Result, outcome.Detail, isStaged: true, announce: !ownerDrives);
        if (ownerDrives)
        {
            handle.Reclaim();
            _idle[_idleCount++] = handle;
        }

        Waiter.SignalAll(waiters);
    }

    private void Deliver(ReadOnlySpan<IoCompletion> completions)
    {
        bool ownerDrives = IsOwnerHere;
        foreach (ref readonly IoCompletion completion in completions)
        {
            uint slot = (uint)(completion.Token & Limits.TokenIndexMask) - (uint)_handles[0].Index;
            if (slot >= (uint)_handles.Length)
            {
                System.CountStaleCompletion();
                continue;
            }

            Complete(_handles[slot], completion.Token, new IoOutcome(completion.Result, completion.Detail), ownerDrives);
        }

        AfterDelivery(ownerDrives);
    }

    private void AfterDelivery(bool ownerDrives)
    {
        if (!ownerDrives)
        {
            // The pushes above were full fences. Pairs with the owner's fence between declaring itself asleep and looking again.
            if (Volatile.Read(ref _isOwnerAsleep)) _ownerSleeper.Wake();

            // Delivered past the thread that leads (from inside Submit, say): it may be the owner, asleep inside the method.
            if (_driven is not null && Volatile.Read(ref _leading) != 0) WakeDriver();
            if (Volatile.Read(ref _pendingCount) != 0) PumpPending();
        }
        else if (_pendingCount != 0)
        {
            PumpPending();
        }
    }

    private void SetAside(ReadOnlySpan<IoCompletion> completions)
    {
        // Bounded: each submitted handle completes once, and there are no more of them than the array is long. A method that breaks
        // that rule only makes the array grow.
        if (_setAsideCount + completions.Length > _setAside.Length) Array.Resize(ref _setAside, (_setAsideCount + completions.Length) * 2);
        completions.CopyTo(_setAside.AsSpan(_setAsideCount));
        _setAsideCount += completions.Length;
    }

    private (IoCompletion[] Completions, int Count) TakeSetAside()
    {
        (IoCompletion[], int) taken = (_setAside, _setAsideCount);
        _setAside = Interlocked.Exchange(ref _spareSetAside, null) ?? new IoCompletion[_handles.Length];
        _setAsideCount = 0;
        return taken;
    }

    private void ReturnSetAside(IoCompletion[] completions) => Volatile.Write(ref _spareSetAside, completions);

    /// <summary>Where the method delivers. On the thread inside Submit completions are set aside until the lock is released.</summary>
    private sealed class Sink(AioContext context) : IoCompletionSink
    {
        public override void Complete(ReadOnlySpan<IoCompletion> completions)
        {
            if (context._submittingThread == Environment.CurrentManagedThreadId) context.SetAside(completions);
            else context.Deliver(completions);
        }
    }
}
