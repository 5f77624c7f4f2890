using System.Runtime.CompilerServices;
using Sluice.Methods;

namespace Sluice.Storage;

/// <summary>From the queue to the file: runs of neighbours, space for them, writes in flight, and what becomes of them.</summary>
public sealed partial class BulkWriter
{
    private const uint GrowthBlocksMin = 128;
    private const uint GrowthBlocksMax = 8192;

    private readonly AioReturnQueue _ended = new();
    private readonly Queue<RunWrite> _cutShort = new();
    private RunWrite[] _writes = [];
    private int[] _idleWrites = [];
    private IoVector[] _vectors = [];
    private int _idleWriteCount;
    private int _inFlight;
    private long _startSequence;
    private bool _knowsLength;
    private uint _lengthAtStart;
    private uint _reservedEnd;
    private uint _highestEnd;

    private void InitializeWrites()
    {
        _writes = new RunWrite[_options.WritesMax];
        _idleWrites = new int[_options.WritesMax];
        _vectors = new IoVector[_options.CombineBlocksMax];
        for (int index = 0; index < _writes.Length; index++)
        {
            _writes[index] = new RunWrite(_ended, index, _options.CombineBlocksMax);
            _idleWrites[_writes.Length - 1 - index] = index;
        }

        _idleWriteCount = _writes.Length;
    }

    /// <summary>Starts writes of everything that is queued.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask FlushAsync(bool isBlocking, CancellationToken cancellationToken)
    {
        ThrowFailure();
        CollectEnded();
        await FlushLogAsync(isBlocking, cancellationToken);
        if (!_isQueueRun) SortQueue();
        int next = 0;
        try
        {
            while (next < _queueCount)
            {
                int count = RunAt(next);
                await StartRunAsync(next, count, isBlocking, cancellationToken);
                next += count;
            }
        }
        finally
        {
            // What a failure or a cancellation left behind stays queued.
            _queue.AsSpan(next, _queueCount - next).CopyTo(_queue);
            _queueCount -= next;
            if (_queueCount == 0) _isQueueRun = true;
        }

        ThrowFailure();
    }

    private ValueTask FlushLogAsync(bool isBlocking, CancellationToken cancellationToken)
    {
        if (_options.LogFlusher is not { } flusher) return ValueTask.CompletedTask;
        LogPosition upTo = default;
        foreach (ref readonly QueuedPage queued in _queue.AsSpan(0, _queueCount))
        {
            upTo = LogPosition.Max(upTo, PageHeader.LogPositionOf(_buffers[queued.Page].Span));
        }

        if (!upTo.IsValid || upTo <= flusher.FlushedUpTo) return ValueTask.CompletedTask;
        ValueTask flush = flusher.FlushAsync(upTo, cancellationToken);
        if (isBlocking) flush.AsTask().GetAwaiter().GetResult();
        return isBlocking ? ValueTask.CompletedTask : flush;
    }

    // By block; of a block that was handed over more than once only the last page is kept.
    private void SortQueue()
    {
        _queue.AsSpan(0, _queueCount).Sort();
        int kept = 0;
        for (int index = 0; index < _queueCount; index++)
        {
            if (index + 1 < _queueCount && _queue[index + 1].Block == _queue[index].Block) Free(_queue[index].Page);
            else _queue[kept++] = _queue[index];
        }

        _queueCount = kept;
    }

    private int RunAt(int first)
    {
        int limit = Math.Min(_options.CombineBlocksMax, _relation.MaxCombine(_fork, _queue[first].Block));
        limit = Math.Min(limit, _queueCount - first);
        int count = 1;
        while (count < limit && _queue[first + count].Block == _queue[first].Block + (uint)count) count++;
        return count;
    }

    private async ValueTask StartRunAsync(int first, int count, bool isBlocking, CancellationToken cancellationToken)
    {
        uint block = _queue[first].Block;
        while (_idleWriteCount == 0 || IsInFlight(block, count)) await WaitForOneAsync(isBlocking, cancellationToken);
        ThrowFailure();
        bool extends = await ReserveAsync(block, (uint)count, isBlocking, cancellationToken);
        if (!isBlocking && !_relation.IsSegmentOpen(_fork, block)) await OpenAsync(block, cancellationToken);
        RunWrite write = _writes[_idleWrites[--_idleWriteCount]];
        write.Begin(block, count, extends, _startSequence++);
        for (int index = 0; index < count; index++)
        {
            int page = _queue[first + index].Page;
            _states[page] = PageState.InFlight;
            write.Pages[index] = page;
            if (_options.Checksums) PageChecksum.Store(_buffers[page].Span, block + (uint)index);
        }

        // From here on the pages belong to the write, whatever happens.
        _inFlight++;
        _highestEnd = Math.Max(_highestEnd, block + (uint)count);
        await StartAsync(write, isBlocking);
    }

