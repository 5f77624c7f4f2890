using System.Runtime.InteropServices;

namespace Sluice.Storage;

/// <summary>
/// Makes checkpoints: everything that was dirty when one began is on disk and durable when it has ended. Pages are sorted, neighbours
/// written together, many writes are in flight, tablespaces take turns, and all files are synced in parallel at the end. Spread over time,
/// or at full speed.
/// </summary>
/// <remarks>
/// <para>
/// Works on an <see cref="AioLoop"/>: that of the caller, when the caller is on one, else one of its own, whose thread sleeps between
/// checkpoints. There each write in flight is a lane, an asynchronous flow that takes a run of pages, writes it, and takes the next when
/// that is done: so no write waits for the slowest of those before it.
/// </para>
/// <para>
/// Invariants. (a) One checkpoint at a time. (b) The order is: unlinks that were asked for are set apart
/// (<see cref="SyncRequests.PreCheckpoint"/>), the log says where recovery will begin, <see cref="StartedCount"/> grows, dirty pages are
/// marked, written, then synced; then the log's record is durable, and only then names are removed. (c) A page that was marked is passed
/// over only when somebody else has written it since. One that is locked or being read or written when its turn comes is put back to the
/// end, and waited for there. (d) When a write fails its page stays dirty and marked, no record is made, and the checkpoint has failed; the
/// next one finds the page again. (e) When a sync fails everything that is asked of <see cref="SyncRequests"/> fails from then on: trying
/// again would be told that all is well. </para>
/// </remarks>
public sealed class Checkpointer : IAsyncDisposable
{
    // A log has no way to say that it has grown by so much, and asking costs two reads of memory; so it is asked, five times a second. A checkpoint that
    // is due by the log's size begins a fifth of a second late at most, in which a log of 2 GB/s grows by 400 MB: little beside LogBytesMax.
    private static readonly TimeSpan s_logPollInterval = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan s_restMin = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan s_restMax = TimeSpan.FromMilliseconds(100);

    private readonly BufferPool _pool;
    private readonly CheckpointerOptions _options;
    private readonly TimeProvider _time;
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly Lock _loopLock = new();
    private readonly WriteBackQueue _writeBack;
    private readonly List<BufferSlot> _marked = [];
    private AioLoop? _ownLoop;
    private long _startedCount;
    private long _completedCount;
    private long _failedCount;
    private LogPosition _lastRedo;
    private PlannedWriter? _writer;
    private TaskCompletionSource? _rest;
    private int _hurriedWaiting;
    private bool _hurries;
    private bool _isDisposed;

    /// <summary>Makes a checkpointer. It does nothing by itself: see <see cref="RunAsync"/>.</summary>
    /// <param name="pool">The pool whose pages it writes.</param>
    /// <param name="options">How; null for the usual.</param>
    public Checkpointer(BufferPool pool, CheckpointerOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(pool);
        _options = options ?? new CheckpointerOptions();
        _options.Validate();
        _pool = pool;
        _time = pool.Storage.System.TimeProvider;
        _writeBack = new WriteBackQueue(pool.Storage, _options.WriteBackBlocks);
    }

    /// <summary>A checkpoint failed in <see cref="RunAsync"/>, which goes on and tries again after the next interval.</summary>
    public event Action<Exception>? Failed;

    /// <summary>How many checkpoints have started. Grows after the log has said where recovery would begin. Any thread.</summary>
    public long StartedCount => Volatile.Read(ref _startedCount);

    /// <summary>How many have completed. Any thread.</summary>
    public long CompletedCount => Volatile.Read(ref _completedCount);

    /// <summary>How many have failed. Any thread.</summary>
    public long FailedCount => Volatile.Read(ref _failedCount);

    /// <summary>Pages that the checkpoint of the moment found, and how many of them it has been through. Any thread; of the last one
    /// between checkpoints.</summary>
    public (int Found, int Done) Progress => Volatile.Read(ref _writer) is { } writer ? (writer.Plan.Count, writer.Taken) : default;

