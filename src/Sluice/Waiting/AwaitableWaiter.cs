using System.Diagnostics.CodeAnalysis;
using System.Threading.Tasks.Sources;

namespace Sluice;

/// <summary>
/// The part of a pooled awaitable that keeps and dispatches the continuation, without allocating: the object itself is the
/// thread-pool work item. The 16-bit token of <see cref="ValueTask"/> only guards against awaiting twice; which I/O is meant is
/// decided by 64-bit generations elsewhere.
/// </summary>
/// <remarks>
/// The continuation field goes null → continuation → done mark, or null → done mark when completion comes first; both sides use
/// one atomic exchange, so exactly one of them dispatches.
/// </remarks>
internal abstract class AwaitableWaiter : Waiter, IThreadPoolWorkItem
{
    private static readonly Action<object?> s_doneMark = static _ => Invariant.Broken("The mark of a finished wait was invoked.");
    private static readonly ContextCallback s_runInContext = static state => ((AwaitableWaiter)state!).InvokeContinuation();
    private static readonly SendOrPostCallback s_runPosted = static state => ((AwaitableWaiter)state!).Run();

    private Action<object?>? _continuation;
    private Action<object?>? _dispatched;
    private object? _state;
    private object? _scheduler;
    private ExecutionContext? _executionContext;
    private short _version;
    private bool _hasContinuation;

    /// <summary>The token for the ValueTask of the current use.</summary>
    protected short Version => _version;

    /// <summary>Makes the object ready for another wait. Tokens of earlier ones are no longer accepted.</summary>
    protected void Recycle()
    {
        _hasContinuation = false;
        _continuation = null;
        _dispatched = null;
        _state = null;
        _scheduler = null;
        _executionContext = null;
    }

    /// <summary>Ends the current use: its token is not accepted any more.</summary>
    protected void Expire() => _version++;

    /// <summary>Lets the awaiting code go on. Called once per use, on any thread; does not run that code here.</summary>
    protected void SignalAwaiter()
    {
        Action<object?>? continuation = Interlocked.Exchange(ref _continuation, s_doneMark);
        if (continuation is not null) Dispatch(continuation);
    }

    /// <summary>Whether the result is there.</summary>
    protected bool IsAwaitDone(short token)
    {
        RequireToken(token);
        return ReferenceEquals(Volatile.Read(ref _continuation), s_doneMark);
    }

    protected void RequireToken(short token)
    {
        if (token != _version) RefuseToken();
    }

    protected void RegisterContinuation(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
    {
        RequireToken(token);

        // Before anything is stored: a second await must not change what the first one will be called with.
        if (_hasContinuation) RefuseToken();
        _hasContinuation = true;
        _state = state;
        if ((flags & ValueTaskSourceOnCompletedFlags.FlowExecutionContext) != 0) _executionContext = ExecutionContext.Capture();
        _scheduler = AioLoop.Current ?? CaptureScheduler(flags);
        Action<object?>? previous = Interlocked.CompareExchange(ref _continuation, continuation, null);
        if (previous is null) return;
        if (!ReferenceEquals(previous, s_doneMark)) RefuseToken();
        Dispatch(continuation);
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
        switch (_scheduler)
        {
            case null:
                ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
                break;
            case AioLoop loop:
                loop.Enqueue(this);
                break;
            default:
                DispatchForeign(_scheduler);
                break;
        }
    }

    private void DispatchForeign(object scheduler)
    {
        try
        {
            if (scheduler is SynchronizationContext context) context.Post(s_runPosted, this);
            else
            {
                _ = Task.Factory.StartNew(
                    static state => ((AwaitableWaiter)state!).Run(),
                    this,
                    CancellationToken.None,
                    TaskCreationOptions.DenyChildAttach,
                    (TaskScheduler)scheduler);
            }
        }
        catch (Exception)
        {
            // A scheduler that ended refuses (a closed window's, say). This is a completing thread, which must go on, and so must the
            // awaiting code.
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        }
    }

    void IThreadPoolWorkItem.Execute() => Run();

    /// <summary>Runs the awaiting code. On the thread that the dispatch chose.</summary>
    internal void Run()
    {
        if (_executionContext is null) InvokeContinuation();
        else ExecutionContext.Run(_executionContext, s_runInContext, this);
    }

    // The continuation ends by taking the result, which may put the object into a pool and into use again: fields are read before.
    private void InvokeContinuation() => _dispatched!(_state);

    [DoesNotReturn]
    private static void RefuseToken() =>
        throw new InvalidOperationException("This ValueTask was awaited already. Await it once, or take AsTask() first.");
}
