using System.Diagnostics;

namespace Sluice.Storage;

/// <summary>
/// Writes the pages of a <see cref="CheckpointPlan"/> with many writes in flight: what the checkpointer and the background writer share.
/// </summary>
/// <remarks>
/// Runs on a loop. Each write in flight is a lane, an asynchronous flow that takes a run of pages, writes it, and takes the next when that is
/// done: no write waits for the slowest of those before it, and between two awaits a lane has everything to itself, because they share a thread.
/// A failure, the first of which is kept, ends all lanes after the write that they are at; every lane comes to its end before the caller goes on.
/// </remarks>
internal sealed class PlannedWriter
{
    private readonly WriteBackQueue _writeBack;
    private readonly ILogFlusher _logFlusher;
    private readonly List<BufferSlot> _deferred = [];
    private readonly Lane[] _lanes;
    private WriteFlags _flags;
    private Func<ValueTask>? _beforeRun;
    private LogPosition _flushAtLeast;
    private CancellationToken _cancellationToken;
    private Exception? _failure;
    private Task? _flush;
    private int _inFlight;
    private int _nextDeferred;
    private int _taken;

    internal PlannedWriter(BufferSession session, int writesMax, WriteBackQueue writeBack)
    {
        Session = session;
        _writeBack = writeBack;
        _logFlusher = session.Pool.Options.LogFlusher;

        // One handle is left for the hints, and for whoever else is on the loop.
        _lanes = new Lane[Math.Clamp(writesMax, 1, Math.Max(1, session.Context.HandleCount - 1))];
        for (int index = 0; index < _lanes.Length; index++) _lanes[index] = new Lane(session);
    }

    internal BufferSession Session { get; }

    internal CheckpointPlan Plan { get; } = new();

    /// <summary>How many pages of the plan have been dealt with. Any thread.</summary>
    internal int Taken => Volatile.Read(ref _taken);

    internal int PagesWritten { get; private set; }

    internal int Writes { get; private set; }

    internal int InFlightMost { get; private set; }

    internal int DeferredCount => _deferred.Count;

    internal bool HasFailed => _failure is not null;

    /// <summary>Begins anew, with an empty plan.</summary>
    internal void Clear()
    {
        Plan.Clear();
        _deferred.Clear();
        (_nextDeferred, _inFlight, _failure) = (0, 0, null);
        (PagesWritten, Writes, InFlightMost) = (0, 0, 0);
        Volatile.Write(ref _taken, 0);
    }

    /// <summary>Writes what is planned. Pages that are in use are put aside.</summary>
    /// <param name="flags">Which pages are written.</param>
    /// <param name="flushAtLeast">Up to where the log is flushed when it has to be flushed at all.</param>
    /// <param name="beforeRun">Awaited before each run is taken; null for nothing.</param>
    /// <param name="cancellationToken">Ends it between two writes.</param>
    internal async Task WriteAsync(WriteFlags flags, LogPosition flushAtLeast, Func<ValueTask>? beforeRun, CancellationToken cancellationToken)
    {
        (_flags, _flushAtLeast, _beforeRun, _cancellationToken) = (flags, flushAtLeast, beforeRun, cancellationToken);
        await RunLanesAsync(isDeferred: false);
    }

    /// <summary>Writes what was put aside, waiting for whoever uses it.</summary>
    internal Task WriteDeferredAsync() => RunLanesAsync(isDeferred: true);

    private async Task RunLanesAsync(bool isDeferred)
    {
        foreach (Lane lane in _lanes) lane.Running = RunAsync(lane, isDeferred);
        foreach (Lane lane in _lanes) await lane.Running;
        if (_failure is { } failure) System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
    }

