using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Sluice.Wal;

/// <summary>Waiting: for durability, for room, for segments.</summary>
public sealed partial class WriteAheadLog
{
    private LogWaiter? _waiters;
    private LogWaiter? _waiterPool;
    private int _durableWaiters;
    private int _asyncWaiters;
    private int _roomWaiters;

    // Where each committer that blocks wants to get, in no order; under the state lock.
    private ulong[] _blockedTargets = new ulong[16];
    private int _blockedCount;

    /// <summary>Everything before this position is durable. Any thread; it only grows.</summary>
    public LogPosition DurablePosition => new(Volatile.Read(ref _durable));

    LogPosition ILogFlusher.FlushedUpTo => DurablePosition;

    /// <summary>Everything before this position is with the operating system, durable or not. Any thread.</summary>
    public LogPosition WrittenPosition => new(Volatile.Read(ref _writtenTo));

    /// <summary>Where the last record that was added, or is being added, ends. Any thread.</summary>
    public LogPosition InsertPosition => new(_geometry.ToEndPosition(ReservedStream));

    /// <summary>Why the log is at an end; null while it is not. Any thread.</summary>
    public Exception? Failure => _failure;

    /// <summary>
    /// Completes when everything up to a position is durable. Any thread, any number at once; commits that come while a flush is in flight share
    /// the next one. Allocates nothing. Await it once.
    /// </summary>
    /// <param name="position">What <see cref="Append(ushort, ReadOnlySpan{byte})"/> returned.</param>
    /// <param name="cancellationToken">Ends the wait, not the flush.</param>
    /// <exception cref="WalException">When awaited: it is not durable, and the log is at an end.</exception>
    public ValueTask FlushAsync(LogPosition position, CancellationToken cancellationToken = default)
    {
        if ((_options.Mistakes & LogMistakes.AcknowledgesEarly) == 0) return FlushBeforePagesAsync(position, cancellationToken);
        RequireInserted(position);
        Request(position.Value);
        TryIssue();
        return ValueTask.CompletedTask;
    }

    /// <summary>As <see cref="FlushAsync"/>, for pages that wait to be written: they look at the durable position afterwards, so no mistake of a test
    /// is made here.</summary>
    internal ValueTask FlushBeforePagesAsync(LogPosition position, CancellationToken cancellationToken)
    {
        if (position.Value <= Volatile.Read(ref _durable)) return ValueTask.CompletedTask;
        if (cancellationToken.IsCancellationRequested) return ValueTask.FromCanceled(cancellationToken);
        return BeginFlush(position, cancellationToken) is { } waiter ? waiter.Task : ValueTask.CompletedTask;
    }

    /// <summary>Asks for everything up to a position, and queues who waits for it.</summary>
    /// <returns>To be awaited, once; null when it is durable.</returns>
    private LogWaiter? BeginFlush(LogPosition position, CancellationToken cancellationToken)
    {
        ThrowIfUnusable();
        RequireInserted(position);
        Request(position.Value);

        // Counted before the issuing, which looks at how many commit together.
        LogWaiter? waiter = TryWait(LogWaitKind.Durable, position.Value);
        if (waiter is null) return null;
        if (cancellationToken.CanBeCanceled) waiter.Limit(cancellationToken);
        TryIssue();
        return waiter;
    }

    /// <summary>Blocks until everything up to a position is durable; the calling thread drives the I/O itself. Not for code on a loop.</summary>
    /// <param name="position">What <see cref="Append(ushort, ReadOnlySpan{byte})"/> returned.</param>
    /// <exception cref="WalException">It is not durable, and the log is at an end.</exception>
    public void Flush(LogPosition position)
    {
        if (position.Value <= Volatile.Read(ref _durable)) return;
        ThrowIfUnusable();
        RequireInserted(position);
        RefuseOnLoop("FlushAsync");
        Request(position.Value);
        AddBlocked(position.Value);
        try
        {
            SpinWait spin = default;
            while (true)
            {
                TryIssue();
                if (position.Value <= Volatile.Read(ref _durable)) return;
                ThrowIfFailed();
                DriveOnce(ref spin, position.Value > Volatile.Read(ref _flushStartedTo) ? WriteForNextFlush() : default);
            }
        }
        finally
        {
            RemoveBlocked(position.Value);
        }
    }

