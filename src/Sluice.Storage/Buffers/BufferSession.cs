using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Sluice.Storage;

/// <summary>
/// One user of the pool: PostgreSQL's backend. Reads and writes pages through a context, holds pins, has temporary pages of its own, and
/// counts what it does. One logical flow uses it at a time, on whatever thread.
/// </summary>
public sealed partial class BufferSession : IDisposable, IAsyncDisposable
{
    private readonly VictimFinder _victims;
    private readonly bool _ownsContext;
    private readonly unsafe byte* _pages;
    private LocalBuffers? _local;
    private VictimFinder? _localVictims;
    private ReadOperation? _operationPool;
    private int _pinCount;
    private bool _isDisposed;

    internal unsafe BufferSession(BufferPool pool, string name, BufferSessionOptions options)
    {
        Pool = pool;
        Name = name;
        Options = options;
        _ownsContext = options.Context is null;
        Context = options.Context ?? pool.System.CreateContext(name);
        int vectors = pool.System.Options.VectorsPerHandle;
        int wanted = options.CombineMax == 0 ? pool.Options.CombineMax : Math.Min(options.CombineMax, pool.Options.CombineMax);
        CombineMax = Math.Clamp(wanted, 1, vectors);
        _pages = pool.Frames.Pages;
        _victims = new VictimFinder(this, pool.Frames, null);
    }

    /// <summary>Raised for what the session's user should know, by the flow itself: pages that were zeroed, checksums that were ignored.</summary>
    public event Action<StorageWarning>? Warning;

    /// <summary>The pool.</summary>
    public BufferPool Pool { get; }

    /// <summary>Its name, for people.</summary>
    public string Name { get; }

    /// <summary>How it was made.</summary>
    public BufferSessionOptions Options { get; }

    /// <summary>The context its I/O goes through.</summary>
    public AioContext Context { get; }

    /// <summary>How many blocks one of its I/Os may have at most.</summary>
    public int CombineMax { get; }

    /// <summary>How many pins it holds. For the flow that uses it.</summary>
    public int PinCount => _pinCount;

    /// <summary>
    /// How many more pages of the pool it may pin without taking more than its fair share. A flow that pins nothing may always pin one.
    /// </summary>
    public int PinsAllowed => Math.Max(0, Pool.PinShare - _pinCount);

    /// <summary>Whether an invalid page is taken as zeros, with a warning. Of the reads that are started from now on.</summary>
    public bool ZeroDamagedPages { get; set; }

    /// <summary>Whether a page with a sane header is used although its checksum is wrong, with a warning. Of the reads that are started from now on.</summary>
    public bool IgnoreChecksumFailures { get; set; }

    /// <summary>What it counted.</summary>
    internal IoCounters Counters { get; } = new();

    /// <summary>How many buffers it gave to pages.</summary>
    internal long Allocations => _victims.Found;

    /// <summary>Makes an operation for reading neighbouring blocks.</summary>
    public ReadOperation CreateReadOperation() => new(this);

    /// <summary>Makes an operation for writing neighbouring pages.</summary>
    /// <param name="queue">Where its outcome appears besides; null for none.</param>
    /// <param name="tag">The caller's number for it, found in its return.</param>
    public WriteOperation CreateWriteOperation(AioReturnQueue? queue = null, int tag = 0) => new(this, queue, tag);

    /// <summary>What this session did since it was made. Any thread.</summary>
    public IoStatistics ReadStatistics()
    {
        IoCounters copy = new();
        Counters.AddTo(copy);
        return new IoStatistics(copy);
    }

    /// <summary>
    /// Ends the session: waits for the writes it began to make room, and for the I/O of its temporary pages. Blocks. Pins that it still
    /// holds are not released: they are a mistake, and reported as one.
    /// </summary>
    public void Dispose()
    {
        if (_isDisposed) return;
        _isDisposed = true;
        if (_pinCount != 0) Pool.Warn($"{_pinCount} pins were still held when the session ended; their pages stay in memory for ever.", Name);
        while (HasPendingWork(out WaitReference reference)) Context.Wait(reference);
        Pool.Remove(this);
        if (_ownsContext) Context.Dispose();
        _local?.Frames.Dispose();
    }

    /// <summary>As <see cref="Dispose"/>, without blocking while writes are waited for.</summary>
    public async ValueTask DisposeAsync()
    {
        while (!_isDisposed && HasPendingWork(out WaitReference reference)) await Context.WaitAsync(reference);
        Dispose();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal unsafe byte* PageAddress(int index) =>
        index >= 0 ? _pages + ((long)index * StorageLimits.PageBytes) : _local!.Frames.PageAddress(~index);

    internal BufferFrames FramesOf(int index) => index >= 0 ? Pool.Frames : _local!.Frames;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Release(int index)
    {
        if (index >= 0) Pool.Frames.Unpin(index);
        else _local!.Frames.Unpin(~index);
        _pinCount--;
    }

    internal void Count(bool isLocal, IoContext context, IoAction action, long count = 1, long bytes = 0, long ticks = 0) =>
        Counters.Add(isLocal ? IoObject.TemporaryRelation : IoObject.Relation, context, action, count, bytes, ticks);

    /// <summary>Counts an operation on relations that the session did around the pool: write-back, syncs, bulk writes.</summary>
    /// <param name="context">In which kind of access.</param>
    /// <param name="action">What was done.</param>
    /// <param name="count">How often.</param>
    /// <param name="bytes">How many bytes.</param>
    /// <param name="time">How long was waited for it.</param>
    public void CountIo(IoContext context, IoAction action, long count, long bytes, TimeSpan time) =>
        Count(isLocal: false, context, action, count, bytes, (long)(time.TotalSeconds * Stopwatch.Frequency));

    internal void Warn(string message)
    {
        Warning?.Invoke(new StorageWarning(message, Name));
    }

    internal BufferPin MakePin(bool isLocal, int index)
    {
        _pinCount++;
        return new BufferPin(this, isLocal ? ~index : index);
    }

    /// <summary>The session's temporary pages; made when the first is used.</summary>
    internal LocalBuffers LocalFor(Relation relation)
    {
        int owner = relation.Key.TemporaryOwner;
        if (_local is { } made)
        {
            if (made.Owner == owner) return made;
            throw new StorageException($"Temporary relation {relation} belongs to session {owner}, and this session has temporary pages of {made.Owner}: only the session whose it is can use it.");
        }

        _local = new LocalBuffers(Pool, Math.Max(4, Options.LocalBufferCount), owner);
        _localVictims = new VictimFinder(this, _local.Frames, _local);
        return _local;
    }

    internal ReadOperation RentOperation()
    {
        ReadOperation? operation = _operationPool;
        if (operation is null) return new ReadOperation(this) { Buffers = new BufferPin[1] };
        _operationPool = operation.NextInPool;
        return operation;
    }

    internal void ReturnOperation(ReadOperation operation)
    {
        operation.NextInPool = _operationPool;
        _operationPool = operation;
    }

    private bool HasPendingWork(out WaitReference reference)
    {
        reference = default;
        foreach (VictimFinder? finder in (ReadOnlySpan<VictimFinder?>)[_victims, _localVictims])
        {
            if (finder is null) continue;
            finder.Harvest();
            if (!finder.HasPending) continue;
            reference = finder.OldestPending();
            return true;
        }

        // A read of a temporary page writes into memory that goes with the session.
        return _local is not null && _local.Frames.TryFindReference(out reference);
    }
}
