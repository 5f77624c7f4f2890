namespace Sluice.Storage;

/// <summary>Forgetting pages, and writing pages out, of relations as a whole.</summary>
/// <remarks>
/// Dropping throws pages away, dirty or not: the relation goes, or its end does. What is in flight on them is waited for, so that no write
/// lands after the drop; nobody may begin to use the pages meanwhile, which is the caller's to see to (a lock on the relation).
/// </remarks>
public sealed partial class BufferSession
{
    /// <summary>Forgets all pages of a relation.</summary>
    /// <param name="relation">The relation; a temporary one of this session, or one that lasts.</param>
    /// <param name="cancellationToken">Ends the wait for I/O and for pins; part of the pages is then forgotten.</param>
    public ValueTask DropAsync(RelationKey relation, CancellationToken cancellationToken = default) =>
        DropMatchingAsync(relation.IsTemporary, new DropRule(relation.Id, 0, null, 0, DropScope.Relation), cancellationToken);

    /// <summary>Forgets the pages of one fork from a block on: the fork is cut off there, or removed (0).</summary>
    /// <param name="relation">The relation.</param>
    /// <param name="fork">The fork.</param>
    /// <param name="firstBlock">The first block that is forgotten.</param>
    /// <param name="cancellationToken">Ends the wait for I/O and for pins; part of the pages is then forgotten.</param>
    public ValueTask DropAsync(RelationKey relation, RelationFork fork, uint firstBlock, CancellationToken cancellationToken = default) =>
        DropMatchingAsync(relation.IsTemporary, new DropRule(relation.Id, 0, fork, firstBlock, DropScope.Relation), cancellationToken);

    /// <summary>Forgets all pages of a database.</summary>
    /// <param name="databaseOid">The database.</param>
    /// <param name="cancellationToken">Ends the wait for I/O and for pins; part of the pages is then forgotten.</param>
    public ValueTask DropDatabaseAsync(uint databaseOid, CancellationToken cancellationToken = default) =>
        DropMatchingAsync(isTemporary: false, new DropRule(default, databaseOid, null, 0, DropScope.Database), cancellationToken);

    /// <summary>
    /// Writes all dirty pages of a relation, many at once, and waits for that. They are not synced. Pages that become dirty meanwhile may
    /// or may not be among them.
    /// </summary>
    /// <param name="relation">The relation; a temporary one of this session, or one that lasts.</param>
    /// <param name="fork">The fork; null for all.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="AioException">When awaited: a write failed; its pages are dirty still.</exception>
    public async ValueTask FlushAsync(RelationKey relation, RelationFork? fork = null, CancellationToken cancellationToken = default)
    {
        List<BufferSlot> slots = [];
        if (relation.IsTemporary) CollectLocalDirty(relation.Id, fork, slots);
        else Pool.CollectDirty(relation.Id, fork, slots);
        await WriteAllAsync(slots, relation.IsTemporary, cancellationToken);
    }

    /// <summary>
    /// Forgets a page that nobody pins, writing it first if it is dirty. For tests, and for people who look into a pool.
    /// </summary>
    /// <param name="relation">The relation; a temporary one of this session, or one that lasts.</param>
    /// <param name="fork">The fork.</param>
    /// <param name="block">The block.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>False when it is pinned or was used again meanwhile; true when it is not in memory.</returns>
    public async ValueTask<bool> EvictAsync(RelationKey relation, RelationFork fork, uint block,
        CancellationToken cancellationToken = default)
    {
        PageTag tag = new(relation.Id, fork, block);
        LocalBuffers? local = relation.IsTemporary ? _local : null;
        if (relation.IsTemporary && local is null) return true;
        for (int attempt = 0; attempt < 3; attempt++)
        {
            TagKey key = new(in tag);
            int index = local is null ? Pool.Mapping.Peek(in key) : local.Find(in tag);
            if (index < 0) return true;
            bool isGone = local is null
                ? Pool.Mapping.TryRemove(index, in key, ownPins: 0, evenDirty: false)
                : local.TryRemove(index, ownPins: 0, evenDirty: false);
            if (isGone) return true;
            BufferFrames frames = local?.Frames ?? Pool.Frames;
            ulong state = frames.ReadState(index);
            if ((state & BufferState.IoInProgress) != 0 || (local is not null && frames.HasReference(index)))
            {
                frames.CopyReference(index, out WaitReference reference);
                await WaitForAsync(Blocker.OnIo(frames, index, reference), cancellationToken);
            }
            else if (BufferState.Pins(state) != 0)
            {
                return false;
            }
            else if ((state & BufferState.Dirty) != 0)
            {
                await WriteAllAsync([new BufferSlot(index, tag)], relation.IsTemporary, cancellationToken);
            }
        }

        return false;
    }

    /// <summary>
    /// Forgets all pages of a relation that nobody pins, writing the dirty ones first.
    /// </summary>
    /// <param name="relation">The relation; a temporary one of this session, or one that lasts.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>How many pages of it are in memory still.</returns>
    public async ValueTask<int> EvictAsync(RelationKey relation, CancellationToken cancellationToken = default)
    {
        await FlushAsync(relation, null, cancellationToken);
        List<PageTag> tags = [];
        BufferFrames? frames = relation.IsTemporary ? _local?.Frames : Pool.Frames;
        for (int index = 0; frames is not null && index < frames.Count; index++)
        {
            ulong state = frames.LockHeader(index);
            PageTag tag = frames.TagOf(index);
            frames.UnlockHeader(index);
            if ((state & BufferState.TagValid) != 0 && tag.Relation == relation.Id) tags.Add(tag);
        }

        int left = 0;
        foreach (PageTag tag in tags)
        {
            if (!await EvictAsync(relation, tag.Fork, tag.BlockNumber, cancellationToken)) left++;
        }

        return left;
    }

