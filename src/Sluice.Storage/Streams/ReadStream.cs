using System.Runtime.CompilerServices;

namespace Sluice.Storage;

/// <summary>
/// Pages of one fork in the order in which a <see cref="BlockSource"/> names them, read ahead of the consumer: neighbouring blocks are
/// combined into large reads, several reads are in progress, and as far as pages are cached none of that costs anything.
/// </summary>
/// <remarks>
/// <para>
/// The algorithm is that of PostgreSQL 19 with its two distances (see <see cref="ReadStreamDistance"/>), and one thing more: descending
/// blocks are combined as well. They are read upwards and handed out downwards.
/// </para>
/// <para>Belongs to the flow of its session: one caller at a time. It is pulled either way, and the ways may be mixed:</para>
/// <list type="bullet">
/// <item><see cref="NextAsync"/> or <c>await foreach</c>, which never block the thread;</item>
/// <item><see cref="Next"/>, which drives the method on the calling thread and has the lowest latency.</item>
/// </list>
/// <para>The pin moves to the consumer, who releases it. Nothing is allocated per page in either way.</para>
/// <para>
/// Invariants. The ring of slots holds, from <c>_oldest</c>: the pinned pages in the consumer's order, then the places of the pending run,
/// then the place of the block that was put back. Starting a read moves places from pending to pinned and consuming moves <c>_oldest</c>,
/// so no place ever moves, and what a source said about a block stays beside it. The slot before <c>_oldest</c> keeps the data of the page
/// that was handed out last. A slot's <c>Io</c> is the read that its page waits for; when that was waited for, it is cleared in all its
/// slots. </para>
/// </remarks>
public sealed partial class ReadStream : IDisposable
{
    private readonly BufferSession _session;
    private readonly Relation _relation;
    private readonly RelationFork _fork;
    private readonly BlockSource _source;
    private readonly ReadStreamOptions _options;
    private readonly Slot[] _slots;
    private readonly byte[] _data;
    private readonly StreamIo[] _ios;
    private readonly int[] _idleIos;
    private readonly BufferPin[] _forwarded;
    private readonly bool _isSynchronous;
    private ReadStreamDistance _distance;
    private PendingRun _pending;
    private BufferPin _current;
    private Exception? _failure;
    private uint _ungotten = BlockNumbers.Invalid;
    private int _idleIoCount;
    private int _forwardedCount;
    private int _iosInProgress;
    private int _oldest;
    private int _pinned;
    private int _handedOut = -1;
    private bool _isFast;
    private bool _isMissSynchronous;
    private bool _isDisposed;
    private long _pages;
    private long _ioCount;
    private long _ioBlocks;
    private long _waits;
    private long _pinnedSum;
    private int _pinnedMost;
    private long _inProgressSum;

    /// <summary>Makes a stream. Nothing is read before the first page is asked for.</summary>
    /// <param name="session">Whose flow pulls it.</param>
    /// <param name="relation">The relation.</param>
    /// <param name="fork">Its fork.</param>
    /// <param name="source">The blocks.</param>
    /// <param name="options">How to read; null for the usual.</param>
    public ReadStream(BufferSession session, Relation relation, RelationFork fork, BlockSource source, ReadStreamOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(session);
        ArgumentNullException.ThrowIfNull(relation);
        ArgumentNullException.ThrowIfNull(source);
        _options = options ?? new ReadStreamOptions();
        _options.Validate();
        (_session, _relation, _fork, _source) = (session, relation, fork, source);
        _isSynchronous = _options.IosMax == 0;
        int combineMax = Math.Min(_options.CombineBlocksMax, session.CombineMax);

        // Without concurrency one whole read is still put together.
        int wanted = _options.PinnedMax != 0 ? _options.PinnedMax : (_options.IosMax + 1) * combineMax;
        int share = Math.Min(session.PinCount + session.PinsAllowed, _options.Ring?.PinMax ?? int.MaxValue);
        int pinnedMax = Math.Max(1, Math.Min(wanted, share));
        _distance = new ReadStreamDistance(pinnedMax, combineMax, Math.Max(1, _options.IosMax), _options.IsFull);

        // One place for the page that was handed out last, one for the block that was put back.
        _slots = new Slot[pinnedMax + 2];
        _slots.AsSpan().Fill(new Slot { Io = -1 });
        _data = new byte[_slots.Length * _options.DataBytes];

        // A descending run is started as a whole, and cached pages in it may break it into as many reads as it has blocks.
        _ios = new StreamIo[_distance.IoMax + combineMax];
        _idleIos = new int[_ios.Length];
        _forwarded = new BufferPin[combineMax];
        for (int index = 0; index < _ios.Length; index++)
        {
            _ios[index] = new StreamIo(session.CreateReadOperation(), combineMax, index);
            _idleIos[index] = _ios.Length - 1 - index;
        }

        _idleIoCount = _ios.Length;
    }

