using System.Runtime.ExceptionServices;
using System.Threading.Tasks.Sources;

namespace Sluice.Wal;

/// <summary>Somebody who waits for the log: pooled, so that a commit allocates nothing.</summary>
internal sealed class LogWaiter(WriteAheadLog log) : PooledAwaitable, IValueTaskSource<LogPosition>
{
    private Exception? _failure;
    private CancellationToken _cancellationToken;
    private CancellationTokenRegistration _registration;

    internal LogWaiter? Next { get; set; }

    internal LogWaitKind Kind { get; private set; }

    /// <summary>What it waits for: a position, for <see cref="LogWaitKind.Segments"/> nothing.</summary>
    internal ulong Target { get; private set; }

    /// <summary>As <see cref="PooledAwaitable.Task"/>; the result is the position that it waits for.</summary>
    internal ValueTask<LogPosition> PositionTask => new(this, Version);

    internal void Prepare(LogWaitKind kind, ulong target)
    {
        Recycle();
        Kind = kind;
        Target = target;
        _failure = null;
        Next = null;
    }

    /// <summary>Lets a token end the wait. After it was queued, before it is awaited.</summary>
    internal void Limit(CancellationToken cancellationToken)
    {
        _cancellationToken = cancellationToken;
        _registration = cancellationToken.UnsafeRegister(static state => ((LogWaiter)state!).EndWait(), this);
    }

    internal void End(Exception? failure)
    {
        _failure = failure;
        Signal();
    }

    public override ValueTaskSourceStatus GetStatus(short token) =>
        !IsDone(token) ? ValueTaskSourceStatus.Pending
        : _failure is null ? ValueTaskSourceStatus.Succeeded
        : _failure is OperationCanceledException ? ValueTaskSourceStatus.Canceled : ValueTaskSourceStatus.Faulted;

    public override void GetResult(short token)
    {
        if (!IsDone(token)) throw new InvalidOperationException("The log has not got that far: await it.");
        if (_cancellationToken.CanBeCanceled)
        {
            _registration.Dispose();
            _registration = default;
            _cancellationToken = default;
        }

        Exception? failure = _failure;
        Expire();
        log.Return(this);
        if (failure is null) return;
        if (failure is WalException known) throw new WalException(known.Message, known) { IsLogFailed = known.IsLogFailed };
        ExceptionDispatchInfo.Throw(failure);
    }

    LogPosition IValueTaskSource<LogPosition>.GetResult(short token)
    {
        // Before: behind it the waiter is somebody else's.
        LogPosition position = new(Target);
        GetResult(token);
        return position;
    }

    private void EndWait()
    {
        // Who takes it from the list ends it.
        if (log.TryRemove(this)) End(new OperationCanceledException(_cancellationToken));
    }
}
