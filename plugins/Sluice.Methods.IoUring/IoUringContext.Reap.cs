using System.Runtime.InteropServices;
using Sluice.Methods.IoUring.Interop;

namespace Sluice.Methods.IoUring;

internal sealed unsafe partial class IoUringContext
{
    private const int ChunkMax = 64;

    // Leading thread only; the runtime's change of leader orders them.
    private readonly CompletionEntry[] _taken = new CompletionEntry[ChunkMax];
    private readonly IoCompletion[] _completions = new IoCompletion[ChunkMax];
    private int _completionCount;
    private bool _wasWoken;

    /// <inheritdoc/>
    public override void Wait(int timeoutMilliseconds)
    {
        long started = timeoutMilliseconds > 0 ? _timeProvider.GetTimestamp() : 0;
        if (_owesEnter && (timeoutMilliseconds == 0 || _ring.HasCompletions)) SubmitOwed();
        bool isExpired = timeoutMilliseconds == 0;
        while (true)
        {
            int delivered = Drain();
            if (delivered > 0 || _wasWoken || isExpired)
            {
                _wasWoken = false;
                if (_owesEnter) SubmitOwed();
                return;
            }

            int remaining = timeoutMilliseconds;
            if (timeoutMilliseconds > 0)
            {
                double elapsed = _timeProvider.GetElapsedTime(started).TotalMilliseconds;
                remaining = elapsed >= timeoutMilliseconds ? 0 : (int)Math.Ceiling(timeoutMilliseconds - elapsed);
            }

            isExpired = remaining == 0 || EnterToWait(remaining);
        }
    }

    /// <inheritdoc/>
    public override int Reap()
    {
        if (_owesEnter) SubmitOwed();
        return Drain();
    }

    /// <summary>Blocks once in the kernel, handing over what is owed in the same call when no pair can be split by that.</summary>
    /// <returns>Whether the time was up.</returns>
    private bool EnterToWait(int timeoutMilliseconds)
    {
        uint toSubmit = 0;
        if (_owesEnter && !TryOpenExactEnter(out toSubmit))
        {
            SubmitOwed();
            if (_ring.HasCompletions) return false;
        }

        KernelTimeSpan timeout = new()
        {
            Seconds = timeoutMilliseconds / 1000,
            Nanoseconds = timeoutMilliseconds % 1000 * 1_000_000L,
        };
        GetEventsArgument argument = new() { TimeoutAddress = (ulong)&timeout };
        _reapCounters.Enters++;
        int result = timeoutMilliseconds < 0
            ? _ring.Enter(toSubmit, minComplete: 1, Uapi.IORING_ENTER_GETEVENTS, null)
            : _ring.Enter(toSubmit, minComplete: 1, Uapi.IORING_ENTER_GETEVENTS | Uapi.IORING_ENTER_EXT_ARG, &argument);
        if (toSubmit != 0) CloseExactEnter();
        if (result >= 0) return false;
        switch (-result)
        {
            case Errno.ETIME:
                return true;
            case Errno.EINTR:
                _reapCounters.Interrupted++;
                return false;
            case Errno.EAGAIN or Errno.EBUSY:
                // No memory, or completions kept aside: the caller's next drain makes room.
                Interlocked.Increment(ref _submitRetries);
                Thread.Yield();
                return false;
            default:
                throw RingIsLost(-result);
        }
    }

    /// <summary>
    /// Counts what is owed for an enter that also waits (invariant 2). Internal for tests, which play the waiter that is slow to
    /// enter.
    /// </summary>
    /// <returns>False when another enter is under way, which might take counted entries first.</returns>
    internal bool TryOpenExactEnter(out uint count)
    {
        lock (_submitLock)
        {
            count = _ring.UnsubmittedCount;
            if (count == 0)
            {
                _owesEnter = false;
                return true;
            }

            if (Volatile.Read(ref _entersUnderWay) != 0) return false;
            _owesEnter = false;
            _exactIsOpen = true;
            _exactIsStolen = false;
            _exactTail = _ring.Tail;
            return true;
        }
    }

    /// <summary>The enter that <see cref="TryOpenExactEnter"/> counted for has returned.</summary>
    internal void CloseExactEnter()
    {
        // When nothing else was submitted meanwhile the enter has taken all, and nobody has to be told: but a submitter may be
        // looking, so the flag is the lock's.
        lock (_submitLock)
        {
            _exactIsOpen = false;

            // Entries are left only when the kernel had no memory, or when somebody else is about to hand his own over: entering
            // once in vain does no harm.
            if (_ring.UnsubmittedCount == 0) return;
            MarkSplitPair();
            _owesEnter = true;
        }
    }

    /// <summary>Delivers what is there, not what comes meanwhile: an endless stream does not keep the caller. Leading thread.</summary>
    /// <returns>How many requests were delivered.</returns>
    private int Drain()
    {
        uint ready = _ring.ReadyCount;
        if (ready == 0)
        {
            if (!_ring.NeedsEnterToComplete) return 0;
            EnterForEvents();
            ready = _ring.ReadyCount;
        }

        int delivered = 0;
        while (ready != 0)
        {
            int taken = _ring.TakeCompletions(_taken, ready);
            ready -= (uint)taken;
            for (int index = 0; index < taken; index++) delivered += Translate(_taken[index]);
            Deliver();
        }

        if (_ring.HasOverflow) EnterForEvents();
        _reapCounters.Reaped += delivered;
        return delivered;
    }

