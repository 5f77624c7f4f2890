namespace Sluice.Storage;

/// <summary>
/// Finds a buffer for a page that is wanted: the clock, the ring, and the writes that make room. Belongs to a session, for its use of the
/// pool or for its temporary pages.
/// </summary>
/// <remarks>
/// <para>It never waits: it says what for. A dirty victim is written asynchronously, with neighbours that would be victims as well, and
/// stays on the list of candidates meanwhile; the clock goes on to others. Only when the list, or the number of writes, is full, or the
/// clock came round, is there something to wait for: first its own writes, then the log, then the writes of others.</para>
/// <para>A candidate is nobody's: it is looked at again before it is claimed. A page whose eviction write failed is left alone until
/// nothing else serves, and then tried again; if that fails too, the search ends with the failure. It stays dirty all the time.</para>
/// </remarks>
internal sealed unsafe class VictimFinder
{
    // Enough that the hand's cache line is not fought over, few enough that a session that ends passes over little.
    private const int TicksAtOnceMax = 16;

    private readonly BufferSession _session;
    private readonly BufferPool _pool;
    private readonly BufferFrames _frames;
    private readonly LocalBuffers? _local;
    private readonly int[] _candidates;
    private readonly WriteOperation[] _writes;
    private readonly BufferSlot[] _run;
    private readonly int _ticksAtOnce;
    private int _candidateCount;
    private int _pendingCount;
    private long _writeSequence;
    private readonly long[] _sequences;
    private long _tick;
    private int _ticksLeft;
    private int _foreignIndex = -1;
    private bool _isLastResort;
    private int _lastResortWrites;
    private IoContext _countedIn;
    private bool _lacksHandle;
    private bool _hasStarted;
    private Exception? _failure;

    internal VictimFinder(BufferSession session, BufferFrames frames, LocalBuffers? local)
    {
        _session = session;
        _pool = session.Pool;
        _frames = frames;
        _local = local;
        int depth = Math.Clamp(frames.Count / 16, 1, _pool.Options.EvictionDepth);
        _candidates = new int[Math.Clamp(frames.Count / 8, 1, depth * session.CombineMax)];
        _writes = new WriteOperation[depth];
        _sequences = new long[depth];
        for (int index = 0; index < depth; index++) _writes[index] = new WriteOperation(session, null, index);
        _run = new BufferSlot[session.CombineMax];
        _ticksAtOnce = Math.Clamp(frames.Count / 64, 1, TicksAtOnceMax);
    }

    /// <summary>How many buffers it found.</summary>
    internal long Found { get; private set; }

    /// <summary>Whether writes that it started are in flight.</summary>
    internal bool HasPending => _pendingCount != 0;

    /// <summary>Claims a buffer: pinned once, without a tag, not in any mapping.</summary>
    /// <param name="ring">The ring that it shall come from and go into; null for none.</param>
    /// <param name="blocker">What to wait for before the next call when there is none.</param>
    /// <returns>The buffer; -1 when there is none yet.</returns>
    /// <exception cref="StorageException">Every buffer is pinned.</exception>
    internal int TryClaim(AccessRing? ring, out Blocker blocker)
    {
        // What is pushed out of the pool for a ring is the ring's doing.
        _countedIn = ring?.Kind ?? IoContext.Normal;
        Harvest();
        while (true)
        {
            _foreignIndex = -1;
            _lacksHandle = false;
            _hasStarted = false;
            LogPosition log = default;
            int index;
            if (ring is not null)
            {
                index = TryClaimFromRing(ring, out blocker);
                if (index >= 0 || blocker.Kind != BlockerKind.None) return index;
            }

            index = TryCandidates(ref log);
            if (index < 0) index = Sweep(ref log);
            blocker = default;
            if (index >= 0)
            {
                ring?.Put(index);
                EndSearch();
                return index;
            }

            if (TryFindBlocker(log, out blocker)) return -1;

            // Writes that were done in place left candidates behind, or failed and are not tried again.
            if (_hasStarted) continue;
            if (_isLastResort || _failure is null && !AnyFailedWrites()) break;

            // Everything else is pinned: what could not be written before is tried again.
            _isLastResort = true;
        }

        Exception? failure = _failure;
        EndSearch();
        if (failure is not null) throw failure;
        throw new StorageException(_local is null
            ? $"There are no unpinned buffers available: all {_frames.Count} are in use. Release pins, or make BufferCount larger."
            : $"There are no unpinned temporary buffers available: all {_frames.Count} are in use. Release pins, "
                + "or make LocalBufferCount larger.");
    }

