using System.Threading.Tasks.Sources;

namespace Sluice.Storage;

/// <summary>
/// One wait on a buffer or on a lock of the pool: blocking or awaited, pooled, so that waiting allocates nothing once warm.
/// </summary>
/// <remarks>
/// <para>The outcome goes from none to done exactly once, by whoever takes the waiter out of the list it stands in, under that list's lock:
/// the one that ends the wait, or the waiter itself when it gives up.</para>
/// <para>Awaiting code never goes on inside the flow that ended the wait: see <see cref="AwaitedContinuation"/>.</para>
/// </remarks>
internal sealed class StorageWaiter : IValueTaskSource<bool>, IValueTaskSource
{
    private static readonly Lock s_poolLock = new();
    private static StorageWaiter? s_pool;

    private readonly ManualResetEventSlim _event = new(initialState: false);
    private readonly AwaitedContinuation _awaited = new();
    private CancellationTokenRegistration _registration;
    private CancellationToken _cancellationToken;
    private IWaitList? _list;
    private bool _isBlocking;
    private bool _wasGivenUp;
    private bool _wasGranted;

    private StorageWaiter()
    {
    }

    /// <summary>What a list keeps about the wait: the buffer.</summary>
    internal int Key { get; private set; }

    /// <summary>What a list keeps about the wait: its kind.</summary>
    internal int Kind { get; private set; }

    internal StorageWaiter? Next { get; set; }

    /// <summary>Takes a waiter for one wait.</summary>
    internal static StorageWaiter Rent(IWaitList list, int key, int kind, bool isBlocking)
    {
        StorageWaiter? waiter;
        lock (s_poolLock)
        {
            waiter = s_pool;
            if (waiter is not null) s_pool = waiter.Next;
        }

        waiter ??= new StorageWaiter();
        waiter.Next = null;
        waiter.Key = key;
        waiter.Kind = kind;
        waiter._list = list;
        waiter._isBlocking = isBlocking;
        waiter._wasGivenUp = false;
        waiter._event.Reset();
        return waiter;
    }

    /// <summary>Gives back a waiter that never stood in a list, or whose wait is over.</summary>
    internal void Return()
    {
        _awaited.Expire();
        _awaited.Recycle();
        _list = null;
        lock (s_poolLock)
        {
            Next = s_pool;
            s_pool = this;
        }
    }

    /// <summary>Ends the wait. The waiter was taken out of its list by the caller.</summary>
    /// <param name="granted">Whether it has what it waited for; false when it has to look again.</param>
    internal void Signal(bool granted)
    {
        _wasGranted = granted;
        if (_isBlocking)
        {
            _event.Set();
            return;
        }

        _awaited.Signal();
    }

    /// <summary>Blocks until the wait is over.</summary>
    /// <returns>Whether it has what it waited for; false when it has to look again.</returns>
    /// <exception cref="OperationCanceledException">The token ended it; what was waited for was not given.</exception>
    internal bool Block(CancellationToken cancellationToken)
    {
        try
        {
            _event.Wait(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            if (_list!.TryRemove(this))
            {
                Return();
                throw;
            }

            // It was given at the same moment: then it counts.
            _event.Wait(CancellationToken.None);
        }

        bool wasGranted = _wasGranted;
        Return();
        return wasGranted;
    }

    /// <summary>The wait as a task, with whether it has what it waited for. After the waiter stands in its list.</summary>
    internal ValueTask<bool> AsTask(CancellationToken cancellationToken)
    {
        ValueTask<bool> task = new(this, _awaited.Version);
        LetCancel(cancellationToken);
        return task;
    }

    /// <summary>The wait as a task without a value. After the waiter stands in its list.</summary>
    internal ValueTask AsPlainTask(CancellationToken cancellationToken)
    {
        ValueTask task = new(this, _awaited.Version);
        LetCancel(cancellationToken);
        return task;
    }

    public ValueTaskSourceStatus GetStatus(short token)
    {
        if (!_awaited.IsDone(token)) return ValueTaskSourceStatus.Pending;
        return _wasGivenUp ? ValueTaskSourceStatus.Canceled : ValueTaskSourceStatus.Succeeded;
    }

    public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _awaited.OnCompleted(continuation, state, token, flags);

    public bool GetResult(short token)
    {
        if (!_awaited.IsDone(token)) StorageInvariant.Broken("The wait is not over: await it.");

        // Disposing a registration waits for its callback, so that one cannot meet the next use.
        _registration.Dispose();
        _registration = default;
        bool wasGivenUp = _wasGivenUp;
        bool wasGranted = _wasGranted;
        CancellationToken cancellationToken = _cancellationToken;
        _cancellationToken = default;
        Return();
        if (wasGivenUp) cancellationToken.ThrowIfCancellationRequested();
        return wasGranted;
    }

    void IValueTaskSource.GetResult(short token) => GetResult(token);

    private void LetCancel(CancellationToken cancellationToken)
    {
        if (!cancellationToken.CanBeCanceled) return;
        _cancellationToken = cancellationToken;
        _registration = cancellationToken.UnsafeRegister(static state => ((StorageWaiter)state!).GiveUp(), this);
    }

    private void GiveUp()
    {
        if (!_list!.TryRemove(this)) return;
        _wasGivenUp = true;
        Signal(granted: false);
    }
}
