namespace Sluice.Wal;

/// <summary>
/// A write-ahead log: records are added by many threads at once, written while others are still being added, and made durable by several writes and
/// flushes in flight; commits that come together share a flush. Segments are made ready ahead of need.
/// </summary>
/// <remarks>
/// <para>The life of a record, and who keeps what. <em>Reserve</em> (any thread): one compare-exchange of the tail takes a place in the stream and
/// the link to the record before; never beyond the segments that are ready, so what has a place can be written. <em>Copy</em> (that thread): into
/// pages of the ring that were zeroed before; the first word of a unit, written last, publishes it. <em>Walk, write, flush</em> (one thread at a time,
/// under the issue lock): units are gone over in order, so everything before the published position is whole. <em>Complete</em> (any thread, under the
/// state lock, never across I/O): writes and flushes are taken from the front of their queues, so the durable position has no gap before it.</para>
/// <para>Positions, from behind to front: durable ≤ written ≤ started ≤ published ≤ reserved. A page of the ring is used again when it is written.</para>
/// <para>Opened elsewhere than on an <see cref="AioLoop"/> a log has a context, and so handles, of its own, and any thread may use it: its writes and flushes
/// never wait for handles of other I/O. Opened on a loop it uses the loop's context and belongs to the code of that loop: it wants as many of the
/// handles as <see cref="WalOptions.WritesInFlight"/> and <see cref="WalOptions.FlushesInFlight"/> say, and when other I/O of the loop has them all, its next
/// write waits until one is free.</para>
/// </remarks>
public sealed partial class WriteAheadLog : ILogFlusher, ILogIoStatistics, IAsyncDisposable
{
    /// <summary>The most bytes of content of one record.</summary>
    public const int RecordBytesMax = 1 << 30;

    /// <summary>The most bytes of a unit, its header among them: what 14 bits of 8-byte units can say, less two codes.</summary>
    internal const int UnitBytesLimit = (int)(LongCode - 1) * WalGeometry.RecordAlignment;

    // A few microseconds of zeroing, in which others have pages enough.
    private const int InitialiseAheadBytesMax = 64 << 10;

    private readonly AioSystem _system;
    private readonly WalOptions _options;
    private readonly WalIdentity _identity;
    private readonly WalGeometry _geometry;
    private readonly uint _seed;
    private readonly uint _incarnation;
    private readonly AioLoop? _loop;
    private readonly bool _isOnLoop;
    private readonly AioContext _context;
    private readonly BufferArena _arena;
    private readonly AioBuffer _memory;
    private readonly unsafe byte* _ring;
    private readonly ulong _ringMask;
    private readonly ulong _blockMask;
    private readonly int _unitBytesMax;
    private readonly int _initialiseAheadBytes;
    private readonly byte[] _zeros;
    private readonly LogSegments _segments;
    private readonly LogCounts _counts = new();
    private readonly LogSignal _pumpSignal = new();
    private readonly LogSignal _followSignal = new();
    private readonly object _segmentGate = new();
    private readonly ITimer _timer;
    private readonly int _number;
    private readonly bool _isFileSelfDurable;
    private readonly bool _isWriteSelfDurable;
    private readonly bool _flushesMetadata;
    private readonly AioDurability _selfDurability;
    private ulong _soonRequested;
    private ulong _pumpTarget;
    private int _isTimerSet;
    private bool _isDisposed;
    private volatile bool _isClosing;
    private Task _pump = Task.CompletedTask;
    private Task _follower = Task.CompletedTask;

