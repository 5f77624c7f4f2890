namespace Sluice.Wal;

/// <summary>Completions: in order from the oldest on they move what is written and what is durable, and wake who waited for it.</summary>
/// <remarks>
/// What is published as durable, and why it is. A write that is durable by itself is started only when everything before it is durable or in
/// flight as such a write; a flush covers what was written, without a gap, before it was started; both kinds are taken from the front of their
/// queues only. So the durable position never jumps over something whose outcome is not known. That holds for flushes of one file too: an error is
/// reported once, so the success of a later flush says nothing as long as an earlier one is out.
/// </remarks>
public sealed partial class WriteAheadLog
{
    // Never held across I/O, an await or foreign code.
    private readonly Lock _stateLock = new();
    private readonly LogWriteSlot[] _writes;
    private readonly LogFlushSlot[] _flushes;
    private int _writeFirst;
    private int _writeCount;
    private int _flushFirst;
    private int _flushCount;
    private int _inFlight;
    private long _completions;
    private int _commitsInFlight;
    private int _partialWrites;
    private long _sequence;
    private ulong _writtenTo;
    private ulong _reusableTo;
    private ulong _durable;
    private ulong _plainTo;
    private ulong _flushStartedTo;
    private volatile Exception? _failure;

    /// <summary>A write has ended. Any thread.</summary>
    internal void OnWritten(int index, AioResult result, AioTargetData target)
    {
        LogWaiter? woken = null;
        WalException? failure = null;
        lock (_stateLock)
        {
            LogWriteSlot slot = _writes[index];
            _inFlight--;
            _completions++;
            _counts.WriteTicks += _system.TimeProvider.GetTimestamp() - slot.StartedTicks;
            int length = (int)(slot.To - slot.From);

            // What is written again begins at a block: a direct write has to, and a part of a block counts for nothing.
            int done = result.Status == AioStatus.Error ? slot.DoneBytes : slot.DoneBytes + result.Value;
            int kept = done >= length ? length : (int)((uint)done & ~(uint)_blockMask);
            if (result.Status == AioStatus.Error || (kept < length && kept <= slot.DoneBytes && result.Value == 0))
            {
                failure = Describe("write", slot.From, slot.To - slot.From, result, target);
            }
            else if (kept < length)
            {
                slot.DoneBytes = kept;
                slot.State = LogSlotState.Partial;
                _partialWrites++;
            }
            else
            {
                slot.State = LogSlotState.Done;
                woken = TakeWrites();
            }
        }

        if (failure is not null) Fail(failure);
        else End(woken, null);
    }

    /// <summary>A flush has ended. Any thread.</summary>
    internal void OnFlushed(int index, AioResult result, AioTargetData target)
    {
        LogWaiter? woken = null;
        WalException? failure = null;
        lock (_stateLock)
        {
            LogFlushSlot slot = _flushes[index];
            _inFlight--;
            _completions++;
            _counts.FlushTicks += _system.TimeProvider.GetTimestamp() - slot.StartedTicks;
            if (result.Status == AioStatus.Error && (_options.Mistakes & LogMistakes.IgnoresFailedFlushes) == 0)
            {
                failure = Describe("flush", slot.Covers, 0, result, target);
            }
            else
            {
                slot.State = LogSlotState.Done;
                if (_failure is null)
                {
                    ulong durable = _durable;
                    while (_flushCount != 0 && _flushes[_flushFirst].State == LogSlotState.Done)
                    {
                        durable = Math.Max(durable, _flushes[_flushFirst].Covers);
                        _flushFirst = (_flushFirst + 1) % _flushes.Length;
                        _flushCount--;
                    }

                    woken = Publish(durable);
                }
            }
        }

        if (failure is not null) Fail(failure);
        else End(woken, null);
    }

    // Under the state lock: the writes at the front that are over.
    private LogWaiter? TakeWrites()
    {
        if (_failure is not null) return null;
        ulong durable = _durable;
        while (_writeCount != 0 && _writes[_writeFirst].State == LogSlotState.Done)
        {
            LogWriteSlot slot = _writes[_writeFirst];
            _writtenTo = slot.Covers;
            if (slot.IsSelfDurable) durable = slot.Covers;
            if (slot.IsCommit) _commitsInFlight--;
            _writeFirst = (_writeFirst + 1) % _writes.Length;
            _writeCount--;
        }

        Volatile.Write(ref _reusableTo, WalGeometry.PageOf(_writtenTo));
        return Publish(durable);
    }

    // Under the state lock.
    private LogWaiter? Publish(ulong durable)
    {
        if (durable > _durable) Volatile.Write(ref _durable, durable);
        return TakeSatisfied();
    }

    private WalException Describe(string what, ulong position, ulong lengthBytes, AioResult result, AioTargetData target)
    {
        string place = lengthBytes == 0 ? $"up to {new LogPosition(position)}" : $"{lengthBytes} bytes at {new LogPosition(position)}";
        AioException cause = new($"{what} {target.Describe()}", result, AioReport.Explain(result, target));
        return new WalException($"The log cannot {what} {place} and is at an end: {cause.Message}. Nothing behind {new LogPosition(_durable)} is durable; open the log again to recover.", cause)
        {
            IsLogFailed = true,
        };
    }

    /// <summary>Ends the log: no later success can be believed. Any thread; the first failure counts.</summary>
    internal void Fail(Exception failure)
    {
        LogWaiter? all;
        lock (_stateLock)
        {
            _failure ??= failure;
            all = TakeAllWaiters();
        }

        End(all, _failure);
        lock (_segmentGate) Monitor.PulseAll(_segmentGate);
        _pumpSignal.Raise();
        _followSignal.Raise();
    }
}
