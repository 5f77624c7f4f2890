using System.Diagnostics;
using System.Runtime.CompilerServices;
using Sluice.Methods;

namespace Sluice.Storage;

/// <summary>
/// The one way in which dirty pages are written, for checkpoints, the background writer, evictions and flushes: neighbouring pages of a
/// fork as one vectored write, asynchronously.
/// </summary>
/// <remarks>
/// <para>What holds from the start to the completion of a write: each page is pinned by the I/O, share-exclusively locked, so that its
/// bytes stay as they are while others read them, and its I/O is in progress. The completion gives all three back, in one step per page,
/// whoever runs it; the page is clean then, unless the write failed or it was marked dirty again meanwhile.</para>
/// <para>The log comes first: no write of a page begins before the log is durable up to the page's position.</para>
/// </remarks>
public sealed partial class BufferSession
{
    /// <summary>
    /// Starts writing the pages that are offered, from the first on, as one I/O: as long as they follow one another in one fork, need to be
    /// written, and can be locked without waiting. Never waits.
    /// </summary>
    /// <param name="operation">Not pending.</param>
    /// <param name="slots">The pages, in ascending order of their blocks.</param>
    /// <param name="flags">Which of them are written.</param>
    /// <returns>How many were taken, and why the next one was not.</returns>
    public WriteStart TryStartWriteBuffers(WriteOperation operation, ReadOnlySpan<BufferSlot> slots, WriteFlags flags = WriteFlags.None)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        return TryStartWrite(operation, slots, flags, IoContext.Normal, local: null);
    }

    /// <summary>
    /// As <see cref="TryStartWriteBuffers"/>; waits for the log, for a handle, and for another's I/O or lock on the first page, and tries
    /// again.
    /// A page that is changed again and again is locked while the log is flushed for it. Await it once.
    /// </summary>
    /// <param name="operation">Not pending.</param>
    /// <param name="slots">The pages, in ascending order of their blocks.</param>
    /// <param name="flags">Which of them are written.</param>
    /// <param name="cancellationToken">Ends the wait; nothing was started then.</param>
    public ValueTask<WriteStart> StartWriteBuffersAsync(
        WriteOperation operation, ReadOnlyMemory<BufferSlot> slots, WriteFlags flags = WriteFlags.None,
            CancellationToken cancellationToken = default)
    {
        WriteStart start = TryStartWriteBuffers(operation, slots.Span, flags);
        return IsWorthWaiting(start) ? StartWriteSlowAsync(operation, slots, flags, start, cancellationToken)
            : new ValueTask<WriteStart>(start);
    }

    /// <summary>
    /// Takes the outcome of a write if it is there. Never waits; look for completions first (<see cref="AioContext.Poll"/>).
    /// </summary>
    /// <param name="operation">Started.</param>
    /// <returns>False when it is still in flight.</returns>
    public bool TryFinishWrite(WriteOperation operation)
    {
        if (!operation.IsPending) return true;
        if (!operation.Return.IsFilled) return false;
        AioResult result = operation.Return.Result;
        operation.IsPending = false;
        operation.BlocksWritten = result.Status == AioStatus.Error ? 0 : result.Value;
        if (result.Status == AioStatus.Error) operation.Failure = operation.Return.ToException();
        return true;
    }

    /// <summary>
    /// Waits for the outcome of a write. Blocks. A short write is no failure: what was not written is dirty still, and can be offered
    /// again.
    /// </summary>
    /// <param name="operation">Started.</param>
    public void WaitWriteBuffers(WriteOperation operation)
    {
        long began = Stopwatch.GetTimestamp();
        while (!TryFinishWrite(operation)) Context.Wait(operation.Reference);
        CountWriteTime(operation, began);
    }

    /// <summary>As <see cref="WaitWriteBuffers"/>; awaits instead of blocking. Await it once.</summary>
    /// <param name="operation">Started.</param>
    /// <param name="cancellationToken">Ends the wait; the write goes on.</param>
    public ValueTask WaitWriteBuffersAsync(WriteOperation operation, CancellationToken cancellationToken = default) =>
        TryFinishWrite(operation) ? ValueTask.CompletedTask : WaitWriteSlowAsync(operation, cancellationToken);

    /// <summary>The start of every write.</summary>
    /// <param name="operation">Not pending.</param>
    /// <param name="slots">The pages.</param>
    /// <param name="flags">Which of them.</param>
    /// <param name="context">What it counts for.</param>
    /// <param name="local">The session's temporary pages when it is about those.</param>
    /// <param name="holdsFirst">Whether the caller pinned and share-exclusively locked the first page: the write takes both, or gives both
    /// back.</param>
    internal WriteStart TryStartWrite(
        WriteOperation operation, ReadOnlySpan<BufferSlot> slots, WriteFlags flags, IoContext context, LocalBuffers? local,
            bool holdsFirst = false)
    {
        if (slots.IsEmpty) return new WriteStart(0, WriteRefusal.None);

        // The handle first: nothing is taken that would have to be given back for want of one.
        if (!Context.TryAcquire(out AioHandle? handle, operation.Return))
        {
            Context.Submit();
            if (!Context.TryAcquire(out handle, operation.Return))
            {
                if (holdsFirst) GiveBackHeld(slots[0].BufferIndex);
                return new WriteStart(0, WriteRefusal.NoHandle);
            }
        }

        WriteStart taken = TakePages(operation, slots, flags, local, holdsForLog: false, holdsFirst);
        if (operation.BlockCount == 0)
        {
            handle.Release();
            return taken;
        }

        return Launch(operation, handle, context) ? taken : new WriteStart(0, WriteRefusal.Failed);
    }

    private static bool IsWorthWaiting(in WriteStart start) =>
        start.Count == 0
            && start.Refusal is WriteRefusal.LogFirst or WriteRefusal.NoHandle or WriteRefusal.InProgress or WriteRefusal.Locked;

    private static Blocker BlockerOf(WriteOperation operation, in WriteStart start, in BufferSlot slot) => start.Refusal switch
    {
        WriteRefusal.LogFirst => Blocker.OnLog(start.FlushUpTo),
        WriteRefusal.InProgress => Blocker.OnIo(operation.Frames, slot.BufferIndex, start.InProgress),
        _ => Blocker.OnHandle(),
    };

    private void GiveBackHeld(int index)
    {
        Pool.Frames.Unlock(index, ContentLockMode.ShareExclusive);
        Pool.Frames.Unpin(index);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask WaitWriteSlowAsync(WriteOperation operation, CancellationToken cancellationToken)
    {
        long began = Stopwatch.GetTimestamp();
        do
        {
            await Context.WaitAsync(operation.Reference, cancellationToken);
        }
        while (!TryFinishWrite(operation));
        CountWriteTime(operation, began);
    }

    private void CountWriteTime(WriteOperation operation, long began) =>
        Count(operation.Frames.IsLocal, IoContext.Normal, IoAction.Write, 0, 0, Stopwatch.GetTimestamp() - began);

    /// <summary>Pins and locks as many pages as can be written together.</summary>
    private WriteStart TakePages(WriteOperation operation, ReadOnlySpan<BufferSlot> slots, WriteFlags flags, LocalBuffers? local,
        bool holdsForLog, bool holdsFirst)
    {
        StorageInvariant.Check(!operation.IsPending
            && ReferenceEquals(operation.Session, this),
                "A write operation was started again before it was over, or through another session.");
        operation.Reset();
        operation.Frames = local is null ? Pool.Frames : local.Frames;
        PageTag first = slots[0].Tag;
        operation.Relation = new RelationKey(first.Relation, local is null ? -1 : local.Owner);
        Relation relation = Pool.Storage.Open(operation.Relation);
        int limit = Math.Min(CombineMax, relation.MaxCombine(first.Fork, first.BlockNumber));
        LogPosition flushed = Pool.Options.LogFlusher.FlushedUpTo;
        for (int place = 0; place < slots.Length; place++)
        {
            ref readonly BufferSlot slot = ref slots[place];
            bool follows = slot.Tag.Relation == first.Relation && slot.Tag.Fork == first.Fork
                && slot.Tag.BlockNumber == first.BlockNumber + (uint)place;
            if (place == limit || !follows) return new WriteStart(place, WriteRefusal.NotContiguous);
            WriteRefusal refusal = TryTakePage(operation.Frames, in slot, flags, holdsFirst && place == 0, out WaitReference inProgress);
            if (refusal != WriteRefusal.None) return new WriteStart(place, refusal, default, inProgress);
            operation.Add(in slot);
            LogPosition position = PositionOf(operation.Frames, slot.BufferIndex);
            if (position <= flushed || (holdsForLog && place == 0))
            {
                operation.Log = LogPosition.Max(operation.Log, position);
                continue;
            }

            GivePageBack(operation.Frames, slot.BufferIndex);
            operation.RemoveLast();
            return new WriteStart(place, WriteRefusal.LogFirst, position);
        }

        return new WriteStart(slots.Length, WriteRefusal.None);
    }

    private static unsafe WriteRefusal TryTakePage(BufferFrames frames, in BufferSlot slot, WriteFlags flags, bool isHeld,
        out WaitReference inProgress)
    {
        inProgress = default;
        int index = slot.BufferIndex;
        TagKey key = new(slot.Tag);

        // A look first: most of what a writer skips is skipped without touching the line.
        ulong state = frames.ReadState(index);
        if (!isHeld && (!IsWanted(state, flags, ownPins: 0) || !key.Names(frames.Descriptors + index))) return WriteRefusal.NotNeeded;
        if (!isHeld) state = frames.Pin(index, usageMax: 0);
        WriteRefusal refusal = WriteRefusal.NotNeeded;
        if ((state & BufferState.TagValid) != 0 && key.Names(frames.Descriptors + index) && IsWanted(state, flags, ownPins: 1))
        {
            if (!frames.IsLocal && !isHeld && !frames.TryLock(index, ContentLockMode.ShareExclusive))
            {
                // Writing locks the same way: what looks locked may be written by another.
                refusal = frames.CopyReference(index, out inProgress) ? WriteRefusal.InProgress : WriteRefusal.Locked;
            }
            else
            {
                switch (frames.StartIo(index, isRead: false, out inProgress))
                {
                    case BufferIoStart.Ready:
                        return WriteRefusal.None;
                    case BufferIoStart.InProgress:
                        refusal = WriteRefusal.InProgress;
                        break;
                }

                if (!frames.IsLocal) frames.Unlock(index, ContentLockMode.ShareExclusive);
            }
        }
        else if (isHeld)
        {
            frames.Unlock(index, ContentLockMode.ShareExclusive);
        }

        frames.Unpin(index);
        return refusal;
    }

    private static bool IsWanted(ulong state, WriteFlags flags, int ownPins)
    {
        const ulong Needed = BufferState.Dirty | BufferState.Valid | BufferState.TagValid;
        if ((state & Needed) != Needed) return false;
        if ((flags & WriteFlags.OnlyForCheckpoint) != 0 && (state & BufferState.CheckpointNeeded) == 0) return false;
        return (flags & WriteFlags.OnlyUnused) == 0 || (BufferState.Usage(state) == 0 && BufferState.Pins(state) == ownPins);
    }

    // Pages that do not survive a crash need no log; their positions may be anything.
    private static LogPosition PositionOf(BufferFrames frames, int index) =>
        (frames.ReadState(index) & BufferState.Permanent) == 0 ? default : PageHeader.LogPositionOf(frames.PageOf(index));

    private static void GivePageBack(BufferFrames frames, int index)
    {
        if (frames.IsLocal) frames.Unpin(index);
        else frames.EndIo(index, 0, cleans: false, unlocks: true, unpins: true);
    }

    private static void GivePagesBack(WriteOperation operation)
    {
        foreach (ref readonly BufferSlot slot in operation.Slots) GivePageBack(operation.Frames, slot.BufferIndex);
        operation.Reset();
    }

    [SkipLocalsInit]
    private unsafe bool Launch(WriteOperation operation, AioHandle handle, IoContext context)
    {
        BufferFrames frames = operation.Frames;
        PageTag first = operation.Slots[0].Tag;
        int count = operation.BlockCount;
        Span<ulong> words = stackalloc ulong[StorageLimits.CombineBlocksMax];
        Span<IoVector> pages = stackalloc IoVector[StorageLimits.CombineBlocksMax];
        for (int place = 0; place < count; place++)
        {
            int index = operation.Slots[place].BufferIndex;
            if (Pool.Options.Checksums) PageChecksum.Store(frames.PageOf(index), first.BlockNumber + (uint)place);
            words[place] = frames.WordOf(index);
            pages[place] = new IoVector(frames.PageAddress(index), StorageLimits.PageBytes);
        }

        try
        {
            handle.SetData(words[..count]);
            handle.RegisterCallback(frames.IsLocal ? LocalBufferWrite.Id : SharedBufferWrite.Id);
            operation.Reference = handle.Reference;
            operation.IsPending = true;
            Pool.Storage.Open(operation.Relation).StartWrite(handle, first.Fork, first.BlockNumber, pages[..count]);
        }
        catch (Exception exception) when (exception is AioException or StorageException)
        {
            // The file could not be opened.
            handle.Release();
            operation.IsPending = false;
            foreach (ref readonly BufferSlot slot in operation.Slots) frames.Descriptors[slot.BufferIndex].FailedWrites++;
            GivePagesBack(operation);
            operation.Failure = exception;
            Pool.Warn(exception.Message, Name);
            return false;
        }
        catch
        {
            handle.Release();
            operation.IsPending = false;
            GivePagesBack(operation);
            throw;
        }

        Count(frames.IsLocal, context, IoAction.Write, 1, (long)count * StorageLimits.PageBytes);
        return true;
    }
}
