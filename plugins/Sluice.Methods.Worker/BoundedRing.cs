using System.Diagnostics.CodeAnalysis;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Sluice.Methods.Worker;

/// <summary>
/// A queue of requests with a fixed capacity, for any number of producers and consumers. Neither side ever blocks or allocates.
/// </summary>
/// <remarks>
/// <para>Algorithm: Dmitry Vyukov's bounded queue with a sequence number per slot (1024cores.net, "Bounded MPMC queue"). A slot at
/// position p (counted for ever, the index is p modulo the capacity) is</para>
/// <code>
///   sequence == p                free for the producer of position p
///   sequence == p + 1            filled, for the consumer of position p
///   sequence == p + capacity     free again, for the producer of the next round
/// </code>
/// <para>Order. A producer takes its position with a compare-exchange, fills the slot, and publishes it with a release store of the
/// sequence; that pairs with the acquire load of the sequence in <see cref="TryDequeue"/>, so a consumer sees the slot's content.
/// A consumer empties the slot and frees it with a release store of the sequence; that pairs with the acquire load in
/// <see cref="TryEnqueue"/>, so a producer never overwrites what is still being read.</para>
/// <para>Invariants: an entry is taken out exactly once (the compare-exchange on the head elects who). A full queue is said, never
/// waited for. A producer that stops between taking its position and publishing hides the entries behind it until it goes on; it
/// then wakes somebody, who finds them all: nothing is lost, see <see cref="WorkerPool"/>.</para>
/// <para>The ends lie two cache lines apart, because adjacent lines are fetched together.</para>
/// </remarks>
internal sealed class BoundedRing
{
    private readonly Slot[] _slots;
    private readonly int _mask;
    private Ends _ends;

    /// <param name="capacityMin">The least number of entries; rounded up to a power of two.</param>
    internal BoundedRing(int capacityMin)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacityMin, 2);
        int capacity = (int)BitOperations.RoundUpToPowerOf2((uint)capacityMin);
        _slots = new Slot[capacity];
        _mask = capacity - 1;
        for (int i = 0; i < capacity; i++) _slots[i].Sequence = i;
    }

    internal int Capacity => _slots.Length;

    /// <summary>How many entries are queued; stale the moment it is returned. Never negative.</summary>
    internal int Count => (int)Math.Clamp(Volatile.Read(ref _ends.Tail) - Volatile.Read(ref _ends.Head), 0, Capacity);

    /// <summary>
    /// Whether <see cref="TryDequeue"/> would find nothing. An entry whose producer has not published it yet does not count. After a full
    /// fence that pairs with the producer's fence behind its publication, "empty" can be trusted: the producer then sees what was
    /// written before this side's fence.
    /// </summary>
    internal bool IsEmpty
    {
        get
        {
            long head = Volatile.Read(ref _ends.Head);

            // A head that was overtaken shows a later sequence and counts as "not empty", which only costs another look.
            return Volatile.Read(ref _slots[(int)head & _mask].Sequence) - (head + 1) < 0;
        }
    }

    internal bool TryEnqueue(WorkerContext context, IoRequest request)
    {
        long position = Volatile.Read(ref _ends.Tail);
        while (true)
        {
            ref Slot slot = ref _slots[(int)position & _mask];
            long lead = Volatile.Read(ref slot.Sequence) - position;
            if (lead < 0) return false;
            if (lead == 0)
            {
                long seen = Interlocked.CompareExchange(ref _ends.Tail, position + 1, position);
                if (seen == position)
                {
                    slot.Context = context;
                    slot.Request = request;
                    Volatile.Write(ref slot.Sequence, position + 1);
                    return true;
                }

                position = seen;
            }
            else
            {
                position = Volatile.Read(ref _ends.Tail);
            }
        }
    }

    internal bool TryDequeue(out WorkerContext context, out IoRequest request)
    {
        long position = Volatile.Read(ref _ends.Head);
        while (true)
        {
            ref Slot slot = ref _slots[(int)position & _mask];
            long lead = Volatile.Read(ref slot.Sequence) - (position + 1);
            if (lead < 0)
            {
                Unsafe.SkipInit(out context);
                Unsafe.SkipInit(out request);
                return false;
            }

            if (lead == 0)
            {
                long seen = Interlocked.CompareExchange(ref _ends.Head, position + 1, position);
                if (seen == position)
                {
                    context = slot.Context;
                    request = slot.Request;
                    Free(ref slot, position);
                    return true;
                }

                position = seen;
            }
            else
            {
                position = Volatile.Read(ref _ends.Head);
            }
        }
    }

    /// <summary>
    /// Takes the oldest entry if it is one of this context's reads through the page cache. Looking first is safe: the exchange succeeds only
    /// if the head has not moved since, and nobody puts another entry in a slot that has not been passed.
    /// </summary>
    internal bool TryTakeBack(WorkerContext context, [NotNullWhen(true)] out IoRequest? request)
    {
        request = null;
        long position = Volatile.Read(ref _ends.Head);
        ref Slot slot = ref _slots[(int)position & _mask];
        if (Volatile.Read(ref slot.Sequence) != position + 1 || !ReferenceEquals(slot.Context, context)) return false;

        // Null, or of a later entry, when somebody takes it at this moment: then the exchange fails.
        IoRequest? candidate = slot.Request;
        if (candidate is null || candidate.Operation != IoOperation.Read || !candidate.Has(IoRequestFlags.Buffered)) return false;
        if (Interlocked.CompareExchange(ref _ends.Head, position + 1, position) != position) return false;
        request = candidate;
        Free(ref slot, position);
        return true;
    }

    // Nothing of a disposed context may be kept alive by a slot that is not used for a while.
    private void Free(ref Slot slot, long position)
    {
        slot.Context = null!;
        slot.Request = null!;
        Volatile.Write(ref slot.Sequence, position + Capacity);
    }

    private struct Slot
    {
        internal long Sequence;
        internal WorkerContext Context;
        internal IoRequest Request;
    }

    [StructLayout(LayoutKind.Explicit, Size = 384)]
    private struct Ends
    {
        [FieldOffset(128)]
        internal long Tail;

        [FieldOffset(256)]
        internal long Head;
    }
}