    // Before the issuing, which looks at how many commit together, and whether somebody waits for what a flush would add.
    private void AddBlocked(ulong target)
    {
        lock (_stateLock)
        {
            if (_blockedCount == _blockedTargets.Length) Array.Resize(ref _blockedTargets, 2 * _blockedCount);
            _blockedTargets[_blockedCount++] = target;
            Interlocked.Increment(ref _durableWaiters);
        }
    }

    // Whose entry it is does not matter: those with the same target are the same.
    private void RemoveBlocked(ulong target)
    {
        lock (_stateLock)
        {
            int index = Array.IndexOf(_blockedTargets, target, 0, _blockedCount);
            _blockedTargets[index] = _blockedTargets[--_blockedCount];
            Interlocked.Decrement(ref _durableWaiters);
            if (target <= _durable) _counts.CommitsWoken++;
        }
    }

    /// <summary>
    /// An asynchronous commit: asks that everything up to a position becomes durable within <see cref="WalOptions.AsynchronousCommitDelay"/>,
    /// and waits for nothing. A crash before that loses the record, whole. Any thread.
    /// </summary>
    /// <param name="position">What <see cref="Append(ushort, ReadOnlySpan{byte})"/> returned.</param>
    /// <exception cref="WalException">The log is at an end.</exception>
    public void FlushSoon(LogPosition position)
    {
        if (position.Value <= Volatile.Read(ref _durable)) return;
        ThrowIfUnusable();
        RequireInserted(position);
        Raise(ref _soonRequested, position.Value);
        if (position.Value >= Volatile.Read(ref _durable) + (ulong)_options.AsynchronousCommitBytes) FlushSoonRequested();
        else if (Interlocked.Exchange(ref _isTimerSet, 1) == 0) _timer.Change(_options.AsynchronousCommitDelay, Timeout.InfiniteTimeSpan);
    }

    // Also as the timer's callback, which may run in the midst of the method's own waiting: so it only leaves word for the pump.
    private void FlushSoonRequested()
    {
        Interlocked.Exchange(ref _isTimerSet, 0);
        ulong position = Volatile.Read(ref _soonRequested);
        Request(position);
        Raise(ref _pumpTarget, position);
        _pumpSignal.Raise();
    }

    /// <summary>
    /// The flow that drives for those who await: it waits for the oldest I/O in flight, and then starts what that made possible. It rests while
    /// nobody awaits; who blocks drives for himself.
    /// </summary>
    private async Task PumpAsync()
    {
        while (!_isClosing)
        {
            long seen = Volatile.Read(ref _completions);
            TryIssue();
            bool isWanted = Volatile.Read(ref _asyncWaiters) != 0 || Volatile.Read(ref _pumpTarget) > Volatile.Read(ref _durable);
            WaitReference reference = isWanted && _failure is null ? OldestInFlight() : default;
            if (reference.IsValid) await reference.WaitAsync();

            // What ended since the last look may have made something possible that nobody else will start.
            else if (!isWanted || _failure is not null || Volatile.Read(ref _completions) == seen) await _pumpSignal.WaitAsync();
        }
    }

    /// <summary>
    /// The second flow for those who await, beside the pump: it waits for the oldest write while a flush is out, so that the next flush begins when the
    /// write has ended, and not when the pump has seen the flush before it end.
    /// </summary>
    private async Task FollowWritesAsync()
    {
        while (!_isClosing)
        {
            long seen = Volatile.Read(ref _completions);
            TryIssue();
            bool isWanted = _failure is null && Volatile.Read(ref _asyncWaiters) != 0 && Volatile.Read(ref _flushCount) != 0;
            WaitReference reference = isWanted ? WriteForNextFlush() : default;
            if (reference.IsValid) await reference.WaitAsync();

            // As in the pump: a write may have ended since the last look.
            else if (!isWanted || Volatile.Read(ref _completions) == seen) await _followSignal.WaitAsync();
        }
    }

