using System.Threading.Tasks.Sources;

namespace Sluice;

/// <summary>One await of one I/O, pooled by the context it waits on.</summary>
internal sealed class AsyncWaiter : AwaitableWaiter, IValueTaskSource
{
    private readonly AioContext _context;
    private bool _isOwner;
    private bool _isWatching;
    private bool _wasAbandoned;
    private CancellationToken _cancellationToken;
    private CancellationTokenRegistration _registration;
    private ITimer? _timer;

    internal AsyncWaiter(AioContext context) => _context = context;

    internal AsyncWaiter? NextInPool { get; set; }

    /// <summary>Prepares the waiter for one wait.</summary>
    /// <param name="isOwner">Whether taking the result also takes back the context's finished handles.</param>
    /// <param name="isWatching">Whether somebody has to drive the context for this wait.</param>
    internal void Prepare(bool isOwner, bool isWatching)
    {
        Recycle();
        Rearm();
        _isOwner = isOwner;
        _isWatching = isWatching;
        _wasAbandoned = false;
    }

    internal ValueTask Task => new(this, Version);

    /// <summary>Lets time or a token end the wait. After it was attached.</summary>
    internal void Limit(TimeSpan timeout, CancellationToken cancellationToken)
    {
        if (timeout != Timeout.InfiniteTimeSpan)
        {
            _timer = _context.System.TimeProvider.CreateTimer(
                static state => ((AsyncWaiter)state!).GiveUp(), this, timeout, Timeout.InfiniteTimeSpan);
        }

        if (!cancellationToken.CanBeCanceled) return;
        _cancellationToken = cancellationToken;
        _registration = cancellationToken.UnsafeRegister(static state => ((AsyncWaiter)state!).GiveUp(), this);
    }

    /// <summary>Ends the wait because it turned out to be over when it was about to be attached.</summary>
    internal void SignalAtOnce() => OnSignalled();

    public ValueTaskSourceStatus GetStatus(short token) =>
        !IsAwaitDone(token) ? ValueTaskSourceStatus.Pending
        : !_wasAbandoned ? ValueTaskSourceStatus.Succeeded
        : _cancellationToken.IsCancellationRequested ? ValueTaskSourceStatus.Canceled : ValueTaskSourceStatus.Faulted;

    public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        RegisterContinuation(continuation, state, token, flags);

    public void GetResult(short token)
    {
        Invariant.Check(IsAwaitDone(token), "The wait is not over: await it, or use Wait to block.");
        bool wasAbandoned = _wasAbandoned;
        bool isOwner = _isOwner;
        CancellationToken cancellationToken = _cancellationToken;
        bool hadTimer = _timer is not null;
        if (hadTimer || cancellationToken.CanBeCanceled) Unlimit();
        Expire();
        if (wasAbandoned)
        {
            // The node stays in the handle's list until its I/O completes: it cannot be used again.
            cancellationToken.ThrowIfCancellationRequested();
            throw new TimeoutException("The wait was longer than its timeout. The I/O goes on.");
        }

        // A timer's callback may still be about to run, so a waiter that had one is not used again.
        if (!hadTimer) _context.ReturnWaiter(this);
        if (isOwner) _context.ReclaimCompleted();
    }

    protected override void OnSignalled()
    {
        if (_isWatching) _context.EndWatch();
        SignalAwaiter();
    }

    private void GiveUp()
    {
        if (!TryAbandon()) return;
        if (_isWatching) _context.EndWatch();
        _wasAbandoned = true;
        SignalAwaiter();
    }

    private void Unlimit()
    {
        // Disposing a registration waits for its callback, so that one cannot meet the next use.
        _registration.Dispose();
        _registration = default;
        _cancellationToken = default;
        _timer?.Dispose();
        _timer = null;
    }
}
