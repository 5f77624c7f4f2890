using System.Runtime.CompilerServices;

namespace Sluice.Wal;

/// <summary>Segments ahead of need: a reservation never goes beyond the segments that are ready, so running out of space is an error of the one who adds a record, before it is part of the log.</summary>
public sealed partial class WriteAheadLog
{
    private readonly Lock _prepareLock = new();
    private Task _preparation = Task.CompletedTask;
    private ulong _wantedStream;
    private volatile bool _isPreparing;
    private long _attempts;
    private WalException? _prepareFailure;

    /// <summary>
    /// Gives up everything before a position: segments that lie before it as a whole are kept to be used again, or removed. What replay would begin
    /// with must not be given up. Any thread.
    /// </summary>
    /// <param name="position">Where the oldest record begins that is still needed.</param>
    /// <returns>How many segments were given up.</returns>
    /// <exception cref="AioException">When awaited: a segment could not be renamed or removed.</exception>
    public Task<int> ReleaseBeforeAsync(LogPosition position)
    {
        ulong keep = Math.Min(position.Value, Volatile.Read(ref _durable));
        return _segments.ReleaseBelowAsync(_geometry.SegmentOf(keep));
    }

    /// <summary>Starts making segments, unless that is going on.</summary>
    private void PrepareSegments()
    {
        lock (_prepareLock)
        {
            if (_isPreparing || _isClosing) return;
            _isPreparing = true;
            _prepareFailure = null;
            _preparation = PrepareAsync();
        }
    }

    private async Task PrepareAsync()
    {
        // On a loop everything stays on it; elsewhere the caller goes on at once.
        if (!_isOnLoop) await Task.Yield();
        WalException? failure = null;
        while (failure is null && !_isClosing && _failure is null)
        {
            ulong wanted = Math.Max(SegmentOfStream(ReservedStream) + (ulong)_options.SegmentsAhead, SegmentOfStream(Volatile.Read(ref _wantedStream)));
            if (_segments.ReadyThrough >= wanted) break;
            try
            {
                await _segments.PrepareOneAsync();
                PublishReady();
            }
            catch (WalException exception)
            {
                failure = exception;
            }
            catch (Exception exception)
            {
                failure = new WalException($"The log cannot make its next segment: {exception.Message}", exception);
            }
        }

        lock (_prepareLock)
        {
            _isPreparing = false;
            _prepareFailure = failure;
            _attempts++;
        }

        WakeSegmentWaiters();
    }

    private void PublishReady()
    {
        ulong ready = _segments.ReadyThrough;
        Volatile.Write(ref _prepareAt, (ready + 1 - Math.Min(ready, (ulong)_options.SegmentsAhead)) * _geometry.SegmentPayload);
        Volatile.Write(ref _streamLimit, (ready + 1) * _geometry.SegmentPayload);
        WakeSegmentWaiters();
    }

    private ulong SegmentOfStream(ulong stream) => stream / _geometry.SegmentPayload;

    private void WakeSegmentWaiters()
    {
        LogWaiter? woken;
        lock (_stateLock) woken = TakeSegmentWaiters();
        End(woken, null);
        lock (_segmentGate) Monitor.PulseAll(_segmentGate);
    }

    private long BeginSegmentStall()
    {
        Interlocked.Increment(ref _counts.SegmentStalls);
        return _system.TimeProvider.GetTimestamp();
    }

    private void EndSegmentStall(long started) => Interlocked.Add(ref _counts.SegmentStallTicks, _system.TimeProvider.GetTimestamp() - started);

    private void ReserveBlocking(ulong size, out Reservation place)
    {
        RefuseOnLoop("AppendAsync");
        long started = BeginSegmentStall();
        long attempt = -1;
        try
        {
            while (!TryReserve(size, out place))
            {
                ThrowIfUnusable();
                long now = WantSegments(size, attempt);
                if (attempt < 0) attempt = now;
                lock (_segmentGate)
                {
                    // Looked at under the gate: a pulse that came before is in what is looked at.
                    if (ReservedStream + size <= Volatile.Read(ref _streamLimit) || _failure is not null) continue;
                    if (Volatile.Read(ref _attempts) == now) Monitor.Wait(_segmentGate);
                }
            }
        }
        finally
        {
            EndSegmentStall(started);
        }
    }

    private ValueTask<Reservation> ReserveAsync(ulong size) =>
        TryReserve(size, out Reservation place) ? new ValueTask<Reservation>(place) : ReserveSlowAsync(size);

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<Reservation> ReserveSlowAsync(ulong size)
    {
        long started = BeginSegmentStall();
        try
        {
            Reservation place;
            while (!TryReserve(size, out place))
            {
                ThrowIfUnusable();
                await WaitForSegmentsAsync(size);
            }

            return place;
        }
        finally
        {
            EndSegmentStall(started);
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask WaitForSegmentsAsync(ulong size)
    {
        long attempt = WantSegments(size, -1);
        while (ReservedStream + size > Volatile.Read(ref _streamLimit))
        {
            LogWaiter waiter = TryWait(LogWaitKind.Segments, 0)!;

            // It may have ended before the waiter was queued.
            if (Volatile.Read(ref _attempts) != attempt) WakeSegmentWaiters();
            await waiter.Task;
            ThrowIfUnusable();
            attempt = WantSegments(size, attempt);
        }
    }

    /// <summary>Asks for as many segments as a record needs.</summary>
    /// <param name="size">Stream bytes of the record.</param>
    /// <param name="attempt">The attempt that was waited for; -1 for none.</param>
    /// <returns>The attempt to wait for.</returns>
    /// <exception cref="WalException">The attempt that was waited for has failed.</exception>
    private long WantSegments(ulong size, long attempt)
    {
        Raise(ref _wantedStream, ReservedStream + size);
        lock (_prepareLock)
        {
            if (attempt >= 0 && _attempts != attempt && !_isPreparing && _prepareFailure is { } failure) throw new WalException(failure.Message, failure);
            long next = _attempts;
            if (!_isPreparing) PrepareSegments();
            return next;
        }
    }
}