    // One method for all that a lane does: what awaits in it costs no memory, because its state lives as long as the lane.
    private async Task RunAsync(Lane lane, bool isDeferred)
    {
        if (isDeferred)
        {
            await RunDeferredAsync(lane);
            return;
        }

        try
        {
            while (_failure is null)
            {
                if (_beforeRun is not null) await _beforeRun();
                _cancellationToken.ThrowIfCancellationRequested();
                int count = Plan.TakeRun(lane.Slots);
                if (count == 0) return;
                Volatile.Write(ref _taken, Plan.TakenCount);
                int offered = 0;
                int flushedFor = -1;
                while (offered < count)
                {
                    WriteStart start = Session.TryStartWriteBuffers(lane.Operation, lane.Slots.AsSpan(offered, count - offered), _flags);
                    if (start.Count != 0)
                    {
                        Begin(lane);
                        while (!Session.TryFinishWrite(lane.Operation)) await Session.Context.WaitAsync(lane.Operation.Reference);

                        // What a short write left is offered again.
                        offered += End(lane, lane.Slots[offered].Tag);
                    }
                    else if (start.Refusal == WriteRefusal.LogFirst && flushedFor != offered)
                    {
                        flushedFor = offered;
                        await FlushLogAsync(start.FlushUpTo);
                    }
                    else if (start.Refusal == WriteRefusal.NoHandle)
                    {
                        // Others on the loop have them all.
                        await Session.Context.WaitForHandleAsync(_cancellationToken);
                    }
                    else
                    {
                        offered += PassOver(lane, start.Refusal, offered);
                    }
                }
            }
        }
        catch (Exception exception)
        {
            _failure ??= exception;
        }
    }

    private async Task RunDeferredAsync(Lane lane)
    {
        try
        {
            while (_failure is null && _nextDeferred < _deferred.Count)
            {
                _cancellationToken.ThrowIfCancellationRequested();
                BufferSlot page = lane.Slots[0] = _deferred[_nextDeferred++];
                while (true)
                {
                    // Stands in line for it.
                    WriteStart start = await Session.StartWriteInTurnAsync(lane.Operation, lane.Slots.AsMemory(0, 1), _flags, _cancellationToken);
                    if (start.Count == 0)
                    {
                        if (start.Refusal == WriteRefusal.Failed) throw lane.Operation.Failure!;
                        break;
                    }

                    Begin(lane);
                    while (!Session.TryFinishWrite(lane.Operation)) await Session.Context.WaitAsync(lane.Operation.Reference);
                    if (End(lane, page.Tag) != 0) break;
                }
            }
        }
        catch (Exception exception)
        {
            _failure ??= exception;
        }
    }

    private void Begin(Lane lane)
    {
        Writes++;
        InFlightMost = Math.Max(InFlightMost, ++_inFlight);
        lane.BeganAt = Stopwatch.GetTimestamp();
    }

    /// <returns>How many pages were written.</returns>
    private int End(Lane lane, PageTag first)
    {
        _inFlight--;
        int written = lane.Operation.BlocksWritten;
        PagesWritten += written;
        Session.CountIo(IoContext.Normal, IoAction.Write, 0, 0, Stopwatch.GetElapsedTime(lane.BeganAt));
        lane.Operation.ThrowIfFailed();
        if (_writeBack.IsOn) _writeBack.Add(Session.Context, first, written);
        return written;
    }

    /// <returns>By how many pages to go on.</returns>
    private int PassOver(Lane lane, WriteRefusal refusal, int offered)
    {
        switch (refusal)
        {
            case WriteRefusal.NotNeeded:
                return 1;
            case WriteRefusal.Failed:
                throw lane.Operation.Failure!;
            default:
                // In use, or changed faster than the log is flushed.
                _deferred.Add(lane.Slots[offered]);
                return 1;
        }
    }

    // One flush for all lanes, and further than the page at hand needs: then the log is flushed once for nearly all of them.
    private Task FlushLogAsync(LogPosition upTo) => _flush is { IsCompleted: false } running ? running : _flush = StartFlushAsync(upTo);

    private async Task StartFlushAsync(LogPosition upTo) => await _logFlusher.FlushAsync(LogPosition.Max(upTo, _flushAtLeast), _cancellationToken);

    private sealed class Lane(BufferSession session)
    {
        internal WriteOperation Operation { get; } = session.CreateWriteOperation();

        internal BufferSlot[] Slots { get; } = new BufferSlot[session.CombineMax];

        internal Task Running { get; set; } = Task.CompletedTask;

        internal long BeganAt { get; set; }
    }
}
