using System.Diagnostics;
using System.Numerics;

namespace Sluice.Storage;

/// <summary>New pages at the end of a relation.</summary>
public sealed partial class BufferSession
{
    private int[]? _claimed;

    /// <summary>
    /// Makes a fork longer by pages of zeros, and pins them exclusively locked, so that nobody sees them before they are initialised.
    /// Others may do the same at the same time; each gets pages of its own. The caller marks dirty what it initialises. Await it once.
    /// </summary>
    /// <param name="relation">The relation.</param>
    /// <param name="fork">The fork; it exists.</param>
    /// <param name="buffers">Receives the pins, in order of the blocks.</param>
    /// <param name="offset">Where in the array the first goes.</param>
    /// <param name="count">How many pages.</param>
    /// <param name="flags">Only <see cref="ReadFlags.Unlogged"/> matters.</param>
    /// <param name="ring">The ring that buffers come from; null for the whole pool.</param>
    /// <param name="cancellationToken">Ends the wait for buffers and for the right to extend; not the extension.</param>
    /// <returns>The first new block.</returns>
    /// <exception cref="AioException">When awaited: there is no space, say. Nothing is pinned; the file may have become longer.</exception>
    /// <exception cref="StorageException">When awaited: every buffer is pinned, or there is data behind the end.</exception>
    public async ValueTask<uint> ExtendAsync(
        Relation relation, RelationFork fork, BufferPin[] buffers, int offset, int count, ReadFlags flags = ReadFlags.None,
            AccessRing? ring = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(relation);
        ArgumentNullException.ThrowIfNull(buffers);
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, buffers.Length - offset);
        LocalBuffers? local = relation.IsTemporary ? LocalFor(relation) : null;
        VictimFinder finder = local is null ? _victims : _localVictims!;

        // The numbers in a ring are those of the pool's buffers, as when temporary pages are read.
        if (local is not null) ring = null;

