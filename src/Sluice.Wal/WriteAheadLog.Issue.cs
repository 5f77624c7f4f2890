using System.Runtime.CompilerServices;

namespace Sluice.Wal;

/// <summary>Issuing: what is published becomes writes, what is written becomes flushes.</summary>
/// <remarks>
/// One thread issues at a time, under the issue lock; others leave a mark and go on, and whoever has the lock looks again. Completions
/// never issue: they run wherever a completion is reaped. So after a completion somebody else has to: a blocked waiter, or the pump, which
/// waits for the oldest I/O in flight as long as anybody awaits.
/// </remarks>
public sealed partial class WriteAheadLog
{
    private readonly Lock _issueLock = new();
    private bool _isIssueMissed;
    private ulong _walkStream;
    private ulong _published;
    private ulong _startedTo;
    private ulong _headersSealedTo;
    private ulong _stuckAt = ulong.MaxValue;
    private ulong _eagerAt;
    private ulong _requested;
    private long _recordsPublished;
    private long _bytesPublished;
    private long _paddingBytes;

    /// <summary>Starts what can be started, or leaves that to whoever is at it.</summary>
    private void TryIssue()
    {
        do
        {
            // Before the attempt: whoever has the lock either sees the mark when it leaves, or has left.
            Volatile.Write(ref _isIssueMissed, true);
            Interlocked.MemoryBarrier();
            if (_issueLock.IsHeldByCurrentThread || !_issueLock.TryEnter()) return;
            try
            {
                Volatile.Write(ref _isIssueMissed, false);
                Interlocked.MemoryBarrier();
                Issue();
            }
            catch (Exception exception)
            {
                Fail(exception is WalException ? exception : new WalException($"The log cannot start its I/O and is at an end: {exception.Message} Open it again to recover.", exception) { IsLogFailed = true });
            }
            finally
            {
                _issueLock.Exit();
            }

            // Pairs with the fence above, of a thread that then failed to get the lock.
            Interlocked.MemoryBarrier();
        }
        while (Volatile.Read(ref _isIssueMissed));
    }

    private void Issue()
    {
        if (_failure is not null || _isClosing) return;
        if (!_isOnLoop && Volatile.Read(ref _inFlight) != 0) _context.Poll();
        _segments.CloseBelow(_geometry.SegmentOf(Volatile.Read(ref _durable)));
        RestartPartialWrites();
        bool goesOn = true;
        while (goesOn)
        {
            Walk();
            goesOn = TryStartWrite();
            while (TryStartFlush()) goesOn = true;

            // A method that executes in place may have left a part of it by now.
            if (Volatile.Read(ref _partialWrites) == 0) continue;
            RestartPartialWrites();
            goesOn = true;
        }

        // Not with every record when all slots are taken: after as much again.
        bool isFull = Volatile.Read(ref _writeCount) == _writes.Length;
        Volatile.Write(ref _eagerAt, (isFull ? Math.Max(_published, _startedTo) : _startedTo) + (ulong)_options.EagerWriteBytes);

        // Whoever started it may be about to leave: those who await need somebody who waits for it, and for a write while the pump waits for a flush.
        if (Volatile.Read(ref _inFlight) == 0 || Volatile.Read(ref _asyncWaiters) == 0) return;
        _pumpSignal.Raise();

        // Only when it has something to wait for: it comes here itself, and would go round for ever.
        if (Volatile.Read(ref _flushCount) != 0 && WriteForNextFlush().IsValid) _followSignal.Raise();
    }

