using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Sluice.Storage;

/// <summary>
/// Reading: PostgreSQL 19's StartReadBuffers and WaitReadBuffers. Each is a loop around a step that never waits, so that the blocking and
/// the awaiting form are the same code.
/// </summary>
public sealed partial class BufferSession
{
    /// <summary>Pins one page, reading it if need be. Blocks while it is read.</summary>
    /// <param name="relation">The relation.</param>
    /// <param name="fork">The fork.</param>
    /// <param name="block">The block; below the fork's length.</param>
    /// <param name="flags">How.</param>
    /// <param name="ring">The ring that its buffer comes from; null for the whole pool.</param>
    /// <exception cref="AioException">The read failed, or ended before the page.</exception>
    /// <exception cref="StorageException">The page is invalid; or every buffer is pinned.</exception>
    public BufferPin Read(Relation relation, RelationFork fork, uint block, ReadFlags flags = ReadFlags.None, AccessRing? ring = null)
    {
        if (TryReadResident(relation, fork, block, ring, out BufferPin pin)) return pin;
        ReadOperation operation = RentOperation();
        try
        {
            operation.Buffers[0] = default;
            bool needsWait = StartReadBuffers(operation, relation, fork, block, operation.Buffers, 0, 1, flags | ReadFlags.Synchronously,
                ring);
            if (needsWait) WaitReadBuffers(operation);
            return TakeOnly(operation);
        }
        finally
        {
            EndSingleRead(operation);
        }
    }

    /// <summary>Pins one page, reading it if need be. Completes at once, without allocating, when it is in memory. Await it once.</summary>
    /// <param name="relation">The relation.</param>
    /// <param name="fork">The fork.</param>
    /// <param name="block">The block; below the fork's length.</param>
    /// <param name="flags">How.</param>
    /// <param name="ring">The ring that its buffer comes from; null for the whole pool.</param>
    /// <param name="cancellationToken">Ends the wait; the I/O goes on.</param>
    /// <exception cref="AioException">When awaited: the read failed, or ended before the page.</exception>
    /// <exception cref="StorageException">When awaited: the page is invalid; or every buffer is pinned.</exception>
    public ValueTask<BufferPin> ReadAsync(
        Relation relation, RelationFork fork, uint block, ReadFlags flags = ReadFlags.None, AccessRing? ring = null,
            CancellationToken cancellationToken = default) =>
        TryReadResident(relation, fork, block, ring, out BufferPin pin)
            ? new ValueTask<BufferPin>(pin)
            : ReadSlowAsync(relation, fork, block, flags, ring, cancellationToken);

    /// <summary>Pins a page if it is in memory. Never waits.</summary>
    /// <param name="relation">The relation.</param>
    /// <param name="fork">The fork.</param>
    /// <param name="block">The block.</param>
    /// <param name="ring">The ring that the access is counted for; null for the whole pool.</param>
    /// <param name="pin">The pin.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryReadResident(Relation relation, RelationFork fork, uint block, AccessRing? ring, out BufferPin pin)
    {
        RelationKey relationKey = relation.Key;
        if (!relationKey.IsTemporary)
        {
            TagKey key = new(relationKey.Id, fork, block);
            int index = Pool.Mapping.TryPin(in key, ring is null ? BufferState.UsageMax : 1, out ulong state);
            if (index >= 0)
            {
                if ((state & BufferState.Valid) != 0)
                {
                    Counters.AddHit(IoObject.Relation, ring is null ? IoContext.Normal : ring.Kind);
                    _pinCount++;
                    pin = new BufferPin(this, index);
                    return true;
                }

                Pool.Frames.Unpin(index);
            }
        }

        pin = default;
        return false;
    }

    /// <summary>
    /// Pins neighbouring blocks and begins to read those that are not in memory: from the first on, as many as one I/O can have. Blocks
    /// only for a buffer or a handle, or while another is about to say what it does with the first block.
    /// </summary>
    /// <param name="operation">Not pending.</param>
    /// <param name="relation">The relation.</param>
    /// <param name="fork">The fork.</param>
    /// <param name="block">The first block.</param>
    /// <param name="buffers">Receives the pins. What is there already is a pin of that block, forwarded by the start before.</param>
    /// <param name="offset">Where in the array the first block's pin goes.</param>
    /// <param name="count">How many blocks are wanted.</param>
    /// <param name="flags">How.</param>
    /// <param name="ring">The ring that buffers come from; null for the whole pool.</param>
    /// <returns>
    /// Whether <see cref="WaitReadBuffers"/> is needed. <see cref="ReadOperation.BlockCount"/> says how many blocks the operation covers,
    /// at least one: a hit alone; or a read up to the first block that is in memory or another's; or one block that another reads. Pins
    /// behind them may be there already.
    /// </returns>
    /// <exception cref="AioException">The relation's file cannot be opened. Pins that were taken stand in the array.</exception>
    /// <exception cref="StorageException">Every buffer is pinned.</exception>
    public bool StartReadBuffers(
        ReadOperation operation, Relation relation, RelationFork fork, uint block, BufferPin[] buffers, int offset, int count,
            ReadFlags flags = ReadFlags.None, AccessRing? ring = null)
    {
        Prepare(operation, relation, fork, block, buffers, offset, count, flags, ring);
        while (!TryStart(operation, out Blocker blocker)) WaitFor(in blocker);
        return operation.IsPending;
    }

