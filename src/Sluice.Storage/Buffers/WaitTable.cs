namespace Sluice.Storage;

/// <summary>
/// Who waits for buffers: for content locks, for I/O that has no wait reference yet, for the last pin to go. A side table, because waiting
/// is rare and a queue in every descriptor would cost a cache line each.
/// </summary>
/// <remarks>
/// <para>Invariants:</para>
/// <list type="number">
/// <item>A waiter is put into its stripe's list, and the buffer's flag for its kind is set, under the stripe's lock in one piece; the flag
/// is set by a compare-exchange that also sees that the wait is needed. Whoever ends what is waited for changes the state word with an
/// atomic operation whose old value tells it about the flag, and then takes the stripe's lock: it finds the waiter there. So no wake-up is
/// lost.</item>
/// <item>A content lock is handed over: the bits are set for the waiter before it wakes. While <see cref="BufferState.LockWaiters"/> is
/// set, nobody takes a lock past the queue, so an exclusive locker is not starved by readers.</item>
/// <item>Nobody sleeps in a queue for what an I/O holds: a write's lock and pin go with its completion, which under a driven method comes
/// only while somebody drives. Who finds a wait reference waits for that, which drives; who queued before there was one is sent to look
/// again when it is attached (<see cref="SendToLookAgain"/>), or by itself when it was attached while it queued.</item>
/// <item>The locks of the stripes are leaves: nothing is waited for and nothing is woken inside.</item>
/// </list>
/// </remarks>
internal sealed unsafe class WaitTable : IWaitList
{
    internal const int IoKind = 3;
    internal const int UnpinKind = 4;

    private const int StripeCount = 64;

    private readonly BufferFrames _frames;
    private readonly Stripe[] _stripes = new Stripe[StripeCount];

    internal WaitTable(BufferFrames frames)
    {
        _frames = frames;
        for (int index = 0; index < StripeCount; index++) _stripes[index] = new Stripe();
    }

    /// <summary>Takes a content lock, or queues for it.</summary>
    /// <param name="index">The buffer; pinned by the caller.</param>
    /// <param name="mode">How.</param>
    /// <param name="isBlocking">Whether the caller will block rather than await.</param>
    /// <returns>The waiter; null when the lock was taken.</returns>
    internal StorageWaiter? LockOrQueue(int index, ContentLockMode mode, bool isBlocking)
    {
        ref ulong word = ref _frames.StateOf(index);
        ulong conflicts = BufferState.Conflicts(mode) | BufferState.LockWaiters;
        Stripe stripe = StripeOf(index);
        StorageWaiter waiter;
        lock (stripe)
        {
            while (true)
            {
                ulong state = Volatile.Read(ref word);
                bool isFree = (state & conflicts) == 0;
                ulong next = isFree ? state + BufferState.LockBits(mode) : state | BufferState.LockWaiters;
                if (Interlocked.CompareExchange(ref word, next, state) != state) continue;
                if (isFree) return null;
                waiter = StorageWaiter.Rent(this, index, (int)mode, isBlocking);
                stripe.Add(waiter);
                break;
            }
        }

        LookForReference(index);
        return waiter;
    }

    /// <summary>Queues for the end of an I/O.</summary>
    /// <returns>The waiter; null when none is in progress.</returns>
    internal StorageWaiter? QueueForIo(int index, bool isBlocking) =>
        QueueWhile(index, BufferState.IoInProgress, BufferState.IoWaiters, IoKind, isBlocking);

    /// <summary>Queues for the last pin to go.</summary>
    /// <returns>The waiter; null when nobody pins it.</returns>
    internal StorageWaiter? QueueForUnpin(int index, bool isBlocking) =>
        QueueWhile(index, BufferState.PinMask, BufferState.UnpinWaiters, UnpinKind, isBlocking);

    /// <summary>Hands the lock of a buffer to those who waited longest. After a lock was given back and the flag was seen.</summary>
    internal void GrantLocks(int index)
    {
        StorageWaiter? woken;
        Stripe stripe = StripeOf(index);
        lock (stripe) woken = Grant(stripe, index);
        SignalAll(woken, granted: true);
    }

    /// <summary>Wakes all who wait for the I/O of a buffer, or for its last pin. After the flag was seen and cleared.</summary>
    internal void Wake(int index, int kind)
    {
        StorageWaiter? woken;
        Stripe stripe = StripeOf(index);
        lock (stripe) woken = stripe.TakeAll(index, kind, kind);
        SignalAll(woken, granted: true);
    }

    /// <summary>
    /// Wakes all who wait for a buffer before its I/O had a wait reference, because it has one now: they look again. Flags of I/O and pins
    /// are left: who queues meanwhile is woken by the end of what it waits for.
    /// </summary>
    internal void SendToLookAgain(int index)
    {
        StorageWaiter? woken;
        StorageWaiter? granted;
        Stripe stripe = StripeOf(index);
        lock (stripe)
        {
            woken = stripe.TakeAll(index, (int)ContentLockMode.Share, UnpinKind);

            // Clears the flag that says that there are lockers.
            granted = Grant(stripe, index);
        }

        SignalAll(granted, granted: true);
        SignalAll(woken, granted: false);
    }