    // A segment that does not exist yet is made by the write itself.
    private async ValueTask OpenAsync(uint block, CancellationToken cancellationToken)
    {
        if (block < _reservedEnd && _options.Preallocates) await _relation.OpenSegmentAsync(_fork, block, cancellationToken);
    }

    // Starts a write, or the rest of one that ended short.
    private async ValueTask StartAsync(RunWrite write, bool isBlocking)
    {
        AioHandle? handle;
        try
        {
            while (!_context.TryAcquire(out handle, write.Place))
            {
                // On a loop the handles may all be in use by others.
                if (await TryWaitForOldestAsync(isBlocking, CancellationToken.None)) continue;
                if (isBlocking) _context.WaitForAny();
                else await _context.WaitForHandleAsync();
            }
        }
        catch (Exception exception)
        {
            // A write that neither starts nor ends would be waited for until for ever.
            End(write, exception);
            return;
        }

        try
        {
            int remaining = write.Count - write.Done;
            for (int index = 0; index < remaining; index++)
            {
                _vectors[index] = new IoVector(_buffers[write.Pages[write.Done + index]].Address, StorageLimits.PageBytes);
            }

            write.Reference = handle.Reference;
            write.IsStarted = true;
            WriteCount++;
            ReadOnlySpan<IoVector> vectors = _vectors.AsSpan(0, remaining);
            uint block = write.Block + (uint)write.Done;
            if (write.Extends) _relation.StartExtend(handle, _fork, block, vectors, skipSync: true);
            else _relation.StartWrite(handle, _fork, block, vectors, skipSync: true);
        }
        catch (Exception exception)
        {
            handle.Release();
            End(write, exception);
        }
    }

    private bool IsInFlight(uint block, int count)
    {
        foreach (RunWrite write in _writes)
        {
            if (write.IsInFlight && block < write.Block + (uint)write.Count && write.Block < block + (uint)count) return true;
        }

        return false;
    }

    /// <summary>Sees to it that a run has room, and that what lies between the end of the file and the run reads as zeros.</summary>
    /// <returns>Whether the write itself makes the file longer.</returns>
    private async ValueTask<bool> ReserveAsync(uint block, uint count, bool isBlocking, CancellationToken cancellationToken)
    {
        if (!_knowsLength)
        {
            uint length = isBlocking ? _relation.GetBlockCount(_fork) : await _relation.GetBlockCountAsync(_fork, cancellationToken);
            _lengthAtStart = _reservedEnd = _highestEnd = length;
            _knowsLength = true;
        }

        uint end = block + count;
        if (end <= _reservedEnd) return false;
        uint zerosEnd = block;
        if (_options.Preallocates)
        {
            uint step = Math.Clamp(_reservedEnd - _lengthAtStart, GrowthBlocksMin, GrowthBlocksMax);
            ulong wanted = Math.Max((ulong)_reservedEnd + step, Math.Max(_options.ExpectedBlocks, end));
            zerosEnd = (uint)Math.Min(wanted, BlockNumbers.Max);
        }
        else
        {
            // An extension in flight makes the file longer on its own account, and may be of the segment that the zeros would begin in.
            while (_inFlight != 0 && zerosEnd > _reservedEnd) await WaitForOneAsync(isBlocking, cancellationToken);
        }

        if (zerosEnd > _reservedEnd)
        {
            ValueTask zeros = _relation.ZeroExtendAsync(_context, _fork, _reservedEnd, zerosEnd - _reservedEnd, skipSync: true);
            if (isBlocking) zeros.AsTask().GetAwaiter().GetResult();
            else await zeros;
            _reservedEnd = zerosEnd;
        }

        bool extends = end > _reservedEnd;
        _reservedEnd = Math.Max(_reservedEnd, end);
        return extends;
    }

    /// <summary>Waits until a write has ended and its pages are free, or it has failed; starts again what ended short.</summary>
    private async ValueTask WaitForOneAsync(bool isBlocking, CancellationToken cancellationToken)
    {
        if (!CollectEnded()) await TryWaitForOldestAsync(isBlocking, cancellationToken);
        while (_cutShort.TryDequeue(out RunWrite? write))
        {
            if (_failure is null) await StartAsync(write, isBlocking);
            else End(write, null);
        }
    }