    /// <summary>What was done so far.</summary>
    public ReadStreamStatistics Statistics => new()
    {
        Pages = _pages,
        Ios = _ioCount,
        IoBlocks = _ioBlocks,
        Waits = _waits,
        PinnedSum = _pinnedSum,
        PinnedMax = _pinnedMost,
        Capacity = _distance.PinnedMax,
        InProgressSum = _inProgressSum,
    };

    /// <summary>
    /// What the source said about the page that was handed out last. Valid until the next page is asked for; empty when there is none.
    /// </summary>
    public ReadOnlySpan<byte> Data => _handedOut < 0 ? default : DataOf(_handedOut);

    /// <summary>The distances, for tests and curious minds.</summary>
    internal ReadStreamDistance Distance => _distance;

    /// <summary>The next page, without blocking the thread.</summary>
    /// <param name="cancellationToken">Ends the wait, not the reads. The page then comes with the next call.</param>
    /// <returns>The page, whose pin is the caller's now; one without a page (<see cref="BufferPin.HasPage"/>) at the end.</returns>
    /// <exception cref="AioException">The read failed. The stream stays where it is until <see cref="Reset"/>, and says so
    /// again.</exception>
    /// <exception cref="StorageException">The page is bad. As above.</exception>
    public ValueTask<BufferPin> NextAsync(CancellationToken cancellationToken = default)
    {
        return TryTakeReady(out BufferPin pin) ? new ValueTask<BufferPin>(pin) : NextSlowlyAsync(isBlocking: false, cancellationToken);
    }

    /// <summary>The next page. Blocks while it is not there, and drives the method meanwhile. Not on an <see cref="AioLoop"/>.</summary>
    /// <returns>The page, whose pin is the caller's now; one without a page at the end.</returns>
    /// <exception cref="AioException">The read failed. The stream stays where it is until <see cref="Reset"/>, and says so
    /// again.</exception>
    /// <exception cref="StorageException">The page is bad. As above.</exception>
    public BufferPin Next()
    {
        if (TryTakeReady(out BufferPin pin)) return pin;
        ValueTask<BufferPin> next = NextSlowlyAsync(isBlocking: true, CancellationToken.None);
        return Finished(next);
    }

    /// <summary>
    /// Begins to read what the source has, as far as the distances say, and hands out nothing: for a consumer that knows blocks long before it wants
    /// their pages. Waits for no read of this stream. What goes wrong is said when the consumer comes there.
    /// </summary>
    public async ValueTask ReadAheadAsync()
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (_failure is not null) return;