    private void EnterForEvents()
    {
        if (_ring.HasOverflow) _reapCounters.OverflowFlushes++;
        _reapCounters.Enters++;
        int result = _ring.Enter(0, minComplete: 0, Uapi.IORING_ENTER_GETEVENTS, null);
        if (result < 0 && result is not (-Errno.EINTR or -Errno.EAGAIN or -Errno.EBUSY)) throw RingIsLost(-result);
    }

    /// <summary>Makes a completion of what the kernel said, or a part of one.</summary>
    /// <returns>1 when a request ended with it, else 0.</returns>
    private int Translate(in CompletionEntry taken)
    {
        int kind = UserData.KindOf(taken.UserData);
        if (kind == UserData.Wake)
        {
            // A later call has to send its own; the earlier ones are answered by the flag.
            _wasWoken = true;
            Volatile.Write(ref _wakeIsOnItsWay, 0);
            return 0;
        }

        int slotIndex = UserData.SlotOf(taken.UserData);
        bool isKnown = (uint)slotIndex < (uint)_slots.Length && _slots[slotIndex].Request is not null
            && UserData.IsOf(taken.UserData, _slots[slotIndex].Generation);
        if (!isKnown)
        {
            // Nobody waits for it: an earlier life of the slot was completed already. It must not touch the present one.
            _reapCounters.Strays++;
            return 0;
        }

        ref SlotState slot = ref _slots[slotIndex];
        if (kind == UserData.Whole)
        {
            bool isPlain = taken.Result >= 0 ? slot.Flush == FlushMode.None : !IsToBeExecutedAgain(taken.Result);
            if (isPlain) Finish(ref slot, new IoOutcome(taken.Result));
            else FinishSlowly(ref slot, taken.Result);
            return 1;
        }

        if (kind == UserData.LinkedWrite)
        {
            slot.HasWriteResult = true;
            slot.WriteResult = taken.Result;
        }
        else
        {
            slot.HasFlushResult = true;
            slot.FlushResult = taken.Result;
        }

        if (!slot.HasWriteResult || !slot.HasFlushResult) return 0;
        FinishLinked(ref slot);
        return 1;
    }

    /// <summary>
    /// Whether the kernel did not do what it was asked for, for reasons that are not the caller's. ECANCELED, EINTR and EFAULT are
    /// what becomes of requests whose submitting thread exited; EAGAIN means that the kernel would not wait. EFAULT can also be
    /// real (memory that is not mapped): executing again tells, and has the same effect as once because it is the same
    /// transfer to the same place.
    /// </summary>
    private static bool IsToBeExecutedAgain(int result) => result is -Errno.ECANCELED or -Errno.EINTR or -Errno.EFAULT or -Errno.EAGAIN;

    private void FinishSlowly(ref SlotState slot, int result)
    {
        // What was collected goes out first: the following blocks.
        Deliver();
        IoRequest request = slot.Request!;
        if (result < 0)
        {
            _reapCounters.Reexecuted++;
            Finish(ref slot, request.File.Execute(request));
            return;
        }

        // A write whose flush could not be linked. A short one is reported as short, and nothing is promised.
        Finish(ref slot, result == request.LengthBytes ? Flush(request, result) : new IoOutcome(result));
    }

    private void FinishLinked(ref SlotState slot)
    {
        IoRequest request = slot.Request!;
        int written = slot.WriteResult;
        int flushed = slot.FlushResult;
        if (IsToBeExecutedAgain(written))
        {
            FinishSlowly(ref slot, written);
        }
        else if (written < 0 || written < request.LengthBytes)
        {
            // The kernel cancelled the flush; even had it not, it would not be this write's.
            Finish(ref slot, new IoOutcome(written));
        }
        else if (flushed == 0 && slot.Flush == FlushMode.Linked)
        {
            Finish(ref slot, new IoOutcome(written));
        }
        else if (flushed == 0 || IsToBeExecutedAgain(flushed))
        {
            Deliver();
            _reapCounters.FlushesRepeated++;
            Finish(ref slot, Flush(request, written));
        }
        else
        {
            Finish(ref slot, new IoOutcome(flushed, IoOutcomeDetail.FlushFailed));
        }
    }

    private static IoOutcome Flush(IoRequest request, int written)
    {
        while (Kernel.Fdatasync(((OsFile)request.File).Descriptor) != 0)
        {
            int errno = Marshal.GetLastPInvokeError();
            if (errno != Errno.EINTR) return new IoOutcome(-errno, IoOutcomeDetail.FlushFailed);
        }

        return new IoOutcome(written);
    }

    private void Finish(ref SlotState slot, IoOutcome outcome)
    {
        ulong token = slot.Token;
        slot.Request = null;
        _completions[_completionCount++] = new IoCompletion(token, outcome);
    }

    private static IoMethodException RingIsLost(int errno) =>
        new($"The kernel no longer lets io_uring wait: {Errno.Describe(errno)}. Something closed its descriptor or forbade the call; "
            + "restart the process.");

    private void Deliver()
    {
        int count = _completionCount;
        if (count == 0) return;
        _completionCount = 0;
        _sink.Complete(new ReadOnlySpan<IoCompletion>(_completions, 0, count));
    }
}
