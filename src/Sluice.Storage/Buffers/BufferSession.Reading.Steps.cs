using System.Runtime.CompilerServices;
using Sluice.Methods;

namespace Sluice.Storage;

/// <summary>The steps of a read. None of them waits: what one needs before it can go on it says.</summary>
public sealed partial class BufferSession
{
    private void Prepare(ReadOperation operation, Relation relation, RelationFork fork, uint block, BufferPin[] buffers, int offset,
        int count, ReadFlags flags, AccessRing? ring)
    {
        StorageInvariant.Check(!operation.IsPending
            && ReferenceEquals(operation.Session, this),
                "A read operation was started again before it was over, or through another session.");
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, buffers.Length - offset);
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (ZeroDamagedPages) flags |= ReadFlags.ZeroOnError;
        if (IgnoreChecksumFailures) flags |= ReadFlags.IgnoreChecksumFailures;
        operation.Relation = relation;
        operation.Fork = fork;
        operation.Block = block;
        operation.Buffers = buffers;
        operation.Offset = offset;
        operation.Wanted = Math.Min(count, Math.Min(CombineMax, relation.MaxCombine(fork, block)));
        operation.Flags = flags;
        operation.Ring = ring;
        operation.Frames = relation.IsTemporary ? LocalFor(relation).Frames : Pool.Frames;
        operation.BlockCount = 0;
        operation.BlocksDone = 0;
        operation.Pinned = 0;
        operation.IoCount = 0;
        operation.IsForeign = false;
        operation.WasHit = false;
        operation.HasStarted = false;
        operation.Reference = default;
    }

    /// <summary>Pins, then begins. Called again after what it needed is there.</summary>
    /// <returns>False when it needs something; true when the operation was started, or was a hit.</returns>
    private bool TryStart(ReadOperation operation, out Blocker blocker)
    {
        blocker = default;
        if (operation.BlockCount == 0 && !TryPinBlocks(operation, out blocker)) return false;
        if (operation.WasHit) return true;
        if (!TryBegin(operation, out blocker)) return false;
        if (operation.BlocksDone == operation.BlockCount)
        {
            operation.WasHit = true;
            return true;
        }

        operation.HasStarted = true;
        operation.IsPending = true;
        return true;
    }

    private bool TryPinBlocks(ReadOperation operation, out Blocker blocker)
    {
        blocker = default;
        for (; operation.Pinned < operation.Wanted; operation.Pinned++)
        {
            int place = operation.Pinned;
            ref BufferPin pin = ref operation.PinAt(place);
            bool isValid;
            if (pin.HasPage)
            {
                // Forwarded: pinned by the start before.
                isValid = pin.IsValid;
            }
            else if (!TryPinPage(operation, operation.Block + (uint)place, place > 0, ref pin, out isValid, out blocker))
            {
                if (place == 0) return false;

                // What there is begins now, rather than waiting for room with pins in hand.
                break;
            }

            if (!isValid) continue;
            if (place == 0)
            {
                operation.WasHit = true;
                operation.BlockCount = 1;
                operation.BlocksDone = 1;
                Counters.AddHit(operation.Frames.IsLocal ? IoObject.TemporaryRelation : IoObject.Relation, ContextOf(operation.Ring));
                return true;
            }

            break;
        }

        blocker = default;
        operation.BlockCount = operation.Pinned;
        return true;
    }

    private bool TryPinPage(ReadOperation operation, uint block, bool mayFail, ref BufferPin pin, out bool isValid, out Blocker blocker)
    {
        Relation relation = operation.Relation;
        RelationFork fork = operation.Fork;
        bool isLocal = operation.Frames.IsLocal;
        int index = isLocal
            ? TryPinLocal(relation, fork, block, operation.Ring, mayFail, out isValid, out blocker)
            : TryPinShared(relation, fork, block, operation.Flags, operation.Ring, mayFail, out isValid, out blocker);
        if (index < 0) return false;
        pin = MakePin(isLocal, index);
        return true;
    }

    private int TryPinShared(Relation relation, RelationFork fork, uint block, ReadFlags flags, AccessRing? ring, bool mayFail,
        out bool isValid, out Blocker blocker)
    {
        blocker = default;
        int usageMax = ring is null ? BufferState.UsageMax : 1;
        TagKey key = new(relation.Id, fork, block);
        int index = Pool.Mapping.TryPin(in key, usageMax, out ulong state);
        if (index < 0)
        {
            int claimed = ClaimBuffer(_victims, ring, mayFail, out blocker);
            if (claimed < 0)
            {
                isValid = false;
                return -1;
            }

            ulong permanent = (flags & ReadFlags.Unlogged) != 0 && fork != RelationFork.Initialization ? 0 : BufferState.Permanent;
            index = Pool.Mapping.FindOrAdd(in key, claimed, permanent, usageMax, out state);
            if (index != claimed) _victims.GiveBack(claimed);
        }

        isValid = (state & BufferState.Valid) != 0;
        return index;
    }

    private int TryPinLocal(Relation relation, RelationFork fork, uint block, AccessRing? ring, bool mayFail, out bool isValid,
        out Blocker blocker)
    {
        blocker = default;
        LocalBuffers local = LocalFor(relation);
        PageTag tag = new(relation.Id, fork, block);
        int index = local.Find(in tag);
        if (index >= 0)
        {
            isValid = (local.Frames.Pin(index, ring is null ? BufferState.UsageMax : 1) & BufferState.Valid) != 0;
            return index;
        }

        isValid = false;
        index = ClaimBuffer(_localVictims!, null, mayFail, out blocker);
        if (index >= 0) local.Add(in tag, index, 0);
        return index;
    }

    private static int ClaimBuffer(VictimFinder finder, AccessRing? ring, bool mayFail, out Blocker blocker)
    {
        try
        {
            return finder.TryClaim(ring, out blocker);
        }
        catch (Exception exception) when (mayFail && exception is StorageException or AioException)
        {
            // A shorter read will do; if not even one block finds room, the next start says so.
            blocker = default;
            return -1;
        }
    }

    /// <summary>
    /// Begins to read what is not done of an operation, or joins what another reads. Counts blocks that turn out to be there.
    /// </summary>
    private bool TryBegin(ReadOperation operation, out Blocker blocker)
    {
        blocker = default;
        BufferFrames frames = operation.Frames;

        // The handle first: taking one may wait, which nobody may who has said that a buffer's I/O is in progress.
        if (!Context.TryAcquire(out AioHandle? handle, operation.Return))
        {
            Context.Submit();
            if (!Context.TryAcquire(out handle, operation.Return))
            {
                blocker = Blocker.OnHandle();
                return false;
            }
        }

        while (operation.BlocksDone < operation.BlockCount)
        {
            int first = operation.PinAt(operation.BlocksDone).Slot;
            switch (frames.StartIo(first, isRead: true, out WaitReference reference))
            {
                case BufferIoStart.AlreadyDone:
                    operation.BlocksDone++;
                    Counters.AddHit(frames.IsLocal ? IoObject.TemporaryRelation : IoObject.Relation, ContextOf(operation.Ring));
                    if (operation.HasStarted) continue;

                    // A start that finds its first block there is a hit, and nothing else: the others are forwarded.
                    operation.BlockCount = 1;
                    handle.Release();
                    return true;
                case BufferIoStart.InProgress:
                    handle.Release();
                    if (!reference.IsValid)
                    {
                        blocker = Blocker.OnBuffer(frames, first);
                        return false;
                    }

                    operation.IsForeign = true;
                    operation.Reference = reference;
                    if (!operation.HasStarted) operation.BlockCount = 1;
                    return true;
                default:
                    StartRead(operation, handle);
                    return true;
            }
        }

        handle.Release();
        return true;
    }

    [SkipLocalsInit]
    private unsafe void StartRead(ReadOperation operation, AioHandle handle)
    {
        BufferFrames frames = operation.Frames;
        int done = operation.BlocksDone;
        int wanted = operation.BlockCount - done;
        Span<ulong> words = stackalloc ulong[StorageLimits.CombineBlocksMax];
        Span<IoVector> pages = stackalloc IoVector[StorageLimits.CombineBlocksMax];
        int count = 0;
        for (; count < wanted; count++)
        {
            int index = operation.PinAt(done + count).Slot;
            if (count > 0 && frames.StartIo(index, isRead: true, out _) != BufferIoStart.Ready) break;
            words[count] = frames.WordOf(index);
            pages[count] = new IoVector(frames.PageAddress(index), StorageLimits.PageBytes);
        }

        try
        {
            handle.SetData(words[..count]);
            handle.RegisterCallback(frames.IsLocal ? LocalBufferRead.Id : SharedBufferRead.Id, (byte)operation.Flags);
            if ((operation.Flags & ReadFlags.Synchronously) != 0) handle.SetFlags(AioHandleFlags.Synchronous);
            else if ((operation.Flags & ReadFlags.Ahead) != 0) handle.SetFlags(AioHandleFlags.Ahead);
            operation.Reference = handle.Reference;
            operation.IsForeign = false;
            operation.Relation.StartRead(handle, operation.Fork, operation.Block + (uint)done, pages[..count]);
        }
        catch
        {
            if (!frames.IsLocal)
            {
                for (int place = 0; place < count; place++) frames.EndIo((int)(uint)words[place], BufferState.IoError, cleans: false,
                    unlocks: false, unpins: false);
            }

            // Nothing is in flight for it: a wait for the handle that was given back would never find an outcome.
            handle.Release();
            operation.Reference = default;
            operation.IsPending = false;
            throw;
        }

        // A start ends at the first block that is not its to read; what is behind it is forwarded.
        if (!operation.HasStarted) operation.BlockCount = done + count;
        operation.IoCount++;
        Count(frames.IsLocal, ContextOf(operation.Ring), IoAction.Read, 1, (long)count * StorageLimits.PageBytes);
    }

    /// <summary>Looks what became of the I/O that was waited for, and goes on with what is left.</summary>
    /// <returns>False when it needs something; true when all blocks are there.</returns>
    private bool TryAdvance(ReadOperation operation, out Blocker blocker)
    {
        while (true)
        {
            if (operation.Reference.IsValid)
            {
                if (operation.IsForeign)
                {
                    // A temporary page's own I/O is over when its local completion ran.
                    if (!operation.Reference.IsDone)
                    {
                        blocker = Blocker.OnIo(operation.Frames, 0, operation.Reference);
                        return false;
                    }

                    if (operation.Frames.IsLocal) Context.Poll();
                    TakeForeign(operation);
                }
                else
                {
                    if (!operation.Return.IsFilled)
                    {
                        blocker = Blocker.OnOwn(operation.Reference);
                        return false;
                    }

                    TakeOwn(operation);
                }
            }

            if (operation.BlocksDone == operation.BlockCount)
            {
                operation.IsPending = false;
                blocker = default;
                return true;
            }

            if (!TryBegin(operation, out blocker)) return false;
        }
    }

    private void TakeForeign(ReadOperation operation)
    {
        operation.Reference = default;
        operation.IsForeign = false;
        if (!operation.PinAt(operation.BlocksDone).IsValid) return;
        operation.BlocksDone++;
        Counters.AddHit(operation.Frames.IsLocal ? IoObject.TemporaryRelation : IoObject.Relation, ContextOf(operation.Ring));
    }

    private void TakeOwn(ReadOperation operation)
    {
        operation.Reference = default;
        AioResult result = operation.Return.Result;
        switch (result.Status)
        {
            case AioStatus.Error:
                operation.IsPending = false;
                throw FailureOf(operation);
            case AioStatus.Warning:
                Warn(operation.Return.Explain());
                break;
        }

        operation.BlocksDone += result.Value;
    }

    private static Exception FailureOf(ReadOperation operation)
    {
        AioResult result = operation.Return.Result;
        bool isAboutPages = result.Judge == SharedBufferRead.Id || result.Judge == LocalBufferRead.Id;
        return isAboutPages ? new StorageException(operation.Return.Explain()) : operation.Return.ToException();
    }
}