    /// <summary>
    /// Makes a checkpoint; when one is running, lets it finish at full speed (unless this one is paced as well) and then makes this one.
    /// Any thread.
    /// </summary>
    /// <param name="flags">What kind.</param>
    /// <param name="cancellationToken">Ends it between two writes; it has failed then.</param>
    /// <returns>What it did. Everything that was dirty before this was called is durable.</returns>
    /// <exception cref="AioException">When awaited: a page could not be written, or a file not synced.</exception>
    /// <exception cref="StorageException">When awaited: a sync failed before, so that nothing can be promised.</exception>
    public Task<CheckpointResult> CheckpointAsync(
        CheckpointFlags flags = CheckpointFlags.None, CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        Haste? haste = null;
        if ((flags & CheckpointFlags.Paced) == 0)
        {
            // Counted until its turn comes: a paced one that gets the turn before it hurries too.
            haste = new Haste(this);
            Hurry();
        }

        return AioLoop.Current is not null
            ? CheckpointOnLoopAsync(flags, haste, cancellationToken)
            : CheckpointOnOwnLoopAsync(flags, haste, cancellationToken);
    }

    /// <summary>Lets the checkpoint that runs go on at full speed. Any thread.</summary>
    public void Hurry()
    {
        Volatile.Write(ref _hurries, true);
        Interlocked.MemoryBarrier();
        Volatile.Read(ref _rest)?.TrySetResult();
    }

    /// <summary>
    /// Makes paced checkpoints for ever: one per interval, and one whenever so much log was written that the next is due. One that fails is
    /// reported by <see cref="Failed"/>, and does not end this.
    /// </summary>
    /// <param name="stopping">Ends it; a checkpoint that runs is ended between two writes. Make a last one with
    /// <see cref="CheckpointAsync"/>.</param>
    public async Task RunAsync(CancellationToken stopping)
    {
        long begun = _time.GetTimestamp();
        bool hasFailed = false;
        while (!stopping.IsCancellationRequested)
        {
            TimeSpan left = _options.Interval - _time.GetElapsedTime(begun);

            // A checkpoint that failed leaves the log as due as it was: without this it would be tried again and again without a rest.
            bool isLogDue = !hasFailed && _options.LogBytesMax > 0 && LogBytesSince(_lastRedo) >= _options.LogBytesMax;
            if (left > TimeSpan.Zero && !isLogDue)
            {
                TimeSpan sleep = _options.Log is NullCheckpointLog || left < s_logPollInterval ? left : s_logPollInterval;

                // Task.Delay drops what is below a millisecond, and would not rest at all for the last of it.
                await Task.Delay(TimeSpan.FromMilliseconds(Math.Ceiling(sleep.TotalMilliseconds)), _time, stopping);
                continue;
            }

            begun = _time.GetTimestamp();
            try
            {
                await CheckpointAsync(CheckpointFlags.Paced, stopping);
                hasFailed = false;
            }
            catch (Exception exception) when (exception is not OperationCanceledException || !stopping.IsCancellationRequested)
            {
                hasFailed = true;
                Failed?.Invoke(exception);
            }
        }
    }

