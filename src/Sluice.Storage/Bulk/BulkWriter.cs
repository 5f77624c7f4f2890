using System.Runtime.CompilerServices;

namespace Sluice.Storage;

/// <summary>
/// Writes many pages of one fork past the buffer pool: the producer fills pages, hands them over and forgets them; large vectored writes are in
/// flight behind it, in a bounded piece of memory. For a relation that nobody else uses yet: a load, an index build.
/// </summary>
/// <remarks>
/// <para>
/// Pages may come in any order, and more than once: the last one handed over is the one that stays. Blocks that are never handed over, below the
/// highest one that is, read as zeros. The length of the fork is right, and everything written, when <see cref="CompleteAsync"/> has returned;
/// before that the file may be longer than what was handed over, by zeros.
/// </para>
/// <para>
/// One flow uses a writer at a time. On an <see cref="AioLoop"/> it takes the loop's context, else one of its own; the asynchronous methods never
/// block the thread, the others drive the method on it. Nothing is allocated per page.
/// </para>
/// <para>
/// Invariants. A page is free, rented, queued or in flight, in this order, and nothing else. Of one block at most one write is in flight. A write
/// that ended short goes on with the rest; one that failed is kept as the failure, after which nothing more is started and nothing is
/// reported as complete.
/// </para>
/// </remarks>
public sealed partial class BulkWriter : IAsyncDisposable, IDisposable
{
    private readonly Relation _relation;
    private readonly RelationFork _fork;
    private readonly BulkWriterOptions _options;
    private readonly AioContext _context;
    private readonly bool _ownsContext;
    private readonly BufferArena _arena;
    private readonly AioBuffer[] _buffers;
    private readonly PageState[] _states;
    private readonly int[] _free;
    private readonly QueuedPage[] _queue;
    private readonly long _checkpointsAtStart;
    private int _freeFirst;
    private int _freeCount;
    private int _queueCount;
    private long _sequence;
    private bool _isQueueRun = true;
    private Exception? _failure;
    private bool _isCompleted;
    private bool _isDisposed;

    /// <summary>Makes a writer. Nothing is opened or written yet.</summary>
    /// <param name="relation">The relation, whose fork exists.</param>
    /// <param name="fork">Its fork.</param>
    /// <param name="options">How to write; null for the usual.</param>
    public BulkWriter(Relation relation, RelationFork fork = RelationFork.Main, BulkWriterOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(relation);
        _options = options ?? new BulkWriterOptions();
        _options.Validate();
        (_relation, _fork) = (relation, fork);
        _checkpointsAtStart = _options.Checkpointer?.StartedCount ?? 0;
        AioSystem system = relation.Storage.System;
        _ownsContext = AioLoop.Current is null;
        _context = AioLoop.Current?.Context ?? system.CreateContext("bulk writer");
        try
        {
            _arena = system.CreateArena(StorageLimits.PageBytes, _options.PagesMax);
        }
        catch
        {
            if (_ownsContext) _context.Dispose();
            throw;
        }

        int count = _options.PagesMax;
        _buffers = new AioBuffer[count];
        _states = new PageState[count];
        _free = new int[count];
        _queue = new QueuedPage[count];
        for (int index = 0; index < count; index++) _buffers[index] = _arena.Rent();

        // In the order of their addresses, and used in turn: then pages that are filled one after the other are one piece of memory.
        Array.Sort(_buffers, static (left, right) => left.Address.CompareTo(right.Address));
        for (int index = 0; index < count; index++) _free[index] = index;
        _freeCount = count;
        InitializeWrites();
    }

    private enum PageState : byte
    {
        Free,
        Rented,
        Queued,
        InFlight,
    }

    /// <summary>How many pages were handed over.</summary>
    public long PageCount => _sequence;

    /// <summary>How many writes were started.</summary>
    public long WriteCount { get; private set; }

    /// <summary>How many pages a producer can hold without handing any over.</summary>
    public int PagesMax => _options.PagesMax;

    /// <summary>A page to fill. Waits, without blocking the thread, while all of the memory is in flight.</summary>
    /// <param name="cancellationToken">Ends the wait, not the writes.</param>
    /// <exception cref="AioException">A write failed.</exception>
    public ValueTask<BulkPage> RentAsync(CancellationToken cancellationToken = default) =>
        TryRent(out BulkPage page) ? new ValueTask<BulkPage>(page) : RentSlowlyAsync(isBlocking: false, cancellationToken);

    /// <summary>A page to fill. Blocks while all of the memory is in flight. Not on an <see cref="AioLoop"/>.</summary>
    /// <exception cref="AioException">A write failed.</exception>
    public BulkPage Rent() => TryRent(out BulkPage page) ? page : Finished(RentSlowlyAsync(isBlocking: true, CancellationToken.None));

    /// <summary>Hands a page over, to be written as a block. The page is the writer's from here on.</summary>
    /// <param name="block">Which block.</param>
    /// <param name="page">The page.</param>
    /// <param name="cancellationToken">Ends waits for writes, not the writes. The page was handed over all the same.</param>
    /// <exception cref="AioException">A write failed, this one or one before.</exception>
    public ValueTask WriteAsync(uint block, BulkPage page, CancellationToken cancellationToken = default)
    {
        Enqueue(block, page);
        return IsFlushDue ? FlushAsync(isBlocking: false, cancellationToken) : ValueTask.CompletedTask;
    }

