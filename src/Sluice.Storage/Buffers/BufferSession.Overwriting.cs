namespace Sluice.Storage;

/// <summary>Pages that are not read because they will be written whole.</summary>
public sealed partial class BufferSession
{
    /// <summary>
    /// Pins a page of which the caller will write every byte, exclusively locked, without reading it: PostgreSQL's RBM_ZERO_AND_LOCK. What stands on
    /// the page is undefined: the page itself if it was in memory, zeros otherwise. The caller fills it and marks it dirty before it unlocks. Await
    /// it once.
    /// </summary>
    /// <param name="relation">The relation.</param>
    /// <param name="fork">The fork.</param>
    /// <param name="block">The block; below the fork's length.</param>
    /// <param name="ring">The ring that its buffer comes from; null for the whole pool.</param>
    /// <param name="cancellationToken">Ends the wait; nothing is pinned then.</param>
    /// <exception cref="StorageException">When awaited: every buffer is pinned.</exception>
    public async ValueTask<BufferPin> OverwriteAsync(
        Relation relation, RelationFork fork, uint block, AccessRing? ring = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(relation);
        if (relation.IsTemporary) throw new ArgumentException("A temporary page is extended or read: nobody else could see it half written.", nameof(relation));
        if (!TryReadResident(relation, fork, block, ring, out BufferPin pin))
        {
            int claimed = await ClaimAsync(_victims, ring, cancellationToken);
            int index = AddNewPage(relation, fork, block, claimed, null, ReadFlags.None);
            if (index != claimed) _victims.GiveBack(claimed);
            pin = MakePin(isLocal: false, index);
        }

        try
        {
            return await LockForOverwriteAsync(pin, cancellationToken);
        }
        catch
        {
            pin.Release();
            throw;
        }
    }

    private async ValueTask<BufferPin> LockForOverwriteAsync(BufferPin pin, CancellationToken cancellationToken)
    {
        BufferFrames frames = Pool.Frames;
        int index = pin.Slot;
        while (true)
        {
            switch (frames.StartIo(index, isRead: true, out WaitReference reference))
            {
                case BufferIoStart.Ready:
                    // Not valid and its I/O in progress: nobody looks at it, and nobody has a lock.
                    frames.PageOf(index).Clear();
                    bool isLocked = frames.TryLock(index, ContentLockMode.Exclusive);
                    StorageInvariant.Check(isLocked, "A page that was not valid was locked.");
                    frames.EndIo(index, BufferState.Valid, cleans: false, unlocks: false, unpins: false);
                    return pin;
                case BufferIoStart.InProgress:
                    await WaitForAsync(Blocker.OnIo(frames, index, reference), cancellationToken);
                    break;
                default:
                    await pin.LockAsync(ContentLockMode.Exclusive, cancellationToken);
                    return pin;
            }
        }
    }
}