    public bool TryRemove(StorageWaiter waiter)
    {
        StorageWaiter? woken = null;
        Stripe stripe = StripeOf(waiter.Key);
        lock (stripe)
        {
            if (!stripe.Remove(waiter)) return false;

            // Those behind one that gave up may have waited only for it, and the flag may have to go.
            if (waiter.Kind < IoKind) woken = Grant(stripe, waiter.Key);
        }

        SignalAll(woken, granted: true);
        return true;
    }

    private StorageWaiter? QueueWhile(int index, ulong condition, ulong flag, int kind, bool isBlocking)
    {
        ref ulong word = ref _frames.StateOf(index);
        Stripe stripe = StripeOf(index);
        StorageWaiter waiter;
        lock (stripe)
        {
            while (true)
            {
                ulong state = Volatile.Read(ref word);
                if ((state & condition) == 0) return null;
                if (Interlocked.CompareExchange(ref word, state | flag, state) != state) continue;
                waiter = StorageWaiter.Rent(this, index, kind, isBlocking);
                stripe.Add(waiter);
                break;
            }
        }

        LookForReference(index);
        return waiter;
    }

    // Whoever attached the reference between the caller's look and the queue saw no waiter. The flag was set before this look (a full
    // fence); the reference is stored before the flag is looked at (BufferFrames.AttachReference): one of the two sees the other.
    private void LookForReference(int index)
    {
        if (_frames.CopyReference(index, out WaitReference reference) && reference.IsValid) SendToLookAgain(index);
    }

    private StorageWaiter? Grant(Stripe stripe, int index)
    {
        ref ulong word = ref _frames.StateOf(index);
        StorageWaiter? woken = null;
        while (true)
        {
            StorageWaiter? first = stripe.FirstLocker(index, out bool isLast);
            ulong state = Volatile.Read(ref word);
            ulong next;
            if (first is null)
            {
                if ((state & BufferState.LockWaiters) == 0) return woken;
                next = state & ~BufferState.LockWaiters;
            }
            else
            {
                ContentLockMode mode = (ContentLockMode)first.Kind;
                if ((state & BufferState.Conflicts(mode)) != 0) return woken;
                next = state + BufferState.LockBits(mode);
                if (isLast) next &= ~BufferState.LockWaiters;
            }

            if (Interlocked.CompareExchange(ref word, next, state) != state) continue;
            if (first is null) return woken;
            stripe.Remove(first);
            first.Next = woken;
            woken = first;
        }
    }

    private Stripe StripeOf(int index) => _stripes[index & (StripeCount - 1)];

    private static void SignalAll(StorageWaiter? waiter, bool granted)
    {
        while (waiter is not null)
        {
            // After the signal the waiter may be in other hands.
            StorageWaiter? next = waiter.Next;
            waiter.Next = null;
            waiter.Signal(granted);
            waiter = next;
        }
    }

    /// <summary>A list in order of arrival; also its own lock.</summary>
    private sealed class Stripe
    {
        private StorageWaiter? _first;

        internal void Add(StorageWaiter waiter)
        {
            waiter.Next = null;
            if (_first is null)
            {
                _first = waiter;
                return;
            }

            StorageWaiter last = _first;
            while (last.Next is not null) last = last.Next;
            last.Next = waiter;
        }

        internal StorageWaiter? FirstLocker(int index, out bool isLast)
        {
            StorageWaiter? found = null;
            isLast = true;
            for (StorageWaiter? waiter = _first; waiter is not null; waiter = waiter.Next)
            {
                if (waiter.Key != index || waiter.Kind >= IoKind) continue;
                if (found is not null)
                {
                    isLast = false;
                    break;
                }

                found = waiter;
            }

            return found;
        }

        internal bool Remove(StorageWaiter waiter)
        {
            StorageWaiter? previous = null;
            for (StorageWaiter? other = _first; other is not null; previous = other, other = other.Next)
            {
                if (!ReferenceEquals(other, waiter)) continue;
                if (previous is null) _first = waiter.Next;
                else previous.Next = waiter.Next;
                waiter.Next = null;
                return true;
            }

            return false;
        }

        internal StorageWaiter? TakeAll(int index, int firstKind, int lastKind)
        {
            StorageWaiter? taken = null;
            StorageWaiter? previous = null;
            StorageWaiter? waiter = _first;
            while (waiter is not null)
            {
                StorageWaiter? next = waiter.Next;
                if (waiter.Key == index && waiter.Kind >= firstKind && waiter.Kind <= lastKind)
                {
                    if (previous is null) _first = next;
                    else previous.Next = next;
                    waiter.Next = taken;
                    taken = waiter;
                }
                else
                {
                    previous = waiter;
                }

                waiter = next;
            }

            return taken;
        }
    }
}