        // The way of cached pages asks the source itself, one block at a time, and knows of no run that is being put together.
        _isFast = false;
        try
        {
            await LookAheadAsync(isBlocking: false);
        }
        catch (Exception)
        {
            // As behind a page that is handed out: it is tried again, and said, when the consumer comes there.
            _distance.LimitReadAhead(_pinned);
        }
    }

    /// <summary>The next block's number without reading it, when nothing was looked ahead for; for a source that several streams
    /// share.</summary>
    /// <returns>The number; <see cref="BlockNumbers.Invalid"/> at the end.</returns>
    public uint NextBlock() => TakeBlock();

    /// <summary>
    /// For the source: there are no blocks now, and there will be some later. It returns <see cref="BlockNumbers.Invalid"/> after this; the
    /// consumer gets what is pinned, then the end, and calls <see cref="Resume"/> when the source has blocks again.
    /// </summary>
    public void Pause() => _distance.Pause();

    /// <summary>Goes on after <see cref="Pause"/>, looking as far ahead as before.</summary>
    public void Resume() => _distance.Resume();

    /// <summary>
    /// Gives up what was looked ahead for, and begins anew with what the source gives next. Also the way on after a failure. Does not wait:
    /// reads in progress go on by themselves, and their pages stay in memory until they have ended.
    /// </summary>
    public void Reset()
    {
        _distance.End();
        foreach (StreamIo io in _ios)
        {
            if (!io.IsInUse) continue;
            io.Operation.Abandon();
            Recycle(io);
        }

        ReleaseForwarded();
        for (; _pinned != 0; _pinned--)
        {
            ref Slot slot = ref _slots[_oldest];
            slot.Pin.Release();
            slot = new Slot { Io = -1 };
            _oldest = SlotAt(1);
        }

        _pending = default;
        _ungotten = BlockNumbers.Invalid;
        _handedOut = -1;
        _isFast = _isMissSynchronous = false;
        _failure = null;
        _distance.Reset();
    }

    /// <summary>Releases what is pinned. Pins that were handed out are the consumer's.</summary>
    public void Dispose()
    {
        if (_isDisposed) return;
        Reset();
        _isDisposed = true;
    }

    /// <summary>For <c>await foreach</c>. Each page's pin is the consumer's to release.</summary>
    /// <param name="cancellationToken">Ends the waits.</param>
    public Enumerator GetAsyncEnumerator(CancellationToken cancellationToken = default) => new(this, cancellationToken);

    private static T Finished<T>(ValueTask<T> task)
    {
        StorageInvariant.Check(task.IsCompleted, "A blocking pull waits inside, never by leaving something unfinished.");
        return task.GetAwaiter().GetResult();
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<BufferPin> NextSlowlyAsync(bool isBlocking, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (_failure is { } failure) ThrowAgain(failure);
        if (_pinned == 0) await LookAheadAsync(isBlocking);
        if (_pinned == 0)
        {
            _handedOut = -1;
            return default;
        }

        int io = _slots[_oldest].Io;
        if (io >= 0)
        {
            try
            {
                await WaitForReadAsync(io, isBlocking, cancellationToken);
            }
            catch (Exception exception) when (exception is not OperationCanceledException)
            {
                _failure = exception;
                throw;
            }
        }

        BufferPin pin = Take();
        try
        {
            await LookAheadAsync(isBlocking);
        }
        catch (Exception)
        {
            // The page is there and is not to be lost. What went wrong further ahead is tried again, and said, when the consumer comes
            // there; until then the stream wants no more than it has.
            _distance.LimitReadAhead(_pinned);
        }

        return pin;
    }

    private static void ThrowAgain(Exception failure) => System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);

    private ValueTask<bool> MoveNextAsync(CancellationToken cancellationToken)
    {
        if (!TryTakeReady(out _current)) return MoveNextSlowlyAsync(cancellationToken);
        return new ValueTask<bool>(true);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<bool> MoveNextSlowlyAsync(CancellationToken cancellationToken)
    {
        _current = await NextSlowlyAsync(isBlocking: false, cancellationToken);
        return _current.HasPage;
    }

    // The page that is next, when it is there already and nothing has to be started behind it.
    private bool TryTakeReady(out BufferPin pin)
    {
        pin = default;
        if (_isFast) return TryTakeFast(out pin);
        if (_pinned == 0 || _slots[_oldest].Io >= 0 || _failure is not null) return false;

        // What is to be started has to be started first, or a wait further on would be longer than it need be.
        if (Gather(_pinned - 1)) return false;
        pin = Take();
        return true;
    }

    private BufferPin Take()
    {
        _pages++;
        _pinnedSum += _pinned;
        _pinnedMost = Math.Max(_pinnedMost, _pinned);
        ref Slot slot = ref _slots[_oldest];
        BufferPin pin = slot.Pin;
        slot.Pin = default;
        _handedOut = _oldest;
        _oldest = _oldest + 1 == _slots.Length ? 0 : _oldest + 1;
        _pinned--;
        return pin;
    }

    private int SlotAt(int place)
    {
        int slot = _oldest + place;
        return slot >= _slots.Length ? slot - _slots.Length : slot;
    }

    private Span<byte> DataOf(int slot) => _data.AsSpan(slot * _options.DataBytes, _options.DataBytes);

    private uint TakeBlock()
    {
        uint block = _ungotten;
        if (block == BlockNumbers.Invalid) return _source.Next(this, DataOf(SlotAt(_pinned + _pending.Count)));
        _ungotten = BlockNumbers.Invalid;
        return block;
    }

    private struct Slot
    {
        internal BufferPin Pin;
        internal int Io;
    }

    /// <summary>Pulls a stream by <c>await foreach</c>.</summary>
    public readonly struct Enumerator
    {
        private readonly ReadStream _stream;
        private readonly CancellationToken _cancellationToken;

        internal Enumerator(ReadStream stream, CancellationToken cancellationToken) =>
            (_stream, _cancellationToken) = (stream, cancellationToken);

        /// <summary>The page; its pin is the consumer's to release.</summary>
        public BufferPin Current => _stream._current;

        /// <summary>Goes on to the next page.</summary>
        /// <returns>False at the end.</returns>
        public ValueTask<bool> MoveNextAsync() => _stream.MoveNextAsync(_cancellationToken);
    }
}
