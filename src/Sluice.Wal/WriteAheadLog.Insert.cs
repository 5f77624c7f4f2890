using System.Numerics;
using System.Runtime.CompilerServices;

namespace Sluice.Wal;

/// <summary>Insertion: one compare-exchange reserves, copies go in parallel, the first word of a unit publishes it.</summary>
/// <remarks>
/// The tail is one word: which of two bases (1 bit), stream offset beyond it in units of 8 bytes (49 bits), and the length of the record
/// before (14 bits, of 8 bytes each), so that one exchange takes both the place and the link to the record before. A record too long for
/// 14 bits has a code instead of its length, which names one of two slots that hold its start. Such records are reserved one at a time, and each
/// writes the slot that the tail does not name, so a slot never changes while the tail names it. When the offset has used its bits up a new base
/// is written where the tail does not look, and the tail moves to it.
/// </remarks>
public sealed partial class WriteAheadLog
{
    private const int LengthBits = 14;
    private const ulong LengthMask = (1UL << LengthBits) - 1;
    private const ulong LongCode = LengthMask - 1;
    private const ulong BaseBit = 1UL << 63;
    private const ulong OffsetMask = (1UL << 49) - 1;

    private readonly Lock _longLock = new();
    private readonly Lock _initialiseLock = new();
    private readonly ulong[] _bases = new ulong[2];
    private readonly ulong[] _longStarts = new ulong[2];
    private PaddedWord _tail;
    private PaddedWord _initialisedTo;
    private ulong _streamLimit;
    private ulong _prepareAt;

    /// <summary>Units of 8 bytes after which the tail takes a new base. Tests make it small.</summary>
    internal ulong RebaseAfter { get; set; } = 1UL << 48;

    /// <summary>Stream offset behind the last reservation.</summary>
    private ulong ReservedStream
    {
        get
        {
            while (true)
            {
                ulong word = Volatile.Read(ref _tail.Value);
                ulong stream = (Volatile.Read(ref _bases[word >> 63]) + ((word >> LengthBits) & OffsetMask)) << 3;
                Interlocked.MemoryBarrier();
                if (Volatile.Read(ref _tail.Value) == word) return stream;
            }
        }
    }

    /// <summary>
    /// Adds a record. It is in memory when this returns, and durable when <see cref="FlushAsync"/> for the returned position has completed. Any
    /// thread. Blocks while the ring is full or the next segment is not ready; not for code on a loop, which awaits <see cref="AppendAsync"/>.
    /// </summary>
    /// <param name="kind">What it is: below 0xFF00.</param>
    /// <param name="body">Its content; copied. At most <see cref="RecordBytesMax"/>.</param>
    /// <returns>Where it ends: flush up to there.</returns>
    /// <exception cref="WalException">The log has failed, or there is no room for another segment; then nothing was added.</exception>
    public LogPosition Append(ushort kind, ReadOnlySpan<byte> body) => Append(kind, body, default, out _);

    /// <summary>As the other overload, for a record whose content stands in two places.</summary>
    /// <param name="kind">What it is: below 0xFF00.</param>
    /// <param name="head">The first part of its content; copied.</param>
    /// <param name="rest">The second part of its content; copied.</param>
    /// <param name="start">Where it begins: by which <c>sluice log</c> and later records name it.</param>
    /// <returns>Where it ends: flush up to there.</returns>
    /// <exception cref="WalException">The log has failed, or there is no room for another segment; then nothing was added.</exception>
    public LogPosition Append(ushort kind, ReadOnlySpan<byte> head, ReadOnlySpan<byte> rest, out LogPosition start)
    {
        RequireUsable(kind, (long)head.Length + rest.Length);
        ulong size = StreamBytesOf(head.Length + rest.Length);
        if (!TryReserve(size, out Reservation place)) ReserveBlocking(size, out place);
        start = new LogPosition(place.Position);
        return InsertReserved(kind, head, rest, size, in place);
    }