    /// <summary>Gives back a claimed buffer that turned out not to be needed: the next search finds it first.</summary>
    internal void GiveBack(int index)
    {
        _frames.Unpin(index);
        Found--;
        AddCandidate(index);
    }

    /// <summary>Takes the outcomes of its writes; those of a session that ends.</summary>
    internal void Harvest()
    {
        if (_pendingCount == 0) return;
        _session.Context.Poll();
        foreach (WriteOperation write in _writes)
        {
            if (!write.IsPending || !_session.TryFinishWrite(write)) continue;
            _pendingCount--;
            if (write.Failure is not null) _failure = write.Failure;
        }
    }

    /// <summary>The write that was started first of those in flight.</summary>
    internal WaitReference OldestPending()
    {
        WriteOperation? oldest = null;
        long sequence = long.MaxValue;
        foreach (WriteOperation write in _writes)
        {
            if (!write.IsPending || _sequences[write.Return.Tag] >= sequence) continue;
            oldest = write;
            sequence = _sequences[write.Return.Tag];
        }

        return oldest?.Reference ?? default;
    }

    private bool TryFindBlocker(LogPosition log, out Blocker blocker)
    {
        blocker = default;
        if (_pendingCount != 0) blocker = Blocker.OnOwn(OldestPending());
        else if (log.IsValid) blocker = Blocker.OnLog(log);
        else if (_lacksHandle) blocker = Blocker.OnHandle();
        else if (_foreignIndex >= 0) blocker = BlockerOf(_foreignIndex);
        return blocker.Kind != BlockerKind.None;
    }

    private Blocker BlockerOf(int index)
    {
        _frames.CopyReference(index, out WaitReference reference);
        return Blocker.OnIo(_frames, index, reference);
    }

    private void EndSearch()
    {
        _isLastResort = false;
        _lastResortWrites = 0;
        _failure = null;
    }

    private int TryClaimFromRing(AccessRing ring, out Blocker blocker)
    {
        blocker = default;
        int index = ring.Advance();
        if (index < 0) return -1;
        ulong state = _frames.ReadState(index);
        const ulong BeingWritten = BufferState.IoInProgress | BufferState.Dirty | BufferState.Valid;
        if ((state & BeingWritten) == BeingWritten && ring.Kind != IoContext.BulkRead)
        {
            // Written ahead, and not done yet.
            ring.StepBack();
            blocker = BlockerOf(index);
            return -1;
        }

        if (BufferState.Pins(state) != 0 || BufferState.Usage(state) > 1) return -1;
        if ((state & (BufferState.TagValid | BufferState.Dirty)) == (BufferState.TagValid | BufferState.Dirty)) return WriteAhead(ring,
            index, out blocker);
        if (!TryTake(index, state, IoAction.Reuse)) return -1;
        EndSearch();
        return index;
    }

    /// <summary>Starts writing what the ring will come to, and waits for the first of it.</summary>
    private int WriteAhead(AccessRing ring, int index, out Blocker blocker)
    {
        blocker = default;
        if (_frames.Descriptors[index].FailedWrites != 0) return -1;
        WriteStart first = StartEviction(index);
        if (ring.Kind == IoContext.BulkRead) return -1;
        const int PlacesMax = 128;
        int places = Math.Min(PlacesMax, ring.BufferCount / 2);
        for (int place = 1; place < places && _pendingCount < _writes.Length && first.Refusal != WriteRefusal.NoHandle; place++)
        {
            int ahead = ring.Ahead(place);
            if (ahead < 0) continue;
            ulong state = _frames.ReadState(ahead);
            const ulong Wanted = BufferState.Dirty | BufferState.TagValid;
            const ulong Unwanted = BufferState.IoInProgress | BufferState.PinMask;
            if ((state & (Wanted | Unwanted)) != Wanted || BufferState.Usage(state) > 1
                || _frames.Descriptors[ahead].FailedWrites != 0)
            {
                continue;
            }

            WriteStart next = StartEviction(ahead);
            if (next.Refusal == WriteRefusal.LogFirst && first.Refusal == WriteRefusal.LogFirst)
            {
                first = first with { FlushUpTo = LogPosition.Max(first.FlushUpTo, next.FlushUpTo) };
            }

            if (next.Refusal == WriteRefusal.NoHandle) break;
        }

        if (first.Count > 0 || first.Refusal == WriteRefusal.InProgress) blocker = BlockerOf(index);
        else if (first.Refusal == WriteRefusal.LogFirst) blocker = Blocker.OnLog(first.FlushUpTo);
        else if (first.Refusal == WriteRefusal.NoHandle) blocker = _pendingCount != 0 ? Blocker.OnOwn(OldestPending()) : Blocker.OnHandle();
        if (blocker.Kind != BlockerKind.None) ring.StepBack();
        return -1;
    }

