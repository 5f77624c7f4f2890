namespace Sluice.Storage;

/// <summary>
/// Writes pages that will soon have to go, ahead of the clock hand, so that whoever needs a buffer finds a clean one: as many as will be
/// wanted before the next round (<see cref="BackgroundWriterEstimate"/>), neighbours together, several writes in flight.
/// </summary>
/// <remarks>
/// Works on the loop of its caller, or on one of its own when the caller is on none. A page that somebody uses is left alone. When a
/// write fails the page stays dirty, the round has failed, and the next one tries again.
/// </remarks>
public sealed class BackgroundWriter : IAsyncDisposable
{
    private readonly BufferPool _pool;
    private readonly BackgroundWriterOptions _options;
    private readonly TimeProvider _time;
    private readonly WriteBackQueue _writeBack;
    private readonly Lock _loopLock = new();
    private BackgroundWriterEstimate _estimate;
    private PlannedWriter? _writer;
    private AioLoop? _ownLoop;
    private long _allocationsSeen;
    private long _writtenCount;
    private long _limitCount;
    private int _isRunning;
    private bool _isDisposed;

    /// <summary>Makes a background writer. It does nothing by itself: see <see cref="RunAsync"/>.</summary>
    /// <param name="pool">The pool whose pages it writes.</param>
    /// <param name="options">How; null for the usual.</param>
    public BackgroundWriter(BufferPool pool, BackgroundWriterOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(pool);
        _options = options ?? new BackgroundWriterOptions();
        _options.Validate();
        _pool = pool;
        _time = pool.Storage.System.TimeProvider;
        _writeBack = new WriteBackQueue(pool.Storage, _options.WriteBackBlocks);
        _estimate = new BackgroundWriterEstimate(pool.BufferCount, _options.Multiplier, 1 / _options.Delay.TotalSeconds);
    }

    /// <summary>A round failed in <see cref="RunAsync"/>, which goes on.</summary>
    public event Action<Exception>? Failed;

    /// <summary>How many pages it wrote. Any thread.</summary>
    public long WrittenCount => Volatile.Read(ref _writtenCount);

    /// <summary>How often a round stopped because it had written as much as a round may. Any thread.</summary>
    public long LimitCount => Volatile.Read(ref _limitCount);

    /// <summary>Makes rounds for ever; fewer when nothing is to do.</summary>
    /// <param name="stopping">Ends it after the round that runs.</param>
    public async Task RunAsync(CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            BackgroundWriterRound round = default;
            try
            {
                round = await RunRoundAsync(stopping);
            }
            catch (Exception exception) when (exception is not OperationCanceledException || !stopping.IsCancellationRequested)
            {
                Failed?.Invoke(exception);
            }

            await RestAsync(round.MayHibernate, stopping);
        }
    }

    /// <summary>Makes one round. One at a time.</summary>
    /// <param name="cancellationToken">Ends it between two writes.</param>
    /// <exception cref="AioException">When awaited: a page could not be written; it is dirty as before.</exception>
    public Task<BackgroundWriterRound> RunRoundAsync(CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        return AioLoop.Current is not null ? RoundAsync(cancellationToken) : OwnLoop().InvokeAsync(() => RoundAsync(cancellationToken));
    }

    /// <summary>Ends the loop, if there is one of its own. Not while a round runs.</summary>
    public ValueTask DisposeAsync()
    {
        if (_isDisposed) return ValueTask.CompletedTask;
        _isDisposed = true;
        _writer?.Session.Dispose();
        _ownLoop?.Dispose();
        return ValueTask.CompletedTask;
    }

    private async Task<BackgroundWriterRound> RoundAsync(CancellationToken cancellationToken)
    {
        StorageInvariant.Check(Interlocked.Exchange(ref _isRunning, 1) == 0, "The background writer makes one round at a time.");
        try
        {
            PlannedWriter writer = PrepareWriter();
            writer.Clear();
            int looked = Look(writer.Plan);
            writer.Plan.Arrange();
            bool reachedLimit = _options.PagesMax != 0 && writer.Plan.Count >= _options.PagesMax;
            if (reachedLimit) Interlocked.Increment(ref _limitCount);
            long hintsBefore = _writeBack.HintCount;
            try
            {
                await writer.WriteAsync(WriteFlags.OnlyUnused, default, beforeRun: null, cancellationToken);
            }
            finally
            {
                Interlocked.Add(ref _writtenCount, writer.PagesWritten);
            }

            bool mayHibernate = _estimate.EndRound();
            if (_writeBack.IsOn) _writeBack.Issue(writer.Session.Context);
            writer.Session.CountIo(IoContext.Normal, IoAction.WriteBack, _writeBack.HintCount - hintsBefore, 0, TimeSpan.Zero);
            return new BackgroundWriterRound(looked, writer.PagesWritten, writer.Writes, reachedLimit, mayHibernate);
        }
        finally
        {
            Volatile.Write(ref _isRunning, 0);
        }
    }

    // Only finds the pages: they are written afterwards, in the order in which they stand on disk.
    private int Look(CheckpointPlan plan)
    {
        ClockPosition clock = _pool.ReadClock();
        int recent = (int)Math.Min(int.MaxValue, clock.Allocations - _allocationsSeen);
        _allocationsSeen = clock.Allocations;
        _estimate.BeginRound(clock.NextBuffer, clock.CompletePasses, recent);
        int looked = 0;
        while (_options.PagesMax != 0 && _estimate.WantsMore && plan.Count < _options.PagesMax)
        {
            bool isReusable = LookAt(_estimate.Cleaner, plan);
            _estimate.Visited(isReusable);
            looked++;
        }

        return looked;
    }

    private bool LookAt(int buffer, CheckpointPlan plan)
    {
        BufferFrames frames = _pool.Frames;
        ulong state = frames.ReadState(buffer);
        if (BufferState.Pins(state) != 0 || BufferState.Usage(state) != 0) return false;
        if ((state & BufferState.Dirty) == 0) return true;

        // It may become another page's before it is written: whoever starts the write looks again.
        state = frames.LockHeader(buffer);
        PageTag tag = frames.TagOf(buffer);
        frames.UnlockHeader(buffer);
        if ((state & BufferState.TagValid) != 0) plan.Add(new BufferSlot(buffer, tag));
        return true;
    }

    // Hibernating it still looks, once per round and at one number, whether somebody took a buffer.
    private async Task RestAsync(bool hibernates, CancellationToken stopping)
    {
        for (int round = 0; round < (hibernates ? _options.HibernationRounds : 1); round++)
        {
            if (hibernates && _pool.ReadClock().Allocations != _allocationsSeen) return;
            await Task.Delay(_options.Delay, _time, stopping);
        }
    }

    private AioLoop OwnLoop()
    {
        if (Volatile.Read(ref _ownLoop) is { } loop) return loop;
        lock (_loopLock)
        {
            loop = _ownLoop ?? _pool.Storage.System.CreateLoop("background writer");
            Volatile.Write(ref _ownLoop, loop);
            return loop;
        }
    }

    private PlannedWriter PrepareWriter()
    {
        AioContext context = AioLoop.Current!.Context;
        if (_writer is { } present && ReferenceEquals(present.Session.Context, context)) return present;
        _writer?.Session.Dispose();
        BufferSession session = _pool.CreateSession("background writer", new BufferSessionOptions { Context = context });
        return _writer = new PlannedWriter(session, _options.WritesMax, _writeBack);
    }
}