    private async ValueTask DropMatchingAsync(bool isTemporary, DropRule rule, CancellationToken cancellationToken)
    {
        LocalBuffers? local = isTemporary ? _local : null;
        if (isTemporary && local is null) return;
        BufferFrames frames = local?.Frames ?? Pool.Frames;
        for (int index = 0; index < frames.Count; index++)
        {
            while (!TryDrop(frames, local, index, in rule, out Blocker blocker))
            {
                await WaitForAsync(in blocker, cancellationToken);
            }
        }
    }

    /// <summary>Forgets what is in a buffer if the rule says so.</summary>
    /// <returns>False when there is something to wait for first.</returns>
    private static unsafe bool TryDrop(BufferFrames frames, LocalBuffers? local, int index, in DropRule rule, out Blocker blocker)
    {
        blocker = default;

        // Unlocked first: nobody begins to use such pages, so one that is not seen here is not there.
        if ((frames.ReadState(index) & BufferState.TagValid) == 0 || !rule.Matches(frames.TagOf(index))) return true;
        ulong state = frames.LockHeader(index);
        PageTag tag = frames.TagOf(index);
        frames.UnlockHeader(index);
        if ((state & BufferState.TagValid) == 0 || !rule.Matches(tag)) return true;
        bool isGone = local is null
            ? frames.Pool.Mapping.TryRemove(index, new TagKey(in tag), ownPins: 0, evenDirty: true)
            : !frames.HasReference(index) && local.TryRemove(index, ownPins: 0, evenDirty: true);
        if (isGone) return true;
        state = frames.ReadState(index);
        bool hasIo = (state & BufferState.IoInProgress) != 0 || (local is not null && frames.HasReference(index));
        if (hasIo)
        {
            frames.CopyReference(index, out WaitReference reference);
            blocker = Blocker.OnIo(frames, index, reference);
        }
        else
        {
            if (local is not null && BufferState.Pins(state) != 0)
            {
                throw new StorageException(
                    $"Block {tag.BlockNumber} of temporary relation {tag.Relation.Number} is pinned: release it before the drop.");
            }

            blocker = Blocker.OnPins(frames, index);
        }

        return false;
    }

    private void CollectLocalDirty(RelationId relation, RelationFork? fork, List<BufferSlot> into)
    {
        if (_local is null) return;
        for (int index = 0; index < _local.Frames.Count; index++)
        {
            const ulong Needed = BufferState.Dirty | BufferState.TagValid;
            if ((_local.Frames.ReadState(index) & Needed) != Needed) continue;
            PageTag tag = _local.Frames.TagOf(index);
            if (tag.Relation == relation && (fork is null || fork == tag.Fork)) into.Add(new BufferSlot(index, tag));
        }
    }

    private async ValueTask WriteAllAsync(List<BufferSlot> slots, bool isTemporary, CancellationToken cancellationToken)
    {
        slots.Sort(static (left, right) => CompareTags(left.Tag, right.Tag));
        BufferSlot[] sorted = [.. slots];
        LocalBuffers? local = isTemporary ? _local : null;
        Queue<WriteOperation> flying = new();
        Stack<WriteOperation> spare = new();
        Exception? failure = null;
        int next = 0;
        while (next < sorted.Length || flying.Count > 0)
        {
            if (next < sorted.Length && flying.Count < Math.Max(1, Math.Min(32, Context.HandleCount / 2)))
            {
                WriteOperation operation = spare.Count > 0 ? spare.Pop() : CreateWriteOperation();
                WriteStart start = TryStartWrite(operation, sorted.AsSpan(next), WriteFlags.None, IoContext.Normal, local);
                if (start.Count == 0 && start.Refusal == WriteRefusal.Locked && flying.Count == 0)
                {
                    start = await StartLockedAsync(operation, sorted.AsMemory(next), WriteFlags.None, holdsForLog: true, cancellationToken);
                }

                if (start.Count > 0) flying.Enqueue(operation);
                else spare.Push(operation);
                next += start.Count;
                if (start.Count > 0) continue;
                if (start.Refusal is WriteRefusal.NotNeeded or WriteRefusal.Failed)
                {
                    failure ??= operation.Failure;
                    next++;
                    continue;
                }

                if (flying.Count == 0) await WaitForAsync(BlockerOf(operation, in start, in sorted[next]), cancellationToken);
            }

            if (!flying.TryDequeue(out WriteOperation? oldest)) continue;
            await WaitWriteBuffersAsync(oldest, cancellationToken);
            failure ??= oldest.Failure;
            if (oldest.Failure is null && oldest.BlocksWritten < oldest.BlockCount)
            {
                // Short: what is left is offered again.
                BufferSlot[] left = oldest.Slots[oldest.BlocksWritten..].ToArray();
                sorted = [.. left, .. sorted.AsSpan(next)];
                next = 0;
            }

            spare.Push(oldest);
        }

        if (failure is not null) throw failure;
    }

    private static int CompareTags(in PageTag left, in PageTag right)
    {
        int order = left.Relation.TablespaceOid.CompareTo(right.Relation.TablespaceOid);
        if (order == 0) order = left.Relation.DatabaseOid.CompareTo(right.Relation.DatabaseOid);
        if (order == 0) order = left.Relation.Number.CompareTo(right.Relation.Number);
        if (order == 0) order = ((byte)left.Fork).CompareTo((byte)right.Fork);
        return order == 0 ? left.BlockNumber.CompareTo(right.BlockNumber) : order;
    }
}
