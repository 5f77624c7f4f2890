using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;

namespace Sluice;

/// <summary>
/// A thread that owns a context and runs asynchronous code on it: reap, run what became ready, submit what that staged, block.
/// Every await inside goes on on the same thread, without a hop, a lock or an allocation; one thread keeps many I/Os in flight with
/// plain <c>await</c>. Inside, started I/Os are staged and submitted together when nothing is left to run.
/// </summary>
/// <remarks>
/// Code on the loop must not block: nothing else on the loop runs meanwhile. The loop is also a
/// <see cref="SynchronizationContext"/>, so awaits of other things come back to it as well.
/// </remarks>
public sealed class AioLoop : IDisposable
{
    // How many continuations run before completions are looked at again: enough to fill a batch, few enough to keep latency even.
    private const int RunMax = 64;

    [ThreadStatic]
    private static AioLoop? t_current;

    private readonly ConcurrentQueue<WorkItem> _remote = new();
    private readonly LoopSynchronizationContext _synchronizationContext;
    private readonly Thread? _thread;
    private WorkItem[] _ready = new WorkItem[256];
    private int _readyFirst;
    private int _readyCount;
    private int _isBlocked;
    private volatile bool _isStopping;
    private int _isDisposed;
    private int _hasBegun;
    private int _hasEnded;
    private int _invocationCount;
    private readonly ManualResetEventSlim _ended = new(initialState: false);

    internal AioLoop(AioContext context, bool ownThread)
    {
        Context = context;
        context.Loop = this;
        _synchronizationContext = new LoopSynchronizationContext(this);
        if (!ownThread) return;
        _thread = new Thread(RunThread) { IsBackground = true, Name = $"sluice-loop-{context.Id}" };
        _thread.Start();
    }

    /// <summary>The loop whose code the calling thread runs; null outside.</summary>
    public static AioLoop? Current => t_current;

    /// <summary>The loop's context. Only for code that runs on the loop.</summary>
    public AioContext Context { get; }

