namespace Sluice;

/// <summary>
/// Somebody who waits for one I/O: a node of a handle's waiter list. Pushed once per wait; taken from the list only by whoever
/// completes the I/O.
/// </summary>
/// <remarks>
/// States: waiting → signalled (by the completer) or abandoned (by the waiter: time up, cancelled, pushed too late). One
/// compare-exchange decides between the two. An abandoned node stays in the list until the completer drops it, so it must not be used
/// again.
/// </remarks>
internal abstract class Waiter
{
    /// <summary>Stands at the head of a list whose I/O is over.</summary>
    internal static readonly Waiter ListClosed = new Mark();

    private const int Waiting = 0;
    private const int Signalled = 1;
    private const int Abandoned = 2;

    private int _state;

    internal Waiter? Next { get; set; }

    /// <summary>The distilled result, written before the waiter is signalled.</summary>
    internal AioResult Result { get; set; }

    internal bool IsSignalled => Volatile.Read(ref _state) == Signalled;

    internal void Rearm() => Volatile.Write(ref _state, Waiting);

    internal bool TryAbandon() => Interlocked.CompareExchange(ref _state, Abandoned, Waiting) == Waiting;

    /// <summary>Signals every waiter of a list that was taken from a handle.</summary>
    internal static void SignalAll(Waiter? waiter)
    {
        while (waiter is not null)
        {
            // Once signalled, the node may be in use again.
            Waiter? next = waiter.Next;
            waiter.Next = null;
            if (Interlocked.CompareExchange(ref waiter._state, Signalled, Waiting) == Waiting) waiter.OnSignalled();
            waiter = next;
        }
    }

    /// <summary>On the thread that completed the I/O: must not block.</summary>
    protected abstract void OnSignalled();

    private sealed class Mark : Waiter
    {
        protected override void OnSignalled()
        {
        }
    }
}
