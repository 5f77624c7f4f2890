using System.Diagnostics.CodeAnalysis;
using System.Threading.Tasks.Sources;

namespace Sluice.Wal;

/// <summary>
/// The part of a pooled awaitable that keeps and dispatches the continuation without allocating. Code that awaits on an
/// <see cref="AioLoop"/> goes on there; other code on the scheduler it asked for, else on the thread pool; never on the completing thread.
/// </summary>
/// <remarks>
/// The continuation field goes null → continuation → done mark, or null → done mark when completion comes first; both sides use one
/// atomic operation, so exactly one of them dispatches.
/// </remarks>
internal abstract class PooledAwaitable : IValueTaskSource, IThreadPoolWorkItem
{
    private static readonly Action<object?> s_doneMark = static _ => throw new InvalidOperationException("The mark of a finished wait was invoked.");
    private static readonly ContextCallback s_runInContext = static state => ((PooledAwaitable)state!).InvokeContinuation();
    private static readonly SendOrPostCallback s_runPosted = static state => ((PooledAwaitable)state!).Run();

    private Action<object?>? _continuation;
    private Action<object?>? _dispatched;
    private object? _state;
    private object? _scheduler;
    private ExecutionContext? _executionContext;
    private short _version;

    internal ValueTask Task => new(this, _version);

    /// <summary>The token of the current use.</summary>
    protected short Version => _version;

    /// <summary>Makes the object ready for another wait.</summary>
    protected void Recycle()
    {
        _continuation = null;
        _dispatched = null;
        _state = null;
        _scheduler = null;
        _executionContext = null;
    }

    /// <summary>Ends the current use: its token is not accepted any more.</summary>
    protected void Expire() => _version++;

    /// <summary>Lets the awaiting code go on. Once per use, on any thread; does not run that code here.</summary>
    internal void Signal()
    {
        Action<object?>? continuation = Interlocked.Exchange(ref _continuation, s_doneMark);
        if (continuation is not null) Dispatch(continuation);
    }

    public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
    {
        RequireToken(token);
        _state = state;
        if ((flags & ValueTaskSourceOnCompletedFlags.FlowExecutionContext) != 0) _executionContext = ExecutionContext.Capture();
        _scheduler = AioLoop.Current is null ? CaptureScheduler(flags) : SynchronizationContext.Current;
        Action<object?>? previous = Interlocked.CompareExchange(ref _continuation, continuation, null);
        if (previous is null) return;
        if (!ReferenceEquals(previous, s_doneMark)) RefuseToken();
        Dispatch(continuation);
    }

    public abstract ValueTaskSourceStatus GetStatus(short token);

    public abstract void GetResult(short token);

    void IThreadPoolWorkItem.Execute() => Run();

    protected bool IsDone(short token)
    {
        RequireToken(token);
        return ReferenceEquals(Volatile.Read(ref _continuation), s_doneMark);
    }

    private static object? CaptureScheduler(ValueTaskSourceOnCompletedFlags flags)
    {
        if ((flags & ValueTaskSourceOnCompletedFlags.UseSchedulingContext) == 0) return null;
        SynchronizationContext? context = SynchronizationContext.Current;
        if (context is not null && context.GetType() != typeof(SynchronizationContext)) return context;
        TaskScheduler scheduler = TaskScheduler.Current;
        return ReferenceEquals(scheduler, TaskScheduler.Default) ? null : scheduler;
    }

    private void Dispatch(Action<object?> continuation)
    {
        _dispatched = continuation;
        try
        {
            if (_scheduler is null) ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
            else if (_scheduler is SynchronizationContext context) context.Post(s_runPosted, this);
            else _ = System.Threading.Tasks.Task.Factory.StartNew(static state => ((PooledAwaitable)state!).Run(), this, CancellationToken.None, TaskCreationOptions.DenyChildAttach, (TaskScheduler)_scheduler);
        }
        catch (Exception)
        {
            // A scheduler that ended refuses. This is a completing thread, which must go on, and so must the awaiting code.
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        }
    }

    private void Run()
    {
        if (_executionContext is null) InvokeContinuation();
        else ExecutionContext.Run(_executionContext, s_runInContext, this);
    }

    private void InvokeContinuation() => _dispatched!(_state);

    private void RequireToken(short token)
    {
        if (token != _version) RefuseToken();
    }

    [DoesNotReturn]
    private static void RefuseToken() =>
        throw new InvalidOperationException("This ValueTask was awaited already. Await it once, or take AsTask() first.");
}