    private async ValueTask<bool> TryWaitForOldestAsync(bool isBlocking, CancellationToken cancellationToken)
    {
        RunWrite? oldest = null;
        foreach (RunWrite write in _writes)
        {
            if (write.IsStarted && (oldest is null || write.Sequence < oldest.Sequence)) oldest = write;
        }

        if (oldest is null) return false;
        if (isBlocking) _context.Wait(oldest.Reference);
        else await _context.WaitAsync(oldest.Reference, cancellationToken);
        CollectEnded();
        return true;
    }

    /// <summary>Takes note of writes that have ended.</summary>
    /// <returns>Whether any has.</returns>
    private bool CollectEnded()
    {
        bool any = false;
        while (_ended.TryTake(out AioReturn? place))
        {
            any = true;
            RunWrite write = _writes[place.Tag];
            write.IsStarted = false;
            if (place.Result.Status == AioStatus.Error)
            {
                End(write, place.ToException());
                continue;
            }

            write.Done += place.Result.Value;
            if (write.Done < write.Count) _cutShort.Enqueue(write);
            else End(write, null);
        }

        return any;
    }

    private void End(RunWrite write, Exception? failure)
    {
        _failure ??= failure;
        for (int index = 0; index < write.Count; index++) Free(write.Pages[index]);
        write.IsInFlight = write.IsStarted = false;
        _idleWrites[_idleWriteCount++] = write.Place.Tag;
        _inFlight--;
    }

    private async Task CompleteCoreAsync(bool isBlocking, CancellationToken cancellationToken)
    {
        RequireUsable();
        ThrowFailure();
        if (_queueCount != 0) await FlushAsync(isBlocking, cancellationToken);
        while (_inFlight != 0) await WaitForOneAsync(isBlocking, cancellationToken);
        ThrowFailure();
        if (_knowsLength && _reservedEnd > _highestEnd)
        {
            await _relation.TruncateAsync(_fork, _highestEnd, cancellationToken);
            _reservedEnd = _highestEnd;
        }

        await MakeDurableAsync(cancellationToken);
        _isCompleted = true;
    }

    private async ValueTask MakeDurableAsync(CancellationToken cancellationToken)
    {
        if (_options.Durability == BulkDurability.Never || _relation.IsTemporary) return;
        if (_options.Durability == BulkDurability.Immediate || (_options.Durability == BulkDurability.Coordinated && _options.Checkpointer is null))
        {
            await _relation.SyncAsync(_context, _fork, cancellationToken);
            return;
        }

        // First ask, then look: a checkpoint that starts after the request covers it, and one that started before is seen.
        uint segments = (uint)(((long)_highestEnd + _relation.Storage.SegmentBlocks - 1) / _relation.Storage.SegmentBlocks);
        for (uint segment = 0; segment < Math.Max(1, segments); segment++)
        {
            _relation.Storage.SyncRequests.Register(new SyncTag(_relation.Id, _fork, segment));
        }

        if (_options.Durability == BulkDurability.Coordinated && _options.Checkpointer!.StartedCount != _checkpointsAtStart)
        {
            await _relation.SyncAsync(_context, _fork, cancellationToken);
        }
    }

    private async ValueTask AbandonAsync(bool isBlocking)
    {
        // Whatever became of them, the memory is not given back before the last write has ended.
        while (_inFlight != 0)
        {
            CollectEnded();
            while (_cutShort.TryDequeue(out RunWrite? write)) End(write, null);
            await TryWaitForOldestAsync(isBlocking, CancellationToken.None);
        }
    }

    private sealed class RunWrite(AioReturnQueue ended, int index, int blocksMax)
    {
        internal AioReturn Place { get; } = new(ended, index);

        internal int[] Pages { get; } = new int[blocksMax];

        internal WaitReference Reference { get; set; }

        internal uint Block { get; private set; }

        internal int Count { get; private set; }

        internal bool Extends { get; private set; }

        internal long Sequence { get; private set; }

        /// <summary>How many blocks are written.</summary>
        internal int Done { get; set; }

        /// <summary>Whether it has pages.</summary>
        internal bool IsInFlight { get; set; }

        /// <summary>Whether an I/O of it is under way; not between a short one and the next.</summary>
        internal bool IsStarted { get; set; }

        internal void Begin(uint block, int count, bool extends, long sequence)
        {
            (Block, Count, Extends, Sequence) = (block, count, extends, sequence);
            Done = 0;
            IsInFlight = true;
        }
    }
}