    private unsafe WriteAheadLog(AioSystem system, string folder, WalOptions options, WalIdentity identity, uint incarnation, LogSegments segments, WalSyncForm form, int alignmentBytes)
    {
        _system = system;
        Folder = folder;
        _options = options;
        _identity = identity;
        _geometry = new WalGeometry(identity.SegmentBytes);
        _seed = identity.Seed;
        _incarnation = incarnation;
        _segments = segments;
        SyncForm = form;
        _isFileSelfDurable = form is WalSyncForm.OpenDatasync or WalSyncForm.OpenSync;
        _isWriteSelfDurable = form is WalSyncForm.WriteDatasync or WalSyncForm.LinkedFdatasync;
        _selfDurability = form == WalSyncForm.LinkedFdatasync ? AioDurability.FlushAfter : AioDurability.WriteThrough;
        _flushesMetadata = form is WalSyncForm.Fsync or WalSyncForm.OpenSync;
        _loop = AioLoop.Current;
        _isOnLoop = _loop is not null;
        _ringMask = (ulong)options.RingBytes - 1;
        _blockMask = (ulong)Math.Max(options.BlockBytes, alignmentBytes) - 1;
        _unitBytesMax = Math.Min(UnitBytesLimit, options.RingBytes / 4);
        _initialiseAheadBytes = Math.Min(InitialiseAheadBytesMax, options.RingBytes / 8) & ~(WalGeometry.PageBytes - 1);
        _zeros = new byte[2 * WalGeometry.PageBytes];
        _writes = new LogWriteSlot[options.WritesInFlight];
        for (int index = 0; index < _writes.Length; index++) _writes[index] = new LogWriteSlot();
        _flushes = new LogFlushSlot[options.FlushesInFlight];
        for (int index = 0; index < _flushes.Length; index++) _flushes[index] = new LogFlushSlot();
        _arena = system.CreateArena(options.RingBytes, 1);
        _memory = _arena.Rent();
        _ring = (byte*)_memory.Address;
        try
        {
            _context = _loop?.Context ?? system.CreateContext("wal");
        }
        catch
        {
            // There may be as many contexts as there can be; nobody else knows of the ring yet.
            _memory.Return();
            _arena.Dispose();
            throw;
        }

        _number = OpenLogs.Add(this);
        _timer = system.TimeProvider.CreateTimer(static state => ((WriteAheadLog)state!).FlushSoonRequested(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>The folder it stands in.</summary>
    public string Folder { get; }

    /// <summary>How commits become durable: what was asked for, or measured.</summary>
    public WalSyncForm SyncForm { get; }

    /// <summary>Its timeline.</summary>
    public uint Timeline => _identity.Timeline;

    /// <summary>Identity of the log.</summary>
    public ulong SystemId => _identity.SystemId;

    /// <summary>Size of its segments in bytes.</summary>
    public int SegmentBytes => _identity.SegmentBytes;

    /// <summary>What was found when it was opened.</summary>
    public WalRecovery Recovery { get; private set; } = null!;

    internal IoOpenOptions SegmentOptions => _segments.OpenOptions;

    internal string PathOf(ulong segment) => _segments.PathOf(segment);

    /// <summary>
    /// Makes everything durable that was added, waits for what is in flight, and closes. Records that are being added meanwhile are lost.
    /// </summary>
    /// <exception cref="WalException">
    /// When awaited: the rest could not be made durable; the log is closed nevertheless. What had failed before, see <see cref="Failure"/>, is not told again.
    /// </exception>
    public async ValueTask DisposeAsync()
    {
        if (_isDisposed) return;
        WalException? failure = null;
        try
        {
            if (_failure is null) await FlushAsync(InsertPosition);
        }
        catch (WalException exception)
        {
            failure = exception;
        }

        _isDisposed = true;
        await _timer.DisposeAsync();
        await CloseAsync();
        if (failure is not null) System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
    }

    // Nobody starts anything from here on; what is in flight uses the ring until it is over.
    private async Task CloseAsync()
    {
        _isClosing = true;
        lock (_issueLock)
        {
        }

        _pumpSignal.Raise();
        _followSignal.Raise();
        await _pump;
        await _follower;
        while (true)
        {
            WaitReference reference = AnyInFlight();
            if (!reference.IsValid) break;
            await reference.WaitAsync();
        }

        await _preparation;
        Fail(new WalException("The log was closed."));
        await _segments.CloseAsync();
        if (!_isOnLoop) _context.Dispose();
        OpenLogs.Remove(_number);
        LogMeter.Remove(this);
        _memory.Return();
        _arena.Dispose();
    }

    private WaitReference AnyInFlight()
    {
        lock (_stateLock)
        {
            for (int number = 0; number < _writeCount; number++)
            {
                LogWriteSlot slot = _writes[(_writeFirst + number) % _writes.Length];
                if (slot.State == LogSlotState.InFlight && !slot.Reference.IsDone) return slot.Reference;
            }

            for (int number = 0; number < _flushCount; number++)
            {
                LogFlushSlot slot = _flushes[(_flushFirst + number) % _flushes.Length];
                if (slot.State == LogSlotState.InFlight && !slot.Reference.IsDone) return slot.Reference;
            }

            return default;
        }
    }
}