    /// <summary>As <see cref="WriteAsync"/>; blocks where that waits. Not on an <see cref="AioLoop"/>.</summary>
    /// <param name="block">Which block.</param>
    /// <param name="page">The page.</param>
    /// <exception cref="AioException">A write failed, this one or one before.</exception>
    public void Write(uint block, BulkPage page)
    {
        Enqueue(block, page);
        if (IsFlushDue) Finished(FlushAsync(isBlocking: true, CancellationToken.None));
    }

    /// <summary>Gives back a page that is not needed.</summary>
    /// <param name="page">The page.</param>
    public void Return(BulkPage page)
    {
        StorageInvariant.Check(page.IsOf(this) && _states[page.Index] == PageState.Rented, "Only a page that was rented and not handed over can be given back.");
        Free(page.Index);
    }

    /// <summary>
    /// Writes what is left, waits for everything, sets the length, and makes it durable as asked. Without this what was written means nothing.
    /// </summary>
    /// <param name="cancellationToken">Ends the waits; nothing is complete then.</param>
    /// <exception cref="AioException">A write or a sync failed: the fork's content is undefined.</exception>
    public Task CompleteAsync(CancellationToken cancellationToken = default) => CompleteCoreAsync(isBlocking: false, cancellationToken);

    /// <summary>As <see cref="CompleteAsync"/>, blocking. Not on an <see cref="AioLoop"/>.</summary>
    public void Complete() => CompleteCoreAsync(isBlocking: true, CancellationToken.None).GetAwaiter().GetResult();

    /// <summary>Waits for the writes in flight and gives the memory back. A writer that was not completed leaves the fork's content undefined.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_isDisposed) return;
        await AbandonAsync(isBlocking: false);
        Release();
    }

    /// <summary>As <see cref="DisposeAsync"/>, blocking.</summary>
    public void Dispose()
    {
        if (_isDisposed) return;
        Finished(AbandonAsync(isBlocking: true));
        Release();
    }

    internal Span<byte> MemoryOf(int index)
    {
        StorageInvariant.Check(_states[index] == PageState.Rented, "A page is the producer's from renting it to handing it over.");
        return _buffers[index].Span;
    }

    private static T Finished<T>(ValueTask<T> task)
    {
        StorageInvariant.Check(task.IsCompleted, "A blocking call waits inside, never by leaving something unfinished.");
        return task.GetAwaiter().GetResult();
    }

    private static void Finished(ValueTask task)
    {
        StorageInvariant.Check(task.IsCompleted, "A blocking call waits inside, never by leaving something unfinished.");
        task.GetAwaiter().GetResult();
    }

    // Enough for a whole write of neighbours; of scattered pages half of the memory is collected, because some may yet turn out to be neighbours.
    private bool IsFlushDue => _queueCount >= (_isQueueRun ? Math.Min(_options.CombineBlocksMax, ScatteredMax) : ScatteredMax);

    private int ScatteredMax => Math.Max(1, _options.PagesMax / 2);

    private bool TryRent(out BulkPage page)
    {
        RequireUsable();
        page = default;
        if (_failure is not null || _freeCount == 0) return false;
        int index = _free[_freeFirst];
        _freeFirst = _freeFirst + 1 == _free.Length ? 0 : _freeFirst + 1;
        _freeCount--;
        _states[index] = PageState.Rented;
        page = new BulkPage(this, index);
        return true;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<BulkPage> RentSlowlyAsync(bool isBlocking, CancellationToken cancellationToken)
    {
        BulkPage page;
        while (!TryRent(out page))
        {
            ThrowFailure();
            if (_inFlight == 0 && _queueCount != 0) await FlushAsync(isBlocking, cancellationToken);
            else if (_inFlight != 0) await WaitForOneAsync(isBlocking, cancellationToken);
            else throw new InvalidOperationException($"All {_options.PagesMax} pages of the bulk writer are rented: hand some over, or give it more.");
        }

        return page;
    }

    private void Enqueue(uint block, BulkPage page)
    {
        RequireUsable();
        ArgumentOutOfRangeException.ThrowIfGreaterThan(block, BlockNumbers.Max);
        StorageInvariant.Check(page.IsOf(this) && _states[page.Index] == PageState.Rented, "Only a page that was rented here can be handed over, once.");
        _states[page.Index] = PageState.Queued;
        if (_queueCount != 0) _isQueueRun &= block == _queue[_queueCount - 1].Block + 1;
        _queue[_queueCount++] = new QueuedPage(block, _sequence++, page.Index);
    }

    private void Free(int index)
    {
        int last = _freeFirst + _freeCount;
        _free[last >= _free.Length ? last - _free.Length : last] = index;
        _freeCount++;
        _states[index] = PageState.Free;
    }

    private void RequireUsable()
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        StorageInvariant.Check(!_isCompleted, "A bulk writer that was completed takes no more pages.");
    }

    private void ThrowFailure()
    {
        if (_failure is { } failure) System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
    }

    private void Release()
    {
        _isDisposed = true;
        foreach (AioBuffer buffer in _buffers) buffer.Return();
        _arena.Dispose();
        if (_ownsContext) _context.Dispose();
    }

    private readonly record struct QueuedPage(uint Block, long Sequence, int Page) : IComparable<QueuedPage>
    {
        public int CompareTo(QueuedPage other)
        {
            int order = Block.CompareTo(other.Block);
            return order != 0 ? order : Sequence.CompareTo(other.Sequence);
        }
    }
}
