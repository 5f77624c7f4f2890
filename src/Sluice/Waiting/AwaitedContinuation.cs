using System.Diagnostics.CodeAnalysis;
using System.Threading.Tasks.Sources;

namespace Sluice;

/// <summary>
/// The continuation of one await, for pooled objects behind a <see cref="ValueTask"/>: kept, and let go on where it belongs, without
/// allocating. Code that awaits on an <see cref="AioLoop"/> goes on on that loop; other code on the scheduler that it asked for, else on
/// the thread pool; never on the thread that ends the wait.
/// </summary>
/// <remarks>
/// The field goes null, continuation, done mark, or null, done mark when the end comes first; both sides use one atomic operation, so exactly
/// one of them dispatches. The 16-bit token only guards against awaiting twice: what is waited for is the owner's to know. One user at a
/// time: a use begins with <see cref="Recycle"/> and ends with <see cref="Expire"/>.
/// </remarks>
public sealed class AwaitedContinuation : IThreadPoolWorkItem
{
    private static readonly Action<object?> s_doneMark = static _ => Invariant.Broken("The mark of a finished wait was invoked.");
    private static readonly ContextCallback s_runInContext = static state => ((AwaitedContinuation)state!).InvokeContinuation();
    private static readonly SendOrPostCallback s_runPosted = static state => ((AwaitedContinuation)state!).Run();

    private Action<object?>? _continuation;
    private Action<object?>? _dispatched;
    private object? _state;
    private object? _scheduler;
    private ExecutionContext? _executionContext;
    private short _version;
    private bool _hasContinuation;

    /// <summary>The token for the task of the current use.</summary>
    public short Version => _version;

    /// <summary>Makes it ready for another wait. Nobody uses it meanwhile.</summary>
    public void Recycle()
    {
        _hasContinuation = false;
        _continuation = null;
        _dispatched = null;
        _state = null;
        _scheduler = null;
        _executionContext = null;
    }

    /// <summary>Ends the current use: its token is not accepted any more. By whoever takes the result.</summary>
    public void Expire() => _version++;

    /// <summary>Lets the awaiting code go on. Once per use, on any thread; does not run that code here.</summary>
    public void Signal()
    {
        Action<object?>? continuation = Interlocked.Exchange(ref _continuation, s_doneMark);
        if (continuation is not null) Dispatch(continuation);
    }

    /// <summary>Whether the wait is over. Any thread.</summary>
    /// <param name="token">Of the task.</param>
    /// <exception cref="InvalidOperationException">The task is of an earlier use: it was awaited already.</exception>
    public bool IsDone(short token)
    {
        RequireToken(token);
        return ReferenceEquals(Volatile.Read(ref _continuation), s_doneMark);
    }

    /// <summary>What <see cref="IValueTaskSource.OnCompleted"/> is given: the code that goes on.</summary>
    /// <param name="continuation">The code.</param>
    /// <param name="state">What it is called with.</param>
    /// <param name="token">Of the task.</param>
    /// <param name="flags">What it wants to run in.</param>
    /// <exception cref="InvalidOperationException">The task was awaited already.</exception>
    public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
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

    void IThreadPoolWorkItem.Execute() => Run();

    /// <summary>Runs the awaiting code. On the thread that the dispatch chose.</summary>
    internal void Run()
    {
        if (_executionContext is null) InvokeContinuation();
        else ExecutionContext.Run(_executionContext, s_runInContext, this);
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
                    static state => ((AwaitedContinuation)state!).Run(),
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

    // The continuation ends by taking the result, which may put the owner into a pool and into use again: fields are read before.
    private void InvokeContinuation() => _dispatched!(_state);

    private void RequireToken(short token)
    {
        if (token != _version) RefuseToken();
    }

    [DoesNotReturn]
    private static void RefuseToken() =>
        throw new InvalidOperationException("This ValueTask was awaited already. Await it once, or take AsTask() first.");
}