    /// <summary>Adds a record, without blocking: waits for room as asynchronous code does.</summary>
    /// <param name="kind">What it is: below 0xFF00.</param>
    /// <param name="body">Its content; left alone until this has completed.</param>
    /// <returns>Where it ends.</returns>
    /// <exception cref="WalException">When awaited: the log has failed, or there is no room for another segment; then nothing was added.</exception>
    public ValueTask<LogPosition> AppendAsync(ushort kind, ReadOnlyMemory<byte> body)
    {
        RequireUsable(kind, body.Length);
        ulong size = StreamBytesOf(body.Length);
        if (!TryReserve(size, out Reservation place)) return AppendSlowAsync(kind, body, size);
        if (size > (ulong)_unitBytesMax || !TryMakeRoom(_geometry.ToEndPosition(place.Stream + size))) return InsertReservedAsync(kind, body, size, place);
        return new ValueTask<LogPosition>(InsertReserved(kind, body.Span, default, size, in place));
    }

    /// <summary>Adds a record and completes when it is durable.</summary>
    /// <param name="kind">What it is: below 0xFF00.</param>
    /// <param name="body">Its content; left alone until this has completed.</param>
    /// <returns>Where it ends.</returns>
    /// <exception cref="WalException">When awaited: it is not durable; the message says why.</exception>
    public ValueTask<LogPosition> AppendAndFlushAsync(ushort kind, ReadOnlyMemory<byte> body)
    {
        // Without a state machine of its own: those are pooled for each thread and processor, and of committers there are more.
        try
        {
            ValueTask<LogPosition> append = AppendAsync(kind, body);
            if (!append.IsCompletedSuccessfully) return AppendAndFlushSlowAsync(append);
            LogPosition end = append.Result;
            return BeginFlush(end, default) is { } waiter ? waiter.PositionTask : new ValueTask<LogPosition>(end);
        }
        catch (Exception exception)
        {
            return ValueTask.FromException<LogPosition>(exception);
        }
    }

    /// <summary>
    /// Adds a record unless a guard moved before the record had its place; then what has the place is filling, and the caller builds the record anew.
    /// The place and the guard are ordered by the tail: who moves the guard and then adds a record knows that every record behind that one saw it moved.
    /// </summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    internal async ValueTask<GuardedAppend> AppendGuardedAsync(ushort kind, ReadOnlyMemory<byte> body, LogGuard guard, long expected)
    {
        ThrowIfUnusable();
        ulong size = StreamBytesOf(body.Length);
        Reservation place = await ReserveAsync(size);

        // Behind the exchange of the tail, which is a full fence.
        bool isAdded = guard.Version == expected;
        LogPosition end = await InsertReservedAsync(isAdded ? kind : WalUnit.PaddingKind, body, size, place);
        return new GuardedAppend(isAdded, new LogPosition(place.Position), end);
    }

    private void RequireUsable(ushort kind, long bodyBytes)
    {
        ThrowIfUnusable();
        if (kind >= WalUnit.PaddingKind) throw new ArgumentOutOfRangeException(nameof(kind), $"Kind {kind:X4} is the log's own: give one below FF00.");
        if (bodyBytes > RecordBytesMax) throw new ArgumentException($"A record can have at most {RecordBytesMax} bytes; this one has {bodyBytes}.");
    }

    private ulong StreamBytesOf(int bodyBytes)
    {
        int bodyMax = _unitBytesMax - WalUnit.HeaderBytes;
        if (bodyBytes <= bodyMax) return WalGeometry.Align((ulong)(WalUnit.HeaderBytes + bodyBytes));
        ulong whole = (ulong)((bodyBytes - 1) / bodyMax);
        return (whole * (ulong)_unitBytesMax) + WalGeometry.Align((ulong)WalUnit.HeaderBytes + (ulong)bodyBytes - (whole * (ulong)bodyMax));
    }