    private void Request(ulong position) => Raise(ref _requested, position);

    private static ulong Raise(ref ulong place, ulong value)
    {
        ulong seen = Volatile.Read(ref place);
        while (seen < value)
        {
            ulong found = Interlocked.CompareExchange(ref place, value, seen);
            if (found == seen) break;
            seen = found;
        }

        return seen;
    }

    /// <summary>Queues a waiter, unless what it would wait for has happened.</summary>
    private LogWaiter? TryWait(LogWaitKind kind, ulong target)
    {
        lock (_stateLock)
        {
            if (_failure is null && IsSatisfied(kind, target)) return null;
            LogWaiter waiter = _waiterPool ?? new LogWaiter(this);
            _waiterPool = waiter.Next;
            waiter.Prepare(kind, target);
            if (_failure is not null)
            {
                waiter.End(_failure);
                return waiter;
            }

            waiter.Next = _waiters;
            _waiters = waiter;
            Count(kind, 1);
            return waiter;
        }
    }

    internal void Return(LogWaiter waiter)
    {
        lock (_stateLock)
        {
            waiter.Next = _waiterPool;
            _waiterPool = waiter;
        }
    }

    internal bool TryRemove(LogWaiter waiter)
    {
        lock (_stateLock)
        {
            LogWaiter? before = null;
            for (LogWaiter? at = _waiters; at is not null; before = at, at = at.Next)
            {
                if (!ReferenceEquals(at, waiter)) continue;
                if (before is null) _waiters = at.Next;
                else before.Next = at.Next;
                Count(at.Kind, -1);
                return true;
            }

            return false;
        }
    }

    private void Count(LogWaitKind kind, int change)
    {
        if (kind == LogWaitKind.Segments) return;
        Interlocked.Add(ref _asyncWaiters, change);
        Interlocked.Add(ref kind == LogWaitKind.Durable ? ref _durableWaiters : ref _roomWaiters, change);
    }

    private bool IsSatisfied(LogWaitKind kind, ulong target) => kind switch
    {
        LogWaitKind.Durable => target <= _durable,
        LogWaitKind.Room => HasRoom(target),
        _ => false,
    };

    private bool HasRoom(ulong end) => ((end + WalGeometry.PageBytes - 1) & ~(ulong)(WalGeometry.PageBytes - 1)) <= Volatile.Read(ref _reusableTo) + _ringMask + 1;

    // Under the state lock: everybody whose wait is over, in the order in which they came.
    private LogWaiter? TakeSatisfied()
    {
        LogWaiter? taken = null;
        LogWaiter? kept = null;
        LogWaiter? keptLast = null;
        for (LogWaiter? at = _waiters; at is not null;)
        {
            LogWaiter? next = at.Next;
            if (at.Kind != LogWaitKind.Segments && IsSatisfied(at.Kind, at.Target))
            {
                Count(at.Kind, -1);
                if (at.Kind == LogWaitKind.Durable) _counts.CommitsWoken++;
                at.Next = taken;
                taken = at;
            }
            else
            {
                if (keptLast is null) kept = at;
                else keptLast.Next = at;
                keptLast = at;
                at.Next = null;
            }

            at = next;
        }

        _waiters = kept;
        return taken;
    }

    private LogWaiter? TakeAllWaiters()
    {
        LogWaiter? all = _waiters;
        _waiters = null;
        for (LogWaiter? at = all; at is not null; at = at.Next) Count(at.Kind, -1);
        return all;
    }

    private LogWaiter? TakeSegmentWaiters()
    {
        LogWaiter? taken = null;
        LogWaiter? kept = null;
        for (LogWaiter? at = _waiters; at is not null;)
        {
            LogWaiter? next = at.Next;
            ref LogWaiter? list = ref at.Kind == LogWaitKind.Segments ? ref taken : ref kept;
            at.Next = list;
            list = at;
            at = next;
        }

        _waiters = kept;
        return taken;
    }

