using System.Threading.Tasks.Sources;

namespace Sluice.Storage;

/// <summary>
/// One wait on a buffer or on a lock of the pool: blocking or awaited, pooled, so that waiting allocates nothing once warm.
/// </summary>
/// <remarks>
/// <para>The outcome goes from none to done exactly once, by whoever takes the waiter out of the list it stands in, under that list's lock:
/// the one that ends the wait, or the waiter itself when it gives up.</para>
/// <para>The continuation field goes null, continuation, done mark, or null, done mark when the end comes first; both sides use one exchange,
/// so exactly one of them dispatches. On an <see cref="AioLoop"/> the awaiting code goes on on the loop, else on the thread pool: never
/// inside the flow that ended the wait.</para>
/// </remarks>
internal sealed class StorageWaiter : IValueTaskSource<bool>, IValueTaskSource, IThreadPoolWorkItem
{
    private static readonly Action<object?> s_doneMark = static _ => throw new InvalidOperationException("The mark of a finished wait was invoked.");
    private static readonly SendOrPostCallback s_runPosted = static state => ((StorageWaiter)state!).Run();
    private static readonly Lock s_poolLock = new();
    private static StorageWaiter? s_pool;

    private readonly ManualResetEventSlim _event = new(initialState: false);
    private Action<object?>? _continuation;
    private Action<object?>? _dispatched;
    private object? _state;
    private SynchronizationContext? _scheduler;
    private ExecutionContext? _executionContext;
    private CancellationTokenRegistration _registration;
    private CancellationToken _cancellationToken;
    private IWaitList? _list;
    private bool _isBlocking;
    private bool _wasGivenUp;
    private bool _wasGranted;
    private short _version;

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
        waiter._continuation = null;
        waiter._event.Reset();
        return waiter;
    }

    /// <summary>Gives back a waiter that never stood in a list, or whose wait is over.</summary>
    internal void Return()
    {
        _version++;
        _dispatched = null;
        _state = null;
        _scheduler = null;
        _executionContext = null;
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

        Action<object?>? continuation = Interlocked.Exchange(ref _continuation, s_doneMark);
        if (continuation is not null) Dispatch(continuation);
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
        ValueTask<bool> task = new(this, _version);
        LetCancel(cancellationToken);
        return task;
    }

    /// <summary>The wait as a task without a value. After the waiter stands in its list.</summary>
    internal ValueTask AsPlainTask(CancellationToken cancellationToken)
    {
        ValueTask task = new(this, _version);
        LetCancel(cancellationToken);
        return task;
    }

    public ValueTaskSourceStatus GetStatus(short token)
    {
        RequireToken(token);
        if (!ReferenceEquals(Volatile.Read(ref _continuation), s_doneMark)) return ValueTaskSourceStatus.Pending;
        return _wasGivenUp ? ValueTaskSourceStatus.Canceled : ValueTaskSourceStatus.Succeeded;
    }

    public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
    {
        RequireToken(token);
        _state = state;
        if ((flags & ValueTaskSourceOnCompletedFlags.FlowExecutionContext) != 0) _executionContext = ExecutionContext.Capture();
        bool takesContext = AioLoop.Current is not null || (flags & ValueTaskSourceOnCompletedFlags.UseSchedulingContext) != 0;
        _scheduler = takesContext ? SynchronizationContext.Current : null;
        Action<object?>? previous = Interlocked.CompareExchange(ref _continuation, continuation, null);
        if (previous is null) return;
        if (!ReferenceEquals(previous, s_doneMark)) throw new InvalidOperationException("This ValueTask was awaited already. Await it once, or take AsTask() first.");
        Dispatch(continuation);
    }

    public bool GetResult(short token)
    {
        RequireToken(token);

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

    void IThreadPoolWorkItem.Execute() => Run();

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

    private void Dispatch(Action<object?> continuation)
    {
        _dispatched = continuation;
        if (_scheduler is null) ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        else _scheduler.Post(s_runPosted, this);
    }

    private void Run()
    {
        if (_executionContext is null) _dispatched!(_state);
        else ExecutionContext.Run(_executionContext, static state => ((StorageWaiter)state!).Invoke(), this);
    }

    private void Invoke() => _dispatched!(_state);

    private void RequireToken(short token)
    {
        if (token != _version) throw new InvalidOperationException("This ValueTask was awaited already. Await it once, or take AsTask() first.");
    }
}