    private int TryCandidates(ref LogPosition log)
    {
        int kept = 0;
        int found = -1;
        int count = _candidateCount;
        for (int place = 0; place < count; place++)
        {
            int index = _candidates[place];
            if (found >= 0 || Examine(index, ref log, out bool isTaken))
            {
                _candidates[kept++] = index;
                continue;
            }

            if (isTaken) found = index;
        }

        // A write that was started adds neighbours behind those that were there.
        for (int place = count; place < _candidateCount; place++) _candidates[kept++] = _candidates[place];
        _candidateCount = kept;
        return found;
    }

    /// <summary>Looks at a candidate: takes it, keeps it or forgets it.</summary>
    /// <returns>True to keep it.</returns>
    private bool Examine(int index, ref LogPosition log, out bool isTaken)
    {
        isTaken = false;
        ulong state = _frames.ReadState(index);

        // Its own write, perhaps; if it is another's, the clock finds the page when it comes round.
        if (IsBeingWritten(index, state)) return _pendingCount != 0;
        if (BufferState.Pins(state) != 0 || BufferState.Usage(state) != 0) return false;
        const ulong DirtyPage = BufferState.TagValid | BufferState.Dirty;
        if ((state & DirtyPage) != DirtyPage)
        {
            isTaken = TryTake(index, state, IoAction.Evict);
            return false;
        }

        if (!MayWrite(index)) return false;
        return _pendingCount == _writes.Length || IsWorthKeeping(StartEviction(index), ref log);
    }

    // Temporary pages have no flag for it.
    private bool IsBeingWritten(int index, ulong state) =>
        _frames.IsLocal ? _frames.HasReference(index) : (state & BufferState.IoInProgress) != 0 && (state & BufferState.Valid) != 0;

    private bool MayWrite(int index)
    {
        if (_frames.Descriptors[index].FailedWrites == 0) return true;
        return _isLastResort && _lastResortWrites < _writes.Length * 4;
    }

    private bool IsWorthKeeping(WriteStart start, ref LogPosition log)
    {
        if (start.Count > 0) return true;
        if (start.Refusal == WriteRefusal.LogFirst) log = LogPosition.Max(log, start.FlushUpTo);
        if (start.Refusal == WriteRefusal.NoHandle) _lacksHandle = true;
        return start.Refusal is WriteRefusal.LogFirst or WriteRefusal.NoHandle;
    }

    private int Sweep(ref LogPosition log)
    {
        long budget = (long)_frames.Count * (BufferState.UsageMax + 1);
        for (; budget > 0 && _candidateCount < _candidates.Length && _pendingCount < _writes.Length && !_lacksHandle; budget--)
        {
            int index = NextTick();
            ulong state = _frames.ReadState(index);
            if (BufferState.Pins(state) != 0)
            {
                if ((state & BufferState.IoInProgress) != 0) _foreignIndex = index;
                continue;
            }

            if (BufferState.Usage(state) != 0)
            {
                // Lost to whoever changed the word at the same time: the next pass sees it again.
                Interlocked.CompareExchange(ref _frames.StateOf(index), state - BufferState.UsageOne, state);
                continue;
            }

            const ulong DirtyPage = BufferState.TagValid | BufferState.Dirty;
            if ((state & DirtyPage) != DirtyPage)
            {
                if (TryTake(index, state, IoAction.Evict)) return index;
            }
            else if (MayWrite(index) && IsWorthKeeping(StartEviction(index), ref log))
            {
                AddCandidate(index);
            }
        }

        // Looks once at each buffer for itself: with others at the same clock, its share of the ticks need not have met a free one.
        return budget > 0 ? -1 : TakeAnyClean();
    }