    /// <summary>Goes over what was published since the last time. Only with the issue lock.</summary>
    private void Walk()
    {
        ulong stream = _walkStream;
        while (true)
        {
            ulong position = _geometry.ToPosition(stream);
            ulong word = WordAt(position);
            if (word == 0)
            {
                bool isWanted = Volatile.Read(ref _requested) > _geometry.ToEndPosition(stream) || Volatile.Read(ref _roomWaiters) != 0;
                if (!isWanted) break;

                // Whoever inserts here was told by an earlier walk, which looked again behind the barrier: it issues when it is done.
                if (Volatile.Read(ref _stuckAt) == position) break;
                Volatile.Write(ref _stuckAt, position);

                // A fence for the other side too, which has none: pairs with the publishing in InsertUnit. Dear, and once for a place where
                // somebody waits for a record that is not whole yet; there it would be once for every record.
                Interlocked.MemoryBarrierProcessWide();
                word = WordAt(position);
                if (word == 0) break;
                Volatile.Write(ref _stuckAt, ulong.MaxValue);
            }

            ulong size = WalGeometry.Align((uint)word);
            stream += size;
            if ((ushort)(word >> 32) == WalUnit.PaddingKind) _paddingBytes += (long)size;
            else if (((word >> 48) & WalUnit.First) != 0) _recordsPublished++;
            _bytesPublished += (long)size;
        }

        if (stream == _walkStream) return;
        _walkStream = stream;
        _published = _geometry.ToEndPosition(stream);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private unsafe ulong WordAt(ulong position) =>
        position + 8 > Volatile.Read(ref _initialisedTo.Value) ? 0 : Volatile.Read(ref *(ulong*)(_ring + (position & _ringMask)));

    private bool TryStartWrite()
    {
        ulong next = _startedTo;
        ulong from = next & ~_blockMask;
        if ((_options.Mistakes & LogMistakes.ForgetsThePreviousBlock) != 0) from = (next + _blockMask) & ~_blockMask;
        bool isSelf;
        bool isCommit = Volatile.Read(ref _requested) > next;
        ulong limit = Math.Min(
            Math.Min((from | ((ulong)_geometry.SegmentBytes - 1)) + 1, from + (ulong)_options.WriteBytesMax), (from | _ringMask) + 1);
        lock (_stateLock)
        {
            if (_published <= next || _writeCount == _writes.Length || _failure is not null) return false;
            if (from < next && _writeCount != 0 && _writes[(_writeFirst + _writeCount - 1) % _writes.Length] is { State: not LogSlotState.Done } last && last.To > from)
            {
                // Two writes of one block are never in flight together: they could arrive in either order.
                return false;
            }

            ulong full = Math.Min(_published & ~_blockMask, limit);
            if (isCommit)
            {
                if (_commitsInFlight >= _options.FlushesInFlight && full < from + (ulong)_options.EagerWriteBytes) return false;
            }
            else if (full <= from || (full - from < (ulong)_options.EagerWriteBytes && full != limit && Volatile.Read(ref _roomWaiters) == 0))
            {
                return false;
            }

            isSelf = _isFileSelfDurable || (isCommit && _isWriteSelfDurable && _plainTo <= _durable);
        }

        if (isCommit && ShouldSeal()) SealBlock();
        ulong to = isCommit ? (_published + _blockMask) & ~_blockMask : _published & ~_blockMask;
        if (to > limit) to = limit;
        if (to <= from)
        {
            ForgetBlock();
            return false;
        }

        StartWrite(from, to, Math.Min(_published, to), isSelf, isCommit);
        return true;
    }

    // Only with the mistake of that name: what was behind the last write is taken for written.
    private void ForgetBlock()
    {
        _startedTo = _published;
        LogWaiter? woken;
        lock (_stateLock)
        {
            _writtenTo = _published;
            woken = Publish(_published);
        }

        End(woken, null);
    }

    // The rest of the block is given up when others commit at the same time: they go on in the next block, and its write need not wait for this one.
    private bool ShouldSeal() =>
        _options.FlushesInFlight > 1 && Volatile.Read(ref _durableWaiters) >= _options.SealWaiters && (_published & _blockMask) != 0;

    private void SealBlock()
    {
        while (true)
        {
            ulong word = Volatile.Read(ref _tail.Value);
            ulong offset = (word >> LengthBits) & OffsetMask;
            ulong stream = (_bases[word >> 63] + offset) << 3;
            ulong target = (_geometry.ToPosition(stream) + WalUnit.HeaderBytes + _blockMask) & ~_blockMask;
            ulong size = _geometry.ToStream(target) - stream;

            // Somebody has gone on beyond the block already, or what is left has no room for a unit.
            if (_geometry.ToEndPosition(stream) > ((_published + _blockMask) & ~_blockMask) || size < WalUnit.HeaderBytes) return;
            if (stream + size > Volatile.Read(ref _streamLimit) || !TryMakeRoom(_geometry.ToEndPosition(stream + size))) return;
            ulong code = word & LengthMask;
            ulong longStart = code >= LongCode ? Volatile.Read(ref _longStarts[code - LongCode]) : 0;
            ulong next = (word & BaseBit) | ((offset + (size >> 3)) << LengthBits) | (size >> 3);
            if (Interlocked.CompareExchange(ref _tail.Value, next, word) != word) continue;
            ulong previous = code >= LongCode ? longStart : _geometry.ToPosition(stream - (code << 3));
            ReadOnlySpan<byte> zeros = _zeros.AsSpan(0, (int)size - WalUnit.HeaderBytes);
            InsertUnit(stream, _geometry.ToPosition(stream), previous, WalUnit.PaddingKind, WalUnit.First | WalUnit.Last, zeros, default);
            Walk();
            return;
        }
    }

    private unsafe void StartWrite(ulong from, ulong to, ulong covers, bool isSelf, bool isCommit)
    {
        // Headers first: they never change once they are written.
        for (ulong page = Math.Max(WalGeometry.PageOf(from + WalGeometry.PageBytes - 1), _headersSealedTo); page < to; page += WalGeometry.PageBytes)
        {
            WalPage.Seal(new Span<byte>(_ring + (page & _ringMask), WalGeometry.PageHeaderBytes), in _identity, Volatile.Read(ref _durable));
            _headersSealedTo = page + WalGeometry.PageBytes;
        }

        AioHandle handle = _context.Acquire();
        int index;
        lock (_stateLock)
        {
            index = (_writeFirst + _writeCount) % _writes.Length;
            LogWriteSlot slot = _writes[index];
            slot.From = from;
            slot.To = to;
            slot.Covers = covers;
            slot.IsSelfDurable = isSelf;
            slot.IsCommit = isCommit;
            slot.DoneBytes = 0;
            slot.State = LogSlotState.InFlight;
            slot.StartedTicks = _system.TimeProvider.GetTimestamp();
            slot.Sequence = ++_sequence;
            slot.Reference = handle.Reference;
            _writeCount++;
            _inFlight++;
            if (isCommit) _commitsInFlight++;
            if (!isSelf) _plainTo = covers;
            _counts.Writes++;
            if (isSelf) _counts.DurableWrites++;
            _counts.BytesWritten += (long)(to - from);
        }

        _startedTo = covers;
        StartIo(handle, index, from, (int)(to - from), isSelf);
    }

    private void RestartPartialWrites()
    {
        if (Volatile.Read(ref _partialWrites) == 0) return;
        for (int number = 0; number < _writes.Length; number++)
        {
            LogWriteSlot slot = _writes[number];
            AioHandle handle;
            lock (_stateLock)
            {
                bool isInUse = ((number - _writeFirst + _writes.Length) % _writes.Length) < _writeCount;
                if (!isInUse || slot.State != LogSlotState.Partial) continue;
            }

            handle = _context.Acquire();
            lock (_stateLock)
            {
                slot.State = LogSlotState.InFlight;
                slot.Reference = handle.Reference;
                _partialWrites--;
                _inFlight++;
                _counts.ShortWrites++;
            }

            StartIo(handle, number, slot.From + (ulong)slot.DoneBytes, (int)(slot.To - slot.From) - slot.DoneBytes, slot.IsSelfDurable);
        }
    }

    private unsafe void StartIo(AioHandle handle, int index, ulong position, int lengthBytes, bool isSelf)
    {
        ulong segment = _geometry.SegmentOf(position);
        try
        {
            handle.RegisterCallback(WalWrite.Id);
            handle.SetData([(ulong)index]);
            AioDurability durability = !isSelf || _isFileSelfDurable ? AioDurability.None : _selfDurability;
            new WalTarget(_number, _identity.Timeline, segment, _geometry.SegmentBytes).StartWrite(
                handle, _segments.FileOf(segment), _geometry.OffsetInSegment(position), new IoVector((nint)(_ring + (position & _ringMask)), (nuint)lengthBytes), durability);
        }
        catch
        {
            if (handle.State == AioHandleState.HandedOut) handle.Release();
            lock (_stateLock) _inFlight--;
            throw;
        }
    }

    private bool TryStartFlush()
    {
        ulong covers;
        ulong start;
        lock (_stateLock)
        {
            start = Math.Max(_flushStartedTo, _durable);
            ulong segmentEnd = _geometry.SegmentStart(_geometry.SegmentOf(start) + 1);
            covers = Math.Min(_writtenTo, segmentEnd);
            if (_plainTo <= start || covers <= start || _flushCount == _flushes.Length || _failure is not null) return false;
            ulong requested = Volatile.Read(ref _requested);
            bool isWanted = covers == segmentEnd
                || (requested > start && ((_flushCount == 0 && requested <= covers) || HasDurableWaiter(start, covers)));
            if (!isWanted) return false;
        }

        // Whoever appends is told: the flush covers what was written when it is submitted, which is all that is counted here.
        AioHandle handle = _context.Acquire();
        int index;
        lock (_stateLock)
        {
            index = (_flushFirst + _flushCount) % _flushes.Length;
            LogFlushSlot slot = _flushes[index];
            slot.Covers = covers;
            slot.State = LogSlotState.InFlight;
            slot.StartedTicks = _system.TimeProvider.GetTimestamp();
            slot.Sequence = ++_sequence;
            slot.Reference = handle.Reference;
            _flushCount++;
            _inFlight++;
            _flushStartedTo = covers;
            _counts.Flushes++;
        }

        ulong segment = _geometry.SegmentOf(start);
        try
        {
            handle.RegisterCallback(WalFsync.Id);
            handle.SetData([(ulong)index]);
            WalTarget target = new(_number, _identity.Timeline, segment, _geometry.SegmentBytes);
            if (_flushesMetadata) target.StartFsync(handle, _segments.FileOf(segment));
            else target.StartFdatasync(handle, _segments.FileOf(segment));
        }
        catch
        {
            if (handle.State == AioHandleState.HandedOut) handle.Release();
            lock (_stateLock) _inFlight--;
            throw;
        }

        return true;
    }
}
