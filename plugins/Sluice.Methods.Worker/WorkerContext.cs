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

    private readonly WorkerMethod _method;
    private readonly WorkerPool _pool;
    private readonly BoundedRing _queue;
    private readonly bool _triesNoWait;
    private readonly IoCompletion[] _ended = new IoCompletion[BatchMax];
    private readonly int[] _overflowing = new int[BatchMax];
    private NoWaitTrial _trial;
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
        return TryWithoutBlocking(request, out outcome);
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

        // Without workers (none could be started) nobody would take anything out of the queue.
        bool hasWorkers = _pool.HasWorkers;
        for (int i = 0; i < batch.Length; i++)
        {
            IoRequest request = batch[i];
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
        if (queued > 0) _pool.WakeForSubmitter();
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
        if (!_trial.ShouldTry()) return false;
        try
        {
            if (request.File.TryExecuteWithoutBlocking(request, out outcome))
            {
                _trial.Hit();
                _counters.NoWaitHits++;
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