    /// <summary>Runs asynchronous code on the loop. Any thread.</summary>
    /// <param name="work">The code.</param>
    /// <returns>Completes when the code has ended, with its exception if it threw.</returns>
    public Task InvokeAsync(Func<Task> work)
    {
        ArgumentNullException.ThrowIfNull(work);

        // Counted before the look: a loop that ends waits for what was counted before it stopped.
        Interlocked.Increment(ref _invocationCount);
        if (_isStopping)
        {
            InvocationEnded();
            throw new ObjectDisposedException(nameof(AioLoop));
        }

        TaskCompletionSource<Task> started = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Post(
            static state =>
            {
                (Func<Task> work, TaskCompletionSource<Task> started) = ((Func<Task>, TaskCompletionSource<Task>))state!;
                try
                {
                    started.SetResult(work());
                }
                catch (Exception exception)
                {
                    started.SetException(exception);
                }
            },
            (work, started));
        Task ended = started.Task.Unwrap();
        _ = ended.ContinueWith(
            static (_, state) => ((AioLoop)state!).InvocationEnded(),
            this,
            CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
        return ended;
    }

    /// <summary>Runs asynchronous code on the loop and gives its result. Any thread.</summary>
    /// <typeparam name="T">The kind of result.</typeparam>
    /// <param name="work">The code.</param>
    public async Task<T> InvokeAsync<T>(Func<Task<T>> work)
    {
        T result = default!;
        await InvokeAsync(async () => { result = await work(); }).ConfigureAwait(false);
        return result;
    }

    /// <summary>Ends the loop when all code that was given to it has ended, and waits for that. Not from the loop itself.</summary>
    public void Dispose()
    {
        Invariant.Check(!ReferenceEquals(t_current, this), "A loop cannot be disposed by code that runs on it.");
        if (Interlocked.Exchange(ref _isDisposed, 1) != 0) return;
        EndWithSystem();
        Context.Dispose();
    }

    /// <summary>Waits until the loop's code has ended, and lets the thread end. The context is left to the caller.</summary>
    internal void EndWithSystem()
    {
        if (_thread is not null)
        {
            _isStopping = true;
            Context.WakeOwner();
            _thread.Join();
        }
        else if (Volatile.Read(ref _hasBegun) != 0)
        {
            _ended.Wait();
        }
    }

    /// <summary>
    /// Runs asynchronous code to its end on the calling thread, which becomes the loop's meanwhile. For a loop made by
    /// <see cref="AioSystem.RunLoop"/>.
    /// </summary>
    internal void RunToEnd(Func<Task> work)
    {
        AioLoop? outer = t_current;
        Invariant.Check(outer is null, "A loop cannot run inside another loop's code.");
        SynchronizationContext? outerContext = SynchronizationContext.Current;
        Enter();
        try
        {
            Task task = work();

            // The last continuation may run on the loop, with nothing left in flight, or elsewhere: neither may leave it blocked.
            _ = task.ContinueWith(
                static (_, state) => ((AioLoop)state!).Post(static _ => { }, null),
                this,
                CancellationToken.None,
                TaskContinuationOptions.ExecuteSynchronously,
                TaskScheduler.Default);
            while (!task.IsCompleted) Turn();
            ExceptionDispatchInfo? failure = task.IsCompletedSuccessfully
                ? null
                : ExceptionDispatchInfo.Capture(task.Exception?.InnerException ?? new TaskCanceledException(task));
            failure?.Throw();
        }
        finally
        {
            Leave(outerContext);
        }
    }

    /// <summary>Makes a finished wait go on. Any thread.</summary>
    internal void Enqueue(AwaitedContinuation awaited) => Enqueue(new WorkItem(null, awaited));

    internal void Post(SendOrPostCallback callback, object? state) => Enqueue(new WorkItem(callback, state));

    private void Enqueue(WorkItem item)
    {
        if (ReferenceEquals(t_current, this))
        {
            AddReady(item);
            return;
        }

        _remote.Enqueue(item);

        // Pairs with the fences between declaring the loop blocked, or ended, and looking at the queue again.
        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref _hasEnded) != 0) HandOverLeftovers();
        else if (Volatile.Read(ref _isBlocked) != 0) Context.WakeOwner();
    }

    private void RunThread()
    {
        Enter();
        try
        {
            while (!_isStopping || Volatile.Read(ref _invocationCount) != 0 || _readyCount != 0 || !_remote.IsEmpty) Turn();
        }
        finally
        {
            Leave(null);
        }
    }

    private void Enter()
    {
        Volatile.Write(ref _hasBegun, 1);
        t_current = this;
        SynchronizationContext.SetSynchronizationContext(_synchronizationContext);
        Context.BecomeLoops();
    }

    private void Leave(SynchronizationContext? outerContext)
    {
        SynchronizationContext.SetSynchronizationContext(outerContext);
        Context.NoLongerLoops();
        t_current = null;
        for (; _readyCount != 0; _readyCount--)
        {
            _remote.Enqueue(_ready[_readyFirst]);
            _readyFirst = (_readyFirst + 1) & (_ready.Length - 1);
        }

        Volatile.Write(ref _hasEnded, 1);
        Interlocked.MemoryBarrier();
        HandOverLeftovers();
        _ended.Set();
    }

    // Nobody runs here any more: what was left, and what comes late, goes on on the thread pool instead of never.
    private void HandOverLeftovers()
    {
        while (_remote.TryDequeue(out WorkItem item))
        {
            ThreadPool.UnsafeQueueUserWorkItem(static item => RunItem(item), item, preferLocal: false);
        }
    }

    private void InvocationEnded()
    {
        Interlocked.Decrement(ref _invocationCount);
        if (_isStopping) Context.WakeOwner();
    }

    private void Turn()
    {
        while (_remote.TryDequeue(out WorkItem item)) AddReady(item);
        int count = Math.Min(_readyCount, RunMax);
        for (int index = 0; index < count; index++) RunOne();
        Context.PumpPending();
        if (_readyCount != 0)
        {
            Context.TurnWithoutBlocking();
            return;
        }

        Volatile.Write(ref _isBlocked, 1);

        // Pairs with the fence in Enqueue: either it sees the loop blocked, or the loop sees what it queued.
        Interlocked.MemoryBarrier();
        bool mayEnd = _isStopping && Volatile.Read(ref _invocationCount) == 0;
        if (_remote.IsEmpty && !mayEnd) Context.TurnAndBlock();
        else Context.TurnWithoutBlocking();
        Volatile.Write(ref _isBlocked, 0);
    }

    private void RunOne()
    {
        WorkItem item = _ready[_readyFirst];
        _ready[_readyFirst] = default;
        _readyFirst = (_readyFirst + 1) & (_ready.Length - 1);
        _readyCount--;
        RunItem(item);
    }

    private static void RunItem(WorkItem item)
    {
        if (item.Callback is null) ((AwaitedContinuation)item.State!).Run();
        else item.Callback(item.State);
    }

    private void AddReady(WorkItem item)
    {
        if (_readyCount == _ready.Length)
        {
            WorkItem[] grown = new WorkItem[_ready.Length * 2];
            for (int index = 0; index < _readyCount; index++) grown[index] = _ready[(_readyFirst + index) & (_ready.Length - 1)];
            _ready = grown;
            _readyFirst = 0;
        }

        _ready[(_readyFirst + _readyCount) & (_ready.Length - 1)] = item;
        _readyCount++;
    }

    private readonly record struct WorkItem(SendOrPostCallback? Callback, object? State);

    private sealed class LoopSynchronizationContext(AioLoop loop) : SynchronizationContext
    {
        public override void Post(SendOrPostCallback d, object? state) => loop.Post(d, state);

        public override void Send(SendOrPostCallback d, object? state)
        {
            if (ReferenceEquals(Current, this)) d(state);
            else loop.InvokeAsync(() => { d(state); return Task.CompletedTask; }).GetAwaiter().GetResult();
        }

        public override SynchronizationContext CreateCopy() => this;
    }
}