    /// <summary>Ends the loop, if there is one of its own. Makes no last checkpoint. Not while one runs.</summary>
    public ValueTask DisposeAsync()
    {
        if (_isDisposed) return ValueTask.CompletedTask;
        _isDisposed = true;
        ReleaseWriter();
        _ownLoop?.Dispose();
        _turn.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>How many checkpoints at full speed wait for their turn. Any thread.</summary>
    internal int HurriedWaiting => Volatile.Read(ref _hurriedWaiting);

    private bool IsHurried => Volatile.Read(ref _hurries) || Volatile.Read(ref _hurriedWaiting) != 0;

    private AioLoop OwnLoop()
    {
        if (Volatile.Read(ref _ownLoop) is { } loop) return loop;
        lock (_loopLock)
        {
            loop = _ownLoop ?? _pool.Storage.System.CreateLoop("checkpointer");
            Volatile.Write(ref _ownLoop, loop);
            return loop;
        }
    }

    private async Task<CheckpointResult> CheckpointOnOwnLoopAsync(CheckpointFlags flags, Haste? haste, CancellationToken cancellationToken)
    {
        try
        {
            return await OwnLoop().InvokeAsync(() => CheckpointOnLoopAsync(flags, haste, cancellationToken)).ConfigureAwait(false);
        }
        finally
        {
            // When there is no loop to be had it never stands in line.
            haste?.End();
        }
    }

    private async Task<CheckpointResult> CheckpointOnLoopAsync(CheckpointFlags flags, Haste? haste, CancellationToken cancellationToken)
    {
        try
        {
            await _turn.WaitAsync(cancellationToken);
        }
        finally
        {
            haste?.End();
        }

        try
        {
            // Whoever hurried meant the one before.
            Volatile.Write(ref _hurries, false);
            CheckpointResult result = await MakeAsync(flags, cancellationToken);
            Interlocked.Increment(ref _completedCount);
            return result;
        }
        catch
        {
            Interlocked.Increment(ref _failedCount);
            throw;
        }
        finally
        {
            _turn.Release();
        }
    }

    private async Task<CheckpointResult> MakeAsync(CheckpointFlags flags, CancellationToken cancellationToken)
    {
        long begun = _time.GetTimestamp();
        StorageManager storage = _pool.Storage;
        if (storage.SyncRequests.IsPoisoned) throw new StorageException($"No checkpoint can be made: {storage.SyncRequests.PoisonReason}");
        PlannedWriter writer = PrepareWriter();
        storage.SyncRequests.PreCheckpoint();
        LogPosition redo = await _options.Log.BeginCheckpointAsync(cancellationToken);

        // A bulk writer that sees the old count asked for its syncs before this checkpoint's; one that sees the new one syncs by itself.
        Interlocked.Increment(ref _startedCount);
        writer.Clear();
        _pool.MarkForCheckpoint(_marked, (flags & CheckpointFlags.IncludeUnlogged) != 0);
        foreach (ref readonly BufferSlot page in CollectionsMarshal.AsSpan(_marked)) writer.Plan.Add(page);
        _marked.Clear();
        writer.Plan.Arrange();
        TimeSpan collected = _time.GetElapsedTime(begun);
        long hintsBefore = _writeBack.HintCount;
        await WriteAsync(writer, flags, redo, cancellationToken);
        writer.Session.CountIo(IoContext.Normal, IoAction.WriteBack, _writeBack.HintCount - hintsBefore, 0, TimeSpan.Zero);
        TimeSpan written = _time.GetElapsedTime(begun);
        SyncPass sync = await storage.SyncRequests.ProcessAsync(writer.Session.Context, cancellationToken);
        writer.Session.CountIo(IoContext.Normal, IoAction.Sync, sync.FileCount, 0, sync.Total);
        await _options.Log.CompleteCheckpointAsync(redo, cancellationToken);
        _lastRedo = redo;
        int removed = await storage.SyncRequests.PostCheckpointAsync(cancellationToken);
        return new CheckpointResult
        {
            Redo = redo,
            PagesFound = writer.Plan.Count,
            PagesWritten = writer.PagesWritten,
            Writes = writer.Writes,
            WritesInFlightMax = writer.InFlightMost,
            PagesDeferred = writer.DeferredCount,
            Sync = sync,
            FilesRemoved = removed,
            CollectTime = collected,
            WriteTime = written - collected,
            TotalTime = _time.GetElapsedTime(begun),
        };
    }

    private async Task WriteAsync(PlannedWriter writer, CheckpointFlags flags, LogPosition redo, CancellationToken cancellationToken)
    {
        if ((flags & CheckpointFlags.Paced) == 0)
        {
            await writer.WriteAsync(WriteFlags.OnlyForCheckpoint, redo, beforeRun: null, cancellationToken);
        }
        else
        {
            CheckpointPacer pacer = new(_options.Interval, _options.CompletionTarget, _options.LogBytesMax);
            long writesBegun = _time.GetTimestamp();
            await writer.WriteAsync(
                WriteFlags.OnlyForCheckpoint, redo, () =>
                RestAsync(writer, pacer, writesBegun, redo, cancellationToken), cancellationToken);
        }

        await writer.WriteDeferredAsync();
        if (_writeBack.IsOn) _writeBack.Issue(writer.Session.Context);
    }

    private PlannedWriter PrepareWriter()
    {
        AioContext context = AioLoop.Current!.Context;
        if (_writer is { } present && ReferenceEquals(present.Session.Context, context)) return present;
        ReleaseWriter();
        BufferSession session =
            _pool.CreateSession("checkpointer", new BufferSessionOptions { Context = context, CombineMax = _options.CombineBlocksMax });
        PlannedWriter writer = new(session, _options.WritesMax, _writeBack);
        Volatile.Write(ref _writer, writer);
        return writer;
    }

    private void ReleaseWriter()
    {
        _writer?.Session.Dispose();
        Volatile.Write(ref _writer, null);
    }

    // A rest is shared by all lanes; afterwards each looks at the schedule anew, and the first that takes a run lets the others rest again.
    private async ValueTask RestAsync(
        PlannedWriter writer, CheckpointPacer pacer, long writesBegun, LogPosition redo, CancellationToken cancellationToken)
    {
        while (!IsHurried && !writer.HasFailed && !cancellationToken.IsCancellationRequested)
        {
            int found = writer.Plan.Count;
            int taken = writer.Plan.TakenCount;
            if (taken == found) return;
            TimeSpan rest = pacer.RestFor((double)taken / found, _time.GetElapsedTime(writesBegun), LogBytesSince(redo));
            if (rest < s_restMin) return;
            await (_rest?.Task ?? SleepAsync(writer, rest < s_restMax ? rest : s_restMax, cancellationToken));
        }
    }

    private async Task SleepAsync(PlannedWriter writer, TimeSpan rest, CancellationToken cancellationToken)
    {
        TaskCompletionSource woken = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Volatile.Write(ref _rest, woken);
        try
        {
            // Pairs with Hurry, which sets the flag before it looks for somebody who rests.
            Interlocked.MemoryBarrier();
            if (IsHurried) return;
            if (_writeBack.IsOn) _writeBack.Issue(writer.Session.Context);
            using ITimer timer = _time.CreateTimer(
                static state => ((TaskCompletionSource)state!).TrySetResult(), woken, rest, Timeout.InfiniteTimeSpan);
            using CancellationTokenRegistration registration =
                cancellationToken.UnsafeRegister(static state => ((TaskCompletionSource)state!).TrySetResult(), woken);
            await woken.Task;
        }
        finally
        {
            Volatile.Write(ref _rest, null);
            woken.TrySetResult();
        }
    }

    private long LogBytesSince(LogPosition position)
    {
        ulong inserted = _options.Log.InsertedUpTo.Value;
        return inserted <= position.Value ? 0 : (long)(inserted - position.Value);
    }

    /// <summary>A checkpoint at full speed that waits for its turn: counted once, whoever says that it no longer does.</summary>
    private sealed class Haste
    {
        private readonly Checkpointer _checkpointer;
        private int _isOver;

        internal Haste(Checkpointer checkpointer)
        {
            _checkpointer = checkpointer;
            Interlocked.Increment(ref checkpointer._hurriedWaiting);
        }

        internal void End()
        {
            if (Interlocked.Exchange(ref _isOver, 1) == 0) Interlocked.Decrement(ref _checkpointer._hurriedWaiting);
        }
    }
}