    private bool TryReserve(ulong size, out Reservation place)
    {
        ulong units = size >> 3;
        if (units >= LongCode) return TryReserveLong(size, out place);
        while (true)
        {
            ulong word = Volatile.Read(ref _tail.Value);
            ulong offset = (word >> LengthBits) & OffsetMask;
            ulong stream = (_bases[word >> 63] + offset) << 3;
            if (stream + size > Volatile.Read(ref _streamLimit)) break;
            ulong code = word & LengthMask;

            // Read before the exchange: if that succeeds, the tail named the slot all the time.
            ulong longStart = code >= LongCode ? Volatile.Read(ref _longStarts[code - LongCode]) : 0;
            ulong next = (word & BaseBit) | ((offset + units) << LengthBits) | units;
            if (Interlocked.CompareExchange(ref _tail.Value, next, word) != word) continue;
            if (offset + units >= RebaseAfter) Rebase();
            ulong position = _geometry.ToPosition(stream);
            ulong previous = code >= LongCode ? longStart : _geometry.PositionBefore(stream, position, code << 3);
            place = new Reservation(stream, position, previous);
            return true;
        }

        place = default;
        return false;
    }

    private bool TryReserveLong(ulong size, out Reservation place)
    {
        lock (_longLock)
        {
            while (true)
            {
                ulong word = Volatile.Read(ref _tail.Value);
                ulong offset = (word >> LengthBits) & OffsetMask;
                ulong stream = (_bases[word >> 63] + offset) << 3;
                if (stream + size > Volatile.Read(ref _streamLimit)) break;
                ulong code = word & LengthMask;
                ulong previous = code >= LongCode ? _longStarts[code - LongCode] : _geometry.ToPosition(stream - (code << 3));
                ulong slot = code == LongCode ? 1UL : 0;
                ulong position = _geometry.ToPosition(stream);
                Volatile.Write(ref _longStarts[slot], position);
                ulong next = (word & BaseBit) | ((offset + (size >> 3)) << LengthBits) | (LongCode + slot);
                if (Interlocked.CompareExchange(ref _tail.Value, next, word) != word) continue;
                place = new Reservation(stream, position, previous);
                if (offset + (size >> 3) >= RebaseAfter) Rebase();
                return true;
            }
        }

        place = default;
        return false;
    }

    private void Rebase()
    {
        lock (_longLock)
        {
            while (true)
            {
                ulong word = Volatile.Read(ref _tail.Value);
                ulong offset = (word >> LengthBits) & OffsetMask;
                if (offset < RebaseAfter) return;
                ulong other = (word >> 63) ^ 1;
                Volatile.Write(ref _bases[other], _bases[word >> 63] + offset);
                ulong next = (other << 63) | (word & LengthMask);
                if (Interlocked.CompareExchange(ref _tail.Value, next, word) == word) return;
            }
        }
    }

    private void StartTail(ulong stream, ulong previous)
    {
        _bases[0] = stream >> 3;
        _longStarts[0] = previous;
        _tail.Value = LongCode;
    }

    private LogPosition InsertReserved(ushort kind, ReadOnlySpan<byte> head, ReadOnlySpan<byte> rest, ulong size, in Reservation place)
    {
        ulong end = place.Stream + size;
        ulong endPosition = _geometry.EndPositionBehind(end, place.Position, size);
        if (size <= (ulong)_unitBytesMax)
        {
            WaitForRoom(endPosition);
            InsertUnit(place.Stream, place.Position, place.Previous, kind, WalUnit.First | WalUnit.Last, head, rest);
        }
        else
        {
            InsertPieces(kind, head, rest, in place);
        }

        AfterAppend(end, endPosition);
        return new LogPosition(endPosition);
    }

