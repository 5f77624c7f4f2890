using System.Runtime.CompilerServices;

namespace Sluice.Storage;

/// <summary>Starting the reads that were put together, and waiting for them.</summary>
public sealed partial class ReadStream
{
    // With fewer in flight the consumer comes to a read before another thread has woken for it.
    private const int AheadIosMin = 4;

    /// <summary>Starts the pending run, or as much of it as one operation takes and the limit of pins allows.</summary>
    /// <returns>False when nothing was started: the limit of pins was met, and there are pages to hand out first.</returns>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<bool> StartPendingAsync(bool isBlocking)
    {
        int count = _pending.Count;
        int allowed = Math.Min(_session.PinsAllowed + _forwardedCount, _distance.PinnedMax - _pinned);
        if (allowed < count)
        {
            _distance.LimitReadAhead(_pinned + allowed);
            if (_pinned != 0) return false;
            count = Math.Max(1, allowed);
        }

        if (_pending.IsDescending) await StartDescendingAsync(count, isBlocking);
        else await StartOneAsync(_pending.Lowest, count, isBlocking, firstPlace: _pinned, step: 1);
        _isMissSynchronous = false;
        return true;
    }

    /// <summary>
    /// Starts the upper part of a descending run, from its lowest block up: all of it, because the block that was started last is the first
    /// to be handed out.
    /// </summary>
    private async ValueTask StartDescendingAsync(int count, bool isBlocking)
    {
        uint lowest = _pending.End - (uint)count;
        int last = _pinned + count - 1;
        int done = 0;
        try
        {
            while (done < count) done += await StartOneAsync(
                lowest + (uint)done, count - done, isBlocking, firstPlace: last - done, step: -1);
        }
        catch
        {
            UndoDescending(last, done);
            throw;
        }

        _pinned += count;
        _pending.RemoveFirst(count);
    }

    /// <summary>One operation: what it covers goes to its places, what it pinned beyond that is forwarded to the next.</summary>
    /// <returns>How many blocks it covers.</returns>
    private async ValueTask<int> StartOneAsync(uint block, int count, bool isBlocking, int firstPlace, int step)
    {
        StreamIo io = _ios[_idleIos[--_idleIoCount]];
        TakeForwarded(io, count);
        ReadFlags flags = _options.Flags;
        io.CountsAsWait = _isSynchronous || _isMissSynchronous;

        // On a loop, or for code that awaits, a read in place would block what must not be blocked.
        if (_isSynchronous || (_isMissSynchronous && isBlocking)) flags |= ReadFlags.Synchronously;
        else if (_options.IsFull && _options.IosMax >= AheadIosMin) flags |= ReadFlags.Ahead;
        bool isPending;
        try
        {
            if (isBlocking)
            {
                isPending = _session.StartReadBuffers(io.Operation, _relation, _fork, block, io.Pins, 0, count, flags, _options.Ring);
            }
            else
            {
                if (!_relation.IsSegmentOpen(_fork, block)) await _relation.OpenSegmentAsync(_fork, block);
                isPending = await _session.StartReadBuffersAsync(
                    io.Operation, _relation, _fork, block, io.Pins, 0, count, flags, _options.Ring);
            }
        }
        catch
        {
            Forward(io, 0);
            _idleIos[_idleIoCount++] = io.Index;
            throw;
        }

        int covered = io.Operation.BlockCount;
        Forward(io, covered);
        io.FirstSlot = SlotAt(step > 0 ? firstPlace : firstPlace - covered + 1);
        io.Count = covered;
        for (int index = 0; index < covered; index++)
        {
            _slots[SlotAt(firstPlace + (index * step))] = new Slot { Pin = io.Pins[index], Io = isPending ? io.Index : -1 };
        }

        if (isPending)
        {
            io.IsInUse = true;
            _iosInProgress++;
            _ioCount++;
            _ioBlocks += covered;
            _inProgressSum += _iosInProgress;
        }
        else
        {
            ClearPins(io);
            _idleIos[_idleIoCount++] = io.Index;
            _distance.Hit(_iosInProgress);
        }

        if (step > 0)
        {
            _pinned += covered;
            _pending.RemoveFirst(covered);
        }

        return covered;
    }

    private ValueTask WaitForReadAsync(int index, bool isBlocking, CancellationToken cancellationToken)
    {
        StreamIo io = _ios[index];
        if (isBlocking)
        {
            Consumed(io, _session.WaitReadBuffers(io.Operation));
            return ValueTask.CompletedTask;
        }

        ValueTask<bool> wait = _session.WaitReadBuffersAsync(io.Operation, cancellationToken);
        if (!wait.IsCompletedSuccessfully) return AwaitReadAsync(io, wait);
        Consumed(io, wait.Result);
        return ValueTask.CompletedTask;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask AwaitReadAsync(StreamIo io, ValueTask<bool> wait) => Consumed(io, await wait);

    private void Consumed(StreamIo io, bool waited)
    {
        if (waited) _waits++;
        for (int place = 0; place < io.Count; place++)
        {
            int slot = io.FirstSlot + place;
            _slots[slot >= _slots.Length ? slot - _slots.Length : slot].Io = -1;
        }

        bool counts = waited || io.CountsAsWait;
        Recycle(io);
        _distance.IoConsumed(counts);
    }

    private void Recycle(StreamIo io)
    {
        ClearPins(io);
        io.IsInUse = false;
        _iosInProgress--;
        _idleIos[_idleIoCount++] = io.Index;
    }

    private void TakeForwarded(StreamIo io, int count)
    {
        StorageInvariant.Check(_forwardedCount <= count, "Pages that were pinned ahead belong to the run that is started next.");
        Array.Copy(_forwarded, io.Pins, _forwardedCount);
        Array.Clear(_forwarded, 0, _forwardedCount);
        _forwardedCount = 0;
    }

    // The pins behind what the operation covers: of the blocks that follow, without a gap.
    private void Forward(StreamIo io, int from)
    {
        for (int index = from; index < io.Pins.Length && io.Pins[index].HasPage; index++)
        {
            _forwarded[_forwardedCount++] = io.Pins[index];
            io.Pins[index] = default;
        }
    }

    private void ReleaseForwarded()
    {
        for (int index = 0; index < _forwardedCount; index++) _forwarded[index].Release();
        Array.Clear(_forwarded, 0, _forwardedCount);
        _forwardedCount = 0;
    }

    // What was started of a run that could not be started whole: the I/O goes on by itself.
    private void UndoDescending(int last, int done)
    {
        ReleaseForwarded();
        for (int place = last; place > last - done; place--)
        {
            ref Slot slot = ref _slots[SlotAt(place)];
            if (slot.Io >= 0 && _ios[slot.Io].IsInUse)
            {
                _ios[slot.Io].Operation.Abandon();
                Recycle(_ios[slot.Io]);
            }

            slot.Pin.Release();
            slot = new Slot { Io = -1 };
        }
    }

    private static void ClearPins(StreamIo io) => Array.Clear(io.Pins, 0, io.Operation.BlockCount);

    private sealed class StreamIo(ReadOperation operation, int blocksMax, int index)
    {
        internal ReadOperation Operation { get; } = operation;

        internal BufferPin[] Pins { get; } = new BufferPin[blocksMax];

        internal int Index { get; } = index;

        internal int FirstSlot { get; set; }

        internal int Count { get; set; }

        internal bool IsInUse { get; set; }

        internal bool CountsAsWait { get; set; }
    }
}
