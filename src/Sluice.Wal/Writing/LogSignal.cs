using System.Threading.Tasks.Sources;

namespace Sluice.Wal;

/// <summary>Wakes one flow; a signal that comes while it is busy is kept. One waiter, any number of signallers; allocates nothing.</summary>
internal sealed class LogSignal : PooledAwaitable
{
    private const int Quiet = 0;
    private const int Set = 1;
    private const int Waiting = 2;

    private int _state;

    // Both exchanges to Quiet are full fences: what the flow looks at next is not older than the signal they take away.

    /// <summary>Completes at the next signal, at once if there was one.</summary>
    internal ValueTask WaitAsync()
    {
        Recycle();
        return Interlocked.CompareExchange(ref _state, Waiting, Quiet) == Quiet ? Task : Consume();
    }

    internal void Raise()
    {
        if (Interlocked.Exchange(ref _state, Set) == Waiting) Signal();
    }

    public override ValueTaskSourceStatus GetStatus(short token) => IsDone(token) ? ValueTaskSourceStatus.Succeeded : ValueTaskSourceStatus.Pending;

    public override void GetResult(short token)
    {
        if (!IsDone(token)) throw new InvalidOperationException("There was no signal: await it.");
        Expire();
        Interlocked.Exchange(ref _state, Quiet);
    }

    private ValueTask Consume()
    {
        Interlocked.Exchange(ref _state, Quiet);
        return ValueTask.CompletedTask;
    }
}