        // Buffers before the right to extend: finding them may take writes, and others would wait for those.
        int[] claimed = TakeClaimed(count);
        int claimedCount = 0;
        int firstClaimed = 0;
        int taken = 0;
        bool isSettled = false;
        try
        {
            for (; claimedCount < count; claimedCount++) claimed[claimedCount] = await ClaimAsync(finder, ring, cancellationToken);
            using RelationExtension right = await relation.LockExtensionAsync(fork, cancellationToken);
            uint first = await relation.GetBlockCountAsync(fork, cancellationToken);
            if (first > BlockNumbers.Max - (uint)count)
            {
                throw new StorageException($"Relation {relation} cannot be made longer than {BlockNumbers.Max} blocks.");
            }

            for (; taken < count; taken++)
            {
                buffers[offset + taken] = await TakeNewPageAsync(relation, fork, first + (uint)taken, claimed[firstClaimed++], finder,
                    local, flags);
            }

            isSettled = true;
            await ZeroExtendAsync(relation, fork, first, buffers.AsMemory(offset, count), ContextOf(ring));
            return first;
        }
        catch
        {
            for (; firstClaimed < claimedCount; firstClaimed++) finder.GiveBack(claimed[firstClaimed]);
            for (int place = 0; place < taken; place++)
            {
                if (!isSettled) SettleNewPage(buffers[offset + place], isExtended: false);
                buffers[offset + place] = default;
            }

            throw;
        }
        finally
        {
            _claimed = claimed;
        }
    }

    private async ValueTask ZeroExtendAsync(
        Relation relation, RelationFork fork, uint first, ReadOnlyMemory<BufferPin> pins, IoContext counted)
    {
        long began = Stopwatch.GetTimestamp();
        bool isExtended = false;
        try
        {
            await relation.ZeroExtendAsync(Context, fork, first, (uint)pins.Length);
            isExtended = true;
        }
        finally
        {
            foreach (BufferPin pin in pins.Span) SettleNewPage(pin, isExtended);
        }

        Count(relation.IsTemporary, counted, IoAction.Extend, 1, (long)pins.Length * StorageLimits.PageBytes,
            Stopwatch.GetTimestamp() - began);
    }

    // The flow's own, except when it extends two relations at once.
    private int[] TakeClaimed(int count)
    {
        int[]? kept = _claimed;
        _claimed = null;
        return kept is not null && kept.Length >= count ? kept : new int[(int)BitOperations.RoundUpToPowerOf2((uint)count)];
    }

    private async ValueTask<int> ClaimAsync(VictimFinder finder, AccessRing? ring, CancellationToken cancellationToken)
    {
        while (true)
        {
            int index = finder.TryClaim(ring, out Blocker blocker);
            if (index >= 0) return index;
            await WaitForAsync(in blocker, cancellationToken);
        }
    }

    /// <summary>Gives a new page its buffer, with its I/O in progress, so that whoever asks for the page meanwhile waits.</summary>
    private async ValueTask<BufferPin> TakeNewPageAsync(
        Relation relation, RelationFork fork, uint block, int claimed, VictimFinder finder, LocalBuffers? local, ReadFlags flags)
    {
        BufferFrames frames = local?.Frames ?? Pool.Frames;
        int index = AddNewPage(relation, fork, block, claimed, local, flags);

        // Somebody may have read behind the end, in vain, and left the buffer.
        if (index != claimed) finder.GiveBack(claimed);
        BufferPin pin = MakePin(local is not null, index);
        while (true)
        {
            switch (frames.StartIo(index, isRead: true, out WaitReference reference))
            {
                case BufferIoStart.Ready:
                    // Not valid and its I/O in progress: nobody looks at it.
                    frames.PageOf(index).Clear();
                    return pin;
                case BufferIoStart.InProgress:
                    await WaitForAsync(Blocker.OnIo(frames, index, reference), CancellationToken.None);
                    break;
                default:
                    if (PageVerifier.IsZero(pin.Page) && !pin.IsDirty)
                    {
                        // Zeros that a failed extension left, and that were read since.
                        if (local is null) frames.ChangeFlags(index, 0, BufferState.Valid);
                        else frames.StateOf(index) &= ~BufferState.Valid;
                        break;
                    }

                    pin.Release();
                    throw new StorageException(
                        $"Block {block} of relation {relation} is behind its end, and in memory with data: the file was made "
                            + "shorter past the pool.");
            }
        }
    }

    private int AddNewPage(Relation relation, RelationFork fork, uint block, int claimed, LocalBuffers? local, ReadFlags flags)
    {
        if (local is null)
        {
            ulong permanent = (flags & ReadFlags.Unlogged) != 0 && fork != RelationFork.Initialization ? 0 : BufferState.Permanent;
            return Pool.Mapping.FindOrAdd(new TagKey(relation.Id, fork, block), claimed, permanent, BufferState.UsageMax, out _);
        }

        PageTag tag = new(relation.Id, fork, block);
        int found = local.Find(in tag);
        if (found >= 0)
        {
            local.Frames.Pin(found);
            return found;
        }

        local.Add(in tag, claimed, 0);
        return claimed;
    }

    /// <summary>Lets a new page be seen, locked; or takes it back.</summary>
    private void SettleNewPage(BufferPin pin, bool isExtended)
    {
        BufferFrames frames = pin.Frames;
        int index = pin.Slot;
        if (isExtended)
        {
            // Nobody can have a lock: the page was not valid.
            bool isLocked = frames.IsLocal || frames.TryLock(index, ContentLockMode.Exclusive);
            StorageInvariant.Check(isLocked, "A page that was not valid was locked.");
            frames.EndIo(index, BufferState.Valid, cleans: false, unlocks: false, unpins: false);
            return;
        }

        frames.EndIo(index, BufferState.IoError, cleans: false, unlocks: false, unpins: false);
        pin.Release();
    }
}