    private bool HasDurableWaiter(ulong after, ulong upTo)
    {
        for (LogWaiter? at = _waiters; at is not null; at = at.Next)
        {
            if (at.Kind == LogWaitKind.Durable && at.Target > after && at.Target <= upTo) return true;
        }

        foreach (ulong target in _blockedTargets.AsSpan(0, _blockedCount))
        {
            if (target > after && target <= upTo) return true;
        }

        return false;
    }

    // Outside of all locks: the awaiting code is queued, not run.
    private static void End(LogWaiter? list, Exception? failure)
    {
        while (list is not null)
        {
            LogWaiter? next = list.Next;
            list.End(failure);
            list = next;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void WaitForRoom(ulong end)
    {
        if (!TryMakeRoom(end)) WaitForRoomSlow(end);
    }

    private void WaitForRoomSlow(ulong end)
    {
        RefuseOnLoop("AppendAsync");
        Interlocked.Increment(ref _counts.BufferFullWaits);
        Interlocked.Increment(ref _roomWaiters);
        try
        {
            SpinWait spin = default;
            while (true)
            {
                TryIssue();
                if (TryMakeRoom(end)) return;
                ThrowIfFailed();
                DriveOnce(ref spin, OldestWrite());
            }
        }
        finally
        {
            Interlocked.Decrement(ref _roomWaiters);
        }
    }

    private ValueTask WaitForRoomAsync(ulong end)
    {
        Interlocked.Increment(ref _counts.BufferFullWaits);
        LogWaiter? waiter = TryWait(LogWaitKind.Room, end);
        if (waiter is null) return ValueTask.CompletedTask;
        ValueTask task = waiter.Task;
        TryIssue();
        _pumpSignal.Raise();
        return task;
    }

    // Blocks on an I/O, driving it: on one that brings the caller on if there is one, else on the oldest in flight; else something is about to happen on
    // another thread. Who wants to get beyond what is being flushed is brought on by the write behind which the next flush may begin.
    private void DriveOnce(ref SpinWait spin, WaitReference first)
    {
        WaitReference reference = first.IsValid ? first : OldestInFlight();
        if (reference.IsValid)
        {
            reference.Wait();
            return;
        }

        spin.SpinOnce();
    }

    private WaitReference OldestInFlight()
    {
        lock (_stateLock)
        {
            // Those behind the front may be over already; the front never is, except that it may have to be started again.
            long oldest = long.MaxValue;
            WaitReference reference = default;
            if (_writeCount != 0 && _writes[_writeFirst] is { State: LogSlotState.InFlight } write)
            {
                oldest = write.Sequence;
                reference = write.Reference;
            }

            if (_flushCount != 0 && _flushes[_flushFirst] is { State: LogSlotState.InFlight } flush && flush.Sequence < oldest) reference = flush.Reference;
            return reference;
        }
    }

    // The oldest write, if a flush is out and another may begin beside it.
    private WaitReference WriteForNextFlush()
    {
        lock (_stateLock)
        {
            return _flushCount == 0 || _flushCount == _flushes.Length ? default : OldestWrite();
        }
    }

    private WaitReference OldestWrite()
    {
        lock (_stateLock) return _writeCount != 0 && _writes[_writeFirst] is { State: LogSlotState.InFlight } write ? write.Reference : default;
    }

    private void RequireInserted(LogPosition position)
    {
        if (position.Value <= _geometry.ToEndPosition(ReservedStream)) return;
        throw new ArgumentException($"{position} is behind the end of the log, {InsertPosition}: only what was added can be flushed.");
    }

    private static void RefuseOnLoop(string asynchronous)
    {
        if (AioLoop.Current is not null) throw new InvalidOperationException($"This would block the loop that it runs on: await {asynchronous} there.");
    }

    private void ThrowIfUnusable()
    {
        ThrowIfFailed();
        ObjectDisposedException.ThrowIf(_isDisposed, this);
    }

    private void ThrowIfFailed()
    {
        if (_failure is { } failure) Throw(failure);
    }

    [DoesNotReturn]
    private static void Throw(Exception failure) =>
        throw new WalException(failure.Message, failure) { IsLogFailed = failure is not WalException { IsLogFailed: false } };
}
