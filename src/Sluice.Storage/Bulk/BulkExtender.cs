namespace Sluice.Storage;

/// <summary>
/// Hands out new pages at the end of a fork to flows that fill them one by one, and makes the fork longer by many at a time: the more flows
/// wait for a page at that moment, the more. Any thread; each flow brings its session.
/// </summary>
/// <remarks>
/// PostgreSQL's rule: a flow that finds nobody waiting makes one step; each flow that waits adds one, up to 64 pages. What is made beyond
/// one's own page is kept for the others, unpinned and all zero, by its block number; who takes such a page reads it from the pool, where
/// it still is. Invariant: a block number is given out once. Pages that nobody takes before the process ends stay in the fork, new and
/// empty.
/// </remarks>
public sealed class BulkExtender
{
    /// <summary>How many pages one step makes at most.</summary>
    public const int StepMax = 64;

    private readonly Relation _relation;
    private readonly RelationFork _fork;
    private readonly int _stepMin;
    private readonly ReadFlags _flags;
    private readonly Lock _lock = new();
    private readonly Queue<uint> _spare = new();
    private readonly SemaphoreSlim _turn = new(1, 1);
    private int _waiting;

    /// <summary>Makes an extender for one fork. There should be one per fork.</summary>
    /// <param name="relation">The relation.</param>
    /// <param name="fork">The fork; it exists.</param>
    /// <param name="stepMin">How many pages a step makes at least: more than one for a load that will need them.</param>
    /// <param name="flags">Only <see cref="ReadFlags.Unlogged"/> matters.</param>
    public BulkExtender(Relation relation, RelationFork fork = RelationFork.Main, int stepMin = 1, ReadFlags flags = ReadFlags.None)
    {
        ArgumentNullException.ThrowIfNull(relation);
        ArgumentOutOfRangeException.ThrowIfLessThan(stepMin, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(stepMin, StepMax);
        (_relation, _fork, _stepMin, _flags) = (relation, fork, stepMin, flags);
    }

    /// <summary>How often the fork was made longer.</summary>
    public long StepCount { get; private set; }

    /// <summary>How many pages it was made longer by.</summary>
    public long PageCount { get; private set; }

    /// <summary>Takes a new page: all zero, pinned, exclusively locked. The caller initialises it, marks it dirty, unlocks and releases
    /// it.</summary>
    /// <param name="session">The calling flow's session.</param>
    /// <param name="ring">The ring that buffers come from; null for the whole pool.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="AioException">When awaited: there is no space, say.</exception>
    /// <exception cref="StorageException">When awaited: every buffer is pinned.</exception>
    public async ValueTask<BufferPin> TakeAsync(
        BufferSession session, AccessRing? ring = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(session);
        if (TryTakeSpare(out uint block)) return await LockSpareAsync(session, block, ring, cancellationToken);
        Interlocked.Increment(ref _waiting);
        bool isWaiting = true;
        try
        {
            await _turn.WaitAsync(cancellationToken);
            try
            {
                int waiting = Interlocked.Decrement(ref _waiting);
                isWaiting = false;
                if (!TryTakeSpare(out block)) return await ExtendAsync(session, Math.Max(_stepMin, 1 + waiting), ring, cancellationToken);
            }
            finally
            {
                _turn.Release();
            }
        }
        finally
        {
            if (isWaiting) Interlocked.Decrement(ref _waiting);
        }

        return await LockSpareAsync(session, block, ring, cancellationToken);
    }

    private async ValueTask<BufferPin> ExtendAsync(BufferSession session, int wanted, AccessRing? ring, CancellationToken cancellationToken)
    {
        // Pinned together for a moment: no more than what the session may have.
        int count = Math.Clamp(wanted, 1, Math.Min(StepMax, Math.Max(1, session.PinsAllowed)));
        BufferPin[] pins = new BufferPin[count];
        uint first = await session.ExtendAsync(_relation, _fork, pins, 0, count, _flags, ring, cancellationToken);
        StepCount++;
        PageCount += count;
        for (int index = 1; index < count; index++)
        {
            pins[index].Unlock(ContentLockMode.Exclusive);
            pins[index].Release();
        }

        lock (_lock)
        {
            for (uint index = 1; index < count; index++) _spare.Enqueue(first + index);
        }

        return pins[0];
    }

    private async ValueTask<BufferPin> LockSpareAsync(
        BufferSession session, uint block, AccessRing? ring, CancellationToken cancellationToken)
    {
        BufferPin pin = default;
        bool isLocked = false;
        try
        {
            pin = await session.ReadAsync(_relation, _fork, block, _flags, ring, cancellationToken);
            await pin.LockAsync(ContentLockMode.Exclusive, cancellationToken);
            isLocked = true;
            return pin;
        }
        finally
        {
            if (!isLocked)
            {
                pin.Release();
                lock (_lock) _spare.Enqueue(block);
            }
        }
    }

    private bool TryTakeSpare(out uint block)
    {
        lock (_lock) return _spare.TryDequeue(out block);
    }
}