    private void InsertPieces(ushort kind, ReadOnlySpan<byte> head, ReadOnlySpan<byte> rest, in Reservation place)
    {
        int bodyMax = _unitBytesMax - WalUnit.HeaderBytes;
        ulong stream = place.Stream;
        bool isFirst = true;
        while (true)
        {
            ReadOnlySpan<byte> first = head[..Math.Min(head.Length, bodyMax)];
            ReadOnlySpan<byte> second = rest[..Math.Min(rest.Length, bodyMax - first.Length)];
            head = head[first.Length..];
            rest = rest[second.Length..];
            bool isLast = head.IsEmpty && rest.IsEmpty;
            ulong next = stream + WalGeometry.Align((ulong)(WalUnit.HeaderBytes + first.Length + second.Length));
            WaitForRoom(_geometry.ToEndPosition(next));
            byte flags = (byte)((isFirst ? WalUnit.First : 0) | (isLast ? WalUnit.Last : 0));
            InsertUnit(stream, _geometry.ToPosition(stream), isFirst ? place.Previous : place.Position, kind, flags, first, second);
            if (isLast) return;
            stream = next;
            isFirst = false;
            if (_geometry.ToEndPosition(stream) >= Volatile.Read(ref _eagerAt)) TryIssue();
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<LogPosition> AppendAndFlushSlowAsync(ValueTask<LogPosition> append)
    {
        LogPosition end = await append;
        await FlushAsync(end);
        return end;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<LogPosition> AppendSlowAsync(ushort kind, ReadOnlyMemory<byte> body, ulong size) =>
        await InsertReservedAsync(kind, body, size, await ReserveSlowAsync(size));

    // The record has its place: from here on it is written whatever happens to the caller, or the log has failed.
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<LogPosition> InsertReservedAsync(ushort kind, ReadOnlyMemory<byte> body, ulong size, Reservation place)
    {
        int bodyMax = _unitBytesMax - WalUnit.HeaderBytes;
        ulong stream = place.Stream;
        int done = 0;
        do
        {
            int length = Math.Min(body.Length - done, bodyMax);
            ulong next = stream + WalGeometry.Align((ulong)(WalUnit.HeaderBytes + length));
            ulong unitEnd = _geometry.ToEndPosition(next);
            while (!TryMakeRoom(unitEnd))
            {
                ThrowIfFailed();
                await WaitForRoomAsync(unitEnd);
            }

            byte flags = (byte)((done == 0 ? WalUnit.First : 0) | (done + length == body.Length ? WalUnit.Last : 0));
            InsertUnit(stream, _geometry.ToPosition(stream), done == 0 ? place.Previous : place.Position, kind, flags, body.Span.Slice(done, length), default);
            done += length;
            stream = next;
            if (unitEnd >= Volatile.Read(ref _eagerAt)) TryIssue();
        }
        while (done < body.Length);
        ulong endPosition = _geometry.ToEndPosition(place.Stream + size);
        AfterAppend(place.Stream + size, endPosition);
        return new LogPosition(endPosition);
    }

    private unsafe void InsertUnit(ulong stream, ulong position, ulong previous, ushort kind, byte flags, ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        int length = WalUnit.HeaderBytes + first.Length + second.Length;
        ulong word = WalUnit.FirstWord((uint)length, kind, flags);
        byte* at = _ring + (position & _ringMask);
        if (length <= WalGeometry.PageBytes - (int)(position & (WalGeometry.PageBytes - 1)))
        {
            // Before the checksum, which is computed from the source: what another processor has of these lines is on its way meanwhile.
            *(ulong*)(at + 8) = previous;
            *(uint*)(at + 16) = _incarnation;
            first.CopyTo(new Span<byte>(at + WalUnit.HeaderBytes, first.Length));
            second.CopyTo(new Span<byte>(at + WalUnit.HeaderBytes + first.Length, second.Length));
            *(uint*)(at + WalUnit.ChecksumOffset) = ~ChecksumOf(position, word, previous, first, second);
        }
        else
        {
            uint checksum = ChecksumOf(position, word, previous, first, second);
            ulong* rest = stackalloc ulong[2];
            rest[0] = previous;
            rest[1] = _incarnation | ((ulong)~checksum << 32);
            ulong next = position + 8;
            int remaining = length - 8;
            CopyOverPages(new ReadOnlySpan<byte>(rest, 16), ref next, ref remaining);
            CopyOverPages(first, ref next, ref remaining);
            CopyOverPages(second, ref next, ref remaining);
        }

        // Release: who reads the word that is not zero sees the rest of the unit. Pairs with the acquire in Walk.
        Volatile.Write(ref *(ulong*)at, word);

        // Pairs with the barrier of all threads in Walk: either it sees the word, or this sees that it is waited for. A fence here would make
        // every record wait until its lines have come from whoever had them.
        if (Volatile.Read(ref _stuckAt) == position) TryIssue();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private uint ChecksumOf(ulong position, ulong word, ulong previous, ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        uint checksum = Crc32C.Append(UnitChecksum(_seed, position, word, previous, _incarnation), first);
        return second.IsEmpty ? checksum : Crc32C.Append(checksum, second);
    }

    private unsafe void CopyOverPages(ReadOnlySpan<byte> source, ref ulong position, ref int remaining)
    {
        while (!source.IsEmpty)
        {
            int inPage = (int)(position & (WalGeometry.PageBytes - 1));
            if (inPage == 0)
            {
                WalPage.SetRemaining(new Span<byte>(_ring + (position & _ringMask), WalGeometry.PageHeaderBytes), (uint)remaining);
                inPage = _geometry.HeaderBytesOf(position);
                position += (ulong)inPage;
            }

            int count = Math.Min(source.Length, WalGeometry.PageBytes - inPage);
            source[..count].CopyTo(new Span<byte>(_ring + (position & _ringMask), count));
            source = source[count..];
            position += (ulong)count;
            remaining -= count;
        }
    }

    /// <summary>The running checksum of a unit's header: identity, own position, and its first twenty bytes.</summary>
    internal static uint UnitChecksum(uint seed, ulong position, ulong firstWord, ulong previous, uint incarnation)
    {
        uint checksum = Crc32C.Append(seed, position);
        checksum = Crc32C.Append(Crc32C.Append(checksum, firstWord), previous);
        return BitOperations.Crc32C(checksum, incarnation);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TryMakeRoom(ulong end) => end <= Volatile.Read(ref _initialisedTo.Beside) || InitialisePages(end);

    // Pages are zero, with their header, before anybody copies to them: a unit that is not there yet reads as zero. They are made so ahead of need, by one
    // thread while the others go on in those that are ready; nobody waits for that one who has a page.
    private bool InitialisePages(ulong end)
    {
        if (end > Volatile.Read(ref _initialisedTo.Value))
        {
            lock (_initialiseLock) return InitialiseTo(end);
        }

        if (!_initialiseLock.TryEnter()) return true;
        try
        {
            return InitialiseTo(end);
        }
        finally
        {
            _initialiseLock.Exit();
        }
    }

    private unsafe bool InitialiseTo(ulong end)
    {
        ulong page = _initialisedTo.Value;
        ulong ahead = (ulong)_initialiseAheadBytes;

        // Nobody else comes here meanwhile for pages that are ready.
        Volatile.Write(ref _initialisedTo.Beside, page);
        while (page < end + ahead)
        {
            // What stood here a lap ago must have been written.
            if (page + WalGeometry.PageBytes > Volatile.Read(ref _reusableTo) + _ringMask + 1)
            {
                Volatile.Write(ref _initialisedTo.Beside, page);
                return end <= page;
            }

            Span<byte> memory = new(_ring + (page & _ringMask), WalGeometry.PageBytes);
            memory.Clear();
            WalPage.Begin(memory, in _identity, page, _incarnation);
            page += WalGeometry.PageBytes;

            // Release: who reads it sees the page. Pairs with the acquire in TryMakeRoom and InitialisePages.
            Volatile.Write(ref _initialisedTo.Value, page);
        }

        Volatile.Write(ref _initialisedTo.Beside, page - (ahead / 2));
        return true;
    }

    private void AfterAppend(ulong endStream, ulong endPosition)
    {

        // While segments are made every record gets here: the lock is only for who may have to begin. Who misses the end of a preparation
        // leaves it to the next record, or to whoever waits for a segment.
        if (endStream > Volatile.Read(ref _prepareAt) && !_isPreparing) PrepareSegments();
        if (endPosition >= Volatile.Read(ref _eagerAt)) TryIssue();
    }

    /// <summary>A place in the log that is somebody's to fill.</summary>
    private readonly record struct Reservation(ulong Stream, ulong Position, ulong Previous);
}
