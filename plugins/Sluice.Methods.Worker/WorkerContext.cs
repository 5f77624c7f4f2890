using System.Runtime.CompilerServices;

namespace Sluice.Methods.Worker;

/// <summary>
/// The state of <c>worker</c> for one issuer. Reads whose data is cached are done at once by the issuer, everything else goes to
/// the queue, and what finds no room there is executed by the submitter.
/// </summary>
/// <remarks>
/// Submit runs on one thread at a time, and so does TryExecuteAtOnce (the runtime's rules), so the scratch arrays of the one, the
/// trial's state of the other and the counters of each need no lock. The order within Submit: queue each request; wake one worker; execute
/// what found no room; deliver. The device starts on what was queued while the submitter works, and nothing is delivered while a part of
/// the batch is still to be handed over.
/// </remarks>
internal sealed class WorkerContext : IoMethodContext
{
    private const int BatchMax = 32;

    // A smaller one is copied before another core has woken: 64 KiB were measured to lose, 128 KiB to win little, 256 KiB to win much.
    private const int SharedBytesMin = 256 << 10;

    private readonly WorkerMethod _method;
    private readonly WorkerPool _pool;
    private readonly BoundedRing _queue;
    private readonly bool _triesNoWait;
    private readonly IoCompletion[] _ended = new IoCompletion[BatchMax];
    private readonly int[] _overflowing = new int[BatchMax];
    private readonly bool _canShare = Environment.ProcessorCount > 1;
    private NoWaitTrial _trial;
    private bool _isSharing;
    private ContextCounters _counters;

    internal WorkerContext(WorkerMethod method, WorkerPool pool, bool triesNoWait, IoCompletionSink sink)
    {
        _method = method;
        _pool = pool;
        _queue = pool.Queue;
        _triesNoWait = triesNoWait;
        Sink = sink;
    }

    internal IoCompletionSink Sink { get; }

    internal ref readonly ContextCounters Counters => ref _counters;

    /// <summary>Reads what is cached, so that it costs what a plain read costs: no queue, no batch, no hand-over.</summary>
    public override bool TryExecuteAtOnce(IoRequest request, out IoOutcome outcome)
    {
        outcome = default;
        if (request.Operation != IoOperation.Read || !request.Has(IoRequestFlags.Buffered) || !_triesNoWait) return false;
        if (_trial.IsCached && IsSharedCopy(request) && _pool.HasWorkers)
        {
            _isSharing = true;
            return false;
        }

        return TryWithoutBlocking(request, out outcome);
    }

    /// <summary>
    /// Large reads of cached data that the issuer does not need yet are copied by a worker and by the issuer, who takes back what no worker
    /// has begun when it would sleep. Found not to be cached after all, such a read goes to the queue again, and the sharing ends.
    /// </summary>
    public override bool TryExecuteSubmitted()
    {
        if (!_isSharing || !_queue.TryTakeBack(this, out IoRequest? request)) return false;

        // After the delivery the request belongs to somebody else again, so the token is read before.
        ulong token = request.Token;
        if (!TryNow(request, ref _counters.TakenBack, out IoOutcome outcome))
        {
            _isSharing = false;
            if (_queue.TryEnqueue(this, request))
            {
                _pool.WakeForSubmitter();
                return false;
            }

            // Others filled the queue, which was made too small for all: as with every request that finds no room.
            outcome = Execution.Execute(request, out Exception? fault);
            if (fault is not null) _counters.TrialFaults++;
            else _counters.TakenBack++;
        }

        IoCompletion completion = new(token, outcome);
        Sink.Complete(new ReadOnlySpan<IoCompletion>(in completion));
        return true;
    }

    public override int Submit(ReadOnlySpan<IoRequest> batch, bool waitFollows)
    {
        // The runtime's batches hold 32 at most; a longer one would not fit the scratch arrays, so it is taken in pieces.
        for (int start = 0; start < batch.Length; start += BatchMax)
        {
            SubmitPiece(batch.Slice(start, Math.Min(BatchMax, batch.Length - start)));
        }

        return batch.Length;
    }

    public override void Dispose() => _method.Remove(this);

    private void SubmitPiece(ReadOnlySpan<IoRequest> batch)
    {
        int ended = 0;
        int overflowing = 0;
        int queued = 0;
        bool isShared = _isSharing;

        // Without workers (none could be started) nobody would take anything out of the queue.
        bool hasWorkers = _pool.HasWorkers;
        for (int i = 0; i < batch.Length; i++)
        {
            IoRequest request = batch[i];
            isShared = isShared && IsSharedCopy(request);
            if (hasWorkers && _queue.TryEnqueue(this, request))
            {
                queued++;
            }
            else
            {
                _overflowing[overflowing++] = i;
            }
        }

        _counters.Submitted += batch.Length;
        if (queued > 0) _pool.WakeForSubmitter(isShared);
        if (overflowing > 0) ended = ExecuteOverflowing(batch, _overflowing.AsSpan(0, overflowing), ended, hasWorkers);
        if (ended > 0) Sink.Complete(_ended.AsSpan(0, ended));
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private int ExecuteOverflowing(ReadOnlySpan<IoRequest> batch, ReadOnlySpan<int> overflowing, int ended, bool hasWorkers)
    {
        foreach (int index in overflowing)
        {
            IoRequest request = batch[index];

            // While one was executed here, workers may have made room: then the rest need not be done one after the other.
            if (hasWorkers && _queue.TryEnqueue(this, request))
            {
                _pool.WakeForSubmitter();
                continue;
            }

            IoOutcome outcome = Execution.Execute(request, out Exception? fault);
            if (fault is not null) _counters.Faults++;
            _counters.QueueOverflows++;
            _ended[ended++] = new IoCompletion(request.Token, outcome);
        }

        return ended;
    }

    /// <summary>Whether a request is a copy that the issuer helps with. Any thread; a moment old.</summary>
    internal bool IsSharing(IoRequest request) => _isSharing && IsSharedCopy(request);

    private bool IsSharedCopy(IoRequest request) =>
        _canShare && request.LengthBytes >= SharedBytesMin && request.Operation == IoOperation.Read
            && request.Has(IoRequestFlags.Buffered) && request.Has(IoRequestFlags.Ahead);

    private bool ExecuteTrusted(IoRequest request, out IoOutcome outcome)
    {
        outcome = Execution.Execute(request, out Exception? fault);
        if (fault is not null) _counters.TrialFaults++;
        _counters.TrustedReads++;
        return true;
    }

    private bool TryWithoutBlocking(IoRequest request, out IoOutcome outcome)
    {
        outcome = default;
        if (_trial.ShouldTrust(request.LengthBytes)) return ExecuteTrusted(request, out outcome);
        return _trial.ShouldTry() && TryNow(request, ref _counters.NoWaitHits, out outcome);
    }

    /// <returns>False when it would have to wait.</returns>
    private bool TryNow(IoRequest request, ref long executed, out IoOutcome outcome)
    {
        try
        {
            if (request.File.TryExecuteWithoutBlocking(request, out outcome))
            {
                _trial.Hit();
                executed++;
                return true;
            }
        }
        catch (Exception)
        {
            // The same as an exception of Execute: the read fails, the rest of the batch goes on.
            _counters.TrialFaults++;
            outcome = Execution.OutcomeOfFault(request);
            return true;
        }

        _trial.Missed();
        _counters.NoWaitMisses++;
        return false;
    }
}