    private int TakeAnyClean()
    {
        for (int index = 0; index < _frames.Count; index++)
        {
            ulong state = _frames.ReadState(index);
            if (BufferState.Pins(state) != 0) continue;
            const ulong DirtyPage = BufferState.TagValid | BufferState.Dirty;
            if ((state & DirtyPage) != DirtyPage && TryTake(index, state, IoAction.Evict)) return index;
        }

        return -1;
    }

    private bool TryTake(int index, ulong state, IoAction action)
    {
        if (!_frames.TryPinUnpinned(index, state)) return false;
        if ((state & BufferState.TagValid) != 0)
        {
            bool isRemoved = _local is not null
                ? _local.TryRemove(index, ownPins: 1, evenDirty: false)
                : _pool.Mapping.TryRemove(index, new TagKey(_frames.TagOf(index)), ownPins: 1, evenDirty: false);
            if (!isRemoved)
            {
                _frames.Unpin(index);
                return false;
            }

            _session.Count(_local is not null, _countedIn, action);
        }

        Found++;
        return true;
    }

    /// <summary>Starts writing a dirty page, and those after it in its relation that would be written soon.</summary>
    private WriteStart StartEviction(int index)
    {
        WriteOperation? free = null;
        foreach (WriteOperation write in _writes)
        {
            if (!write.IsPending) free = write;
        }

        if (free is null) return new WriteStart(0, WriteRefusal.NoHandle);
        if (_isLastResort) _lastResortWrites++;
        int count = CollectRun(index);
        if (count == 0) return new WriteStart(0, WriteRefusal.NotNeeded);
        WriteStart start = _session.TryStartWrite(free, _run.AsSpan(0, count), WriteFlags.None, _countedIn, _local);
        if (start.Refusal == WriteRefusal.Failed)
        {
            _hasStarted = true;
            _failure = free.Failure;
        }

        if (start.Count == 0) return start;
        _hasStarted = true;
        _sequences[free.Return.Tag] = ++_writeSequence;
        _pendingCount++;
        for (int place = 1; place < start.Count; place++) AddCandidate(_run[place].BufferIndex);

        // It may have been done in place.
        if (free.Return.IsFilled) Harvest();
        return start;
    }

    private int CollectRun(int index)
    {
        // The tag is a guess until the write pins the page and compares.
        ulong state = _frames.LockHeader(index);
        PageTag tag = _frames.TagOf(index);
        _frames.UnlockHeader(index);
        if ((state & BufferState.TagValid) == 0) return 0;
        _run[0] = new BufferSlot(index, tag);
        int count = 1;
        for (; count < _run.Length && tag.BlockNumber < BlockNumbers.Max - (uint)count; count++)
        {
            PageTag next = tag with { BlockNumber = tag.BlockNumber + (uint)count };
            int neighbour = _local is not null ? _local.Find(in next) : _pool.Mapping.Peek(new TagKey(in next));
            if (neighbour < 0) break;
            ulong neighbourState = _frames.ReadState(neighbour);
            if ((neighbourState & (BufferState.Dirty | BufferState.PinMask)) != BufferState.Dirty
                || BufferState.Usage(neighbourState) > 1) break;
            _run[count] = new BufferSlot(neighbour, next);
        }

        return count;
    }

    private void AddCandidate(int index)
    {
        if (_candidateCount < _candidates.Length) _candidates[_candidateCount++] = index;
    }

    private int NextTick()
    {
        if (_local is not null) return _local.Tick();
        if (_ticksLeft == 0)
        {
            _tick = _pool.Clock.Take(_ticksAtOnce);
            _ticksLeft = _ticksAtOnce;
        }

        _ticksLeft--;
        return (int)((ulong)_tick++ % (uint)_frames.Count);
    }

    private bool AnyFailedWrites()
    {
        for (int index = 0; index < _frames.Count; index++)
        {
            if (_frames.Descriptors[index].FailedWrites != 0 && (_frames.ReadState(index) & BufferState.PinMask) == 0) return true;
        }

        return false;
    }
}
