using System.Runtime.CompilerServices;

namespace Sluice.Storage;

/// <summary>Writing a page that others use all the time: for whoever has to write it, sooner or later.</summary>
public sealed partial class BufferSession
{
    /// <summary>
    /// Starts writing one page. Waits for everything that is in the way: the log, a handle, another's I/O, and the content's lock, for
    /// which it stands in line, so that it comes to its turn however busy the page is. Await it once.
    /// </summary>
    /// <param name="operation">Not pending.</param>
    /// <param name="page">The page; one.</param>
    /// <param name="flags">Whether it is written at all.</param>
    /// <param name="cancellationToken">Ends the wait; nothing was started then.</param>
    /// <returns>One page, or none: it is not needed any more, or the write could not be started.</returns>
    public ValueTask<WriteStart> StartWriteInTurnAsync(
        WriteOperation operation, ReadOnlyMemory<BufferSlot> page, WriteFlags flags = WriteFlags.None,
            CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(page.Length, 1);
        return StartWriteBuffersAsync(operation, page, flags, cancellationToken);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<WriteStart> StartWriteSlowAsync(
        WriteOperation operation, ReadOnlyMemory<BufferSlot> slots, WriteFlags flags, WriteStart start, CancellationToken cancellationToken)
    {
        bool waitedForLog = false;
        while (IsWorthWaiting(start))
        {
            if (start.Refusal == WriteRefusal.LogFirst && waitedForLog)
            {
                start = await StartHoldingAsync(operation, slots, flags, holdsFirst: false);
                continue;
            }

            waitedForLog |= start.Refusal == WriteRefusal.LogFirst;
            if (start.Refusal == WriteRefusal.Locked)
            {
                start = await StartLockedAsync(operation, slots, flags, waitedForLog, cancellationToken);
                continue;
            }

            await WaitForAsync(BlockerOf(operation, start, slots.Span[0]), cancellationToken);
            start = TryStartWriteBuffers(operation, slots.Span, flags);
        }

        return start;
    }

    /// <summary>
    /// For a page that somebody locked: waits for the turn, and writes with the lock that came. Giving it back first would let all who wait
    /// so hand it round for ever; and so would giving it back for a log that is behind the page each time, which is why the log can be
    /// flushed under it.
    /// </summary>
    private async ValueTask<WriteStart> StartLockedAsync(WriteOperation operation, ReadOnlyMemory<BufferSlot> slots, WriteFlags flags,
        bool holdsForLog, CancellationToken cancellationToken)
    {
        BufferSlot first = slots.Span[0];

        // A buffer that was given to another page meanwhile must not be locked: whoever makes a new page in it counts on that.
        if (!TryPinNamed(Pool.Frames, in first)) return new WriteStart(0, WriteRefusal.NotNeeded);
        try
        {
            await LockContentAsync(first.BufferIndex, ContentLockMode.ShareExclusive, cancellationToken);
        }
        catch
        {
            Pool.Frames.Unpin(first.BufferIndex);
            throw;
        }

        return holdsForLog
            ? await StartHoldingAsync(operation, slots, flags, holdsFirst: true)
            : TryStartWrite(operation, slots.Span, flags, IoContext.Normal, local: null, holdsFirst: true);
    }

    /// <summary>
    /// For a page whose position runs ahead of every flush: it is locked first, so that the flush is the last one needed.
    /// </summary>
    private async ValueTask<WriteStart> StartHoldingAsync(WriteOperation operation, ReadOnlyMemory<BufferSlot> slots, WriteFlags flags,
        bool holdsFirst)
    {
        WriteStart taken = TakePages(operation, slots.Span, flags, local: null, holdsForLog: true, holdsFirst);
        if (operation.BlockCount == 0) return taken;
        AioHandle? handle;
        try
        {
            // Not cancelled: pages are locked.
            SubmitBeforeAwait();
            if (operation.Log > Pool.Options.LogFlusher.FlushedUpTo)
            {
                await Pool.Options.LogFlusher.FlushAsync(operation.Log, CancellationToken.None);
            }

            while (!Context.TryAcquire(out handle, operation.Return)) await Context.WaitForHandleAsync(CancellationToken.None);
        }
        catch
        {
            GivePagesBack(operation);
            throw;
        }

        return Launch(operation, handle, IoContext.Normal) ? taken : new WriteStart(0, WriteRefusal.Failed);
    }

    private static unsafe bool TryPinNamed(BufferFrames frames, in BufferSlot page)
    {
        const ulong Needed = BufferState.TagValid | BufferState.Valid;
        TagKey key = new(page.Tag);
        ulong state = frames.Pin(page.BufferIndex, usageMax: 0);
        if ((state & Needed) == Needed && key.Names(frames.Descriptors + page.BufferIndex)) return true;
        frames.Unpin(page.BufferIndex);
        return false;
    }
}