    /// <summary>As <see cref="StartReadBuffers"/>; awaits instead of blocking. Await it once.</summary>
    /// <param name="operation">Not pending.</param>
    /// <param name="relation">The relation.</param>
    /// <param name="fork">The fork.</param>
    /// <param name="block">The first block.</param>
    /// <param name="buffers">Receives the pins. What is there already is a pin of that block, forwarded by the start before.</param>
    /// <param name="offset">Where in the array the first block's pin goes.</param>
    /// <param name="count">How many blocks are wanted.</param>
    /// <param name="flags">How.</param>
    /// <param name="ring">The ring that buffers come from; null for the whole pool.</param>
    /// <param name="cancellationToken">Ends the wait. Pins that were taken stand in the array.</param>
    /// <returns>Whether <see cref="WaitReadBuffersAsync"/> is needed.</returns>
    public ValueTask<bool> StartReadBuffersAsync(
        ReadOperation operation, Relation relation, RelationFork fork, uint block, BufferPin[] buffers, int offset, int count,
            ReadFlags flags = ReadFlags.None, AccessRing? ring = null, CancellationToken cancellationToken = default)
    {
        Prepare(operation, relation, fork, block, buffers, offset, count, flags, ring);
        return TryStart(operation, out Blocker blocker) ? new ValueTask<bool>(operation.IsPending)
            : StartSlowAsync(operation, blocker, cancellationToken);
    }

    /// <summary>Waits until all blocks of an operation are valid; reads again what was not. Blocks.</summary>
    /// <param name="operation">Started.</param>
    /// <returns>Whether there was something to wait for: the sign that more should be read ahead.</returns>
    /// <exception cref="AioException">A read failed, or ended before its blocks. The pins still stand in the array.</exception>
    /// <exception cref="StorageException">A page is invalid. The pins still stand in the array.</exception>
    public bool WaitReadBuffers(ReadOperation operation)
    {
        if (!operation.IsPending) return false;
        if (operation.Reference.IsDone) Context.Poll();
        long began = 0;
        while (!TryAdvance(operation, out Blocker blocker))
        {
            if (began == 0) began = Stopwatch.GetTimestamp();
            WaitFor(in blocker);
        }

        if (began == 0) return false;
        CountReadTime(operation, began);
        return true;
    }

    /// <summary>As <see cref="WaitReadBuffers"/>; awaits instead of blocking. Await it once.</summary>
    /// <param name="operation">Started.</param>
    /// <param name="cancellationToken">Ends the wait; the I/O goes on, and the operation can be waited for again or abandoned.</param>
    public ValueTask<bool> WaitReadBuffersAsync(ReadOperation operation, CancellationToken cancellationToken = default)
    {
        if (!operation.IsPending) return new ValueTask<bool>(false);
        if (operation.Reference.IsDone) Context.Poll();
        return TryAdvance(operation, out Blocker blocker) ? new ValueTask<bool>(false)
            : WaitSlowAsync(operation, blocker, cancellationToken);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<BufferPin> ReadSlowAsync(Relation relation, RelationFork fork, uint block, ReadFlags flags, AccessRing? ring,
        CancellationToken cancellationToken)
    {
        ReadOperation operation = RentOperation();
        try
        {
            operation.Buffers[0] = default;
            if (!relation.IsSegmentOpen(fork, block)) await relation.OpenSegmentAsync(fork, block, cancellationToken);
            bool needsWait = await StartReadBuffersAsync(operation, relation, fork, block, operation.Buffers, 0, 1, flags, ring,
                cancellationToken);
            if (needsWait) await WaitReadBuffersAsync(operation, cancellationToken);
            return TakeOnly(operation);
        }
        finally
        {
            EndSingleRead(operation);
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<bool> StartSlowAsync(ReadOperation operation, Blocker blocker, CancellationToken cancellationToken)
    {
        do
        {
            await WaitForAsync(in blocker, cancellationToken);
        }
        while (!TryStart(operation, out blocker));
        return operation.IsPending;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<bool> WaitSlowAsync(ReadOperation operation, Blocker blocker, CancellationToken cancellationToken)
    {
        long began = Stopwatch.GetTimestamp();
        do
        {
            await WaitForAsync(in blocker, cancellationToken);
        }
        while (!TryAdvance(operation, out blocker));
        CountReadTime(operation, began);
        return true;
    }

    private static BufferPin TakeOnly(ReadOperation operation)
    {
        BufferPin pin = operation.Buffers[0];
        operation.Buffers[0] = default;
        return pin;
    }

    private void EndSingleRead(ReadOperation operation)
    {
        if (operation.IsPending) operation.Abandon();

        // Taken unless it failed.
        operation.Buffers[0].Release();
        operation.Buffers[0] = default;
        ReturnOperation(operation);
    }

    private void CountReadTime(ReadOperation operation, long began) =>
        Count(operation.Frames.IsLocal, ContextOf(operation.Ring), IoAction.Read, 0, 0, Stopwatch.GetTimestamp() - began);

    internal static IoContext ContextOf(AccessRing? ring) => ring?.Kind ?? IoContext.Normal;
}
