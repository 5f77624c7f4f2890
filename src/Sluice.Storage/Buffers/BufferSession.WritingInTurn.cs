namespace Sluice.Storage;

/// <summary>Writing a page that others use all the time: for whoever has to write it, sooner or later.</summary>
public sealed partial class BufferSession
{
    /// <summary>
    /// Starts writing one page. Waits for everything that is in the way: the log, a handle, another's I/O, and the content's lock, for which it
    /// stands in line, so that it comes to its turn however busy the page is. Await it once.
    /// </summary>
    /// <param name="operation">Not pending.</param>
    /// <param name="page">The page; one.</param>
    /// <param name="flags">Whether it is written at all.</param>
    /// <param name="cancellationToken">Ends the wait; nothing was started then.</param>
    /// <returns>One page, or none: it is not needed any more, or the write could not be started.</returns>
    public async ValueTask<WriteStart> StartWriteInTurnAsync(
        WriteOperation operation, ReadOnlyMemory<BufferSlot> page, WriteFlags flags = WriteFlags.None, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(page.Length, 1);
        while (true)
        {
            WriteStart start = await StartWriteBuffersAsync(operation, page, flags, cancellationToken);
            if (start.Count != 0 || start.Refusal is WriteRefusal.NotNeeded or WriteRefusal.Failed) return start;
            if (start.Refusal != WriteRefusal.Locked) continue;
            start = await StartWhenLockedAsync(operation, page.Span[0], flags, cancellationToken);
            if (start.Count != 0 || start.Refusal is WriteRefusal.NotNeeded or WriteRefusal.Failed) return start;
        }
    }

    private async ValueTask<WriteStart> StartWhenLockedAsync(WriteOperation operation, BufferSlot page, WriteFlags flags, CancellationToken cancellationToken)
    {
        BufferFrames frames = Pool.Frames;
        int index = page.BufferIndex;
        if (!PinNamed(frames, page)) return new WriteStart(0, WriteRefusal.NotNeeded);
        bool isLocked = false;
        bool isTaken = false;
        try
        {
            StorageWaiter? waiter = frames.Waits.LockOrQueue(index, ContentLockMode.ShareExclusive, isBlocking: false);
            if (waiter is not null)
            {
                SubmitBeforeAwait();
                await waiter.AsTask(cancellationToken);
            }

            isLocked = true;
            if (!IsWanted(frames.ReadState(index), flags, ownPins: 1)) return new WriteStart(0, WriteRefusal.NotNeeded);
            switch (frames.StartIo(index, isRead: false, out _))
            {
                case BufferIoStart.AlreadyDone:
                    return new WriteStart(0, WriteRefusal.NotNeeded);
                case BufferIoStart.InProgress:
                    return new WriteStart(0, WriteRefusal.InProgress);
            }

            // From here on pin, lock and I/O are the operation's.
            isTaken = true;
        }
        finally
        {
            if (isLocked && !isTaken) frames.Unlock(index, ContentLockMode.ShareExclusive);
            if (!isTaken) frames.Unpin(index);
        }

        return await LaunchTakenAsync(operation, page, frames);
    }

    private async ValueTask<WriteStart> LaunchTakenAsync(WriteOperation operation, BufferSlot page, BufferFrames frames)
    {
        operation.Reset();
        operation.Frames = frames;
        operation.Relation = new RelationKey(page.Tag.Relation);
        operation.Add(page);
        LogPosition position = PositionOf(frames, page.BufferIndex);
        if (position > Pool.Options.LogFlusher.FlushedUpTo)
        {
            try
            {
                // Not cancelled: the page is locked.
                SubmitBeforeAwait();
                await Pool.Options.LogFlusher.FlushAsync(position, CancellationToken.None);
            }
            catch
            {
                GivePagesBack(operation);
                throw;
            }
        }

        bool isLaunched = Launch(operation, Context.Acquire(operation.Return), IoContext.Normal);
        return isLaunched ? new WriteStart(1, WriteRefusal.None) : new WriteStart(0, WriteRefusal.Failed);
    }

    private static unsafe bool PinNamed(BufferFrames frames, in BufferSlot page)
    {
        TagKey key = new(page.Tag);
        ulong state = frames.Pin(page.BufferIndex, usageMax: 0);
        if ((state & BufferState.TagValid) != 0 && key.Names(frames.Descriptors + page.BufferIndex)) return true;
        frames.Unpin(page.BufferIndex);
        return false;
    }
}
