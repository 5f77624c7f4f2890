namespace Sluice.Methods.IoUring;

/// <summary>
/// One issuer's ring. <c>IoUringContext.Submit.cs</c> hands requests over, <c>IoUringContext.Reap.cs</c> waits and delivers.
/// </summary>
/// <remarks>
/// <para>Who may call what is the contract's (<see cref="IoMethodContext"/>): one submitter at a time, one leading thread at a
/// time, both at once, each on any thread; <see cref="Wake"/>, <see cref="HasCompletions"/> and registration from anywhere.</para>
/// <para>Invariants.</para>
/// <list type="number">
/// <item>The tail of the submission queue is published only between requests, never inside a linked pair, under <c>_submitLock</c>.</item>
/// <item>A linked pair is never split over two enters, or the kernel would start the flush before the write is done. An enter
/// that asks for all entries cannot split; an enter that asks for an exact count (it has to, because the kernel does not wait
/// when it got fewer than asked for) could, if somebody else's enter took the counted entries first. So one exact enter may be
/// open at a time, only when no other enter is under way, and while it is open and may have lost its entries to another enter
/// (<c>_exactIsStolen</c>), or has not been seen taking them, no pair is linked: the reaper flushes instead.</item>
/// <item>At most <c>HandleCount</c> requests of at most two entries each, and one wake, are between submission and reaping: neither queue
/// can overflow.</item>
/// <item>A slot belongs to the submitter until its entry is published, then to the kernel, then to the reaper until the
/// completion is delivered. The reaper clears it before it delivers.</item>
/// <item>No lock is held while the sink runs.</item>
/// </list>
/// </remarks>
internal sealed partial class IoUringContext : IoMethodContext
{
    private readonly IoUringMethod _method;
    private readonly IoUringOptions _options;
    private readonly RingTraits _traits;
    private readonly TimeProvider _timeProvider;
    private readonly IoCompletionSink _sink;
    private readonly Ring _ring;
    private readonly SlotState[] _slots;
    private readonly Lock _submitLock = new();
    private SubmitCounters _submitCounters;
    private ReapCounters _reapCounters;
    private bool _isDisposed;

    internal IoUringContext(
        IoUringMethod method, IoUringOptions options, RingTraits traits, TimeProvider timeProvider, IoMethodContextOptions context)
    {
        _method = method;
        _options = options;
        _traits = traits;
        _timeProvider = timeProvider;
        _sink = context.Sink;
        Id = context.Id;
        _slots = new SlotState[context.HandleCount];

        // Two entries per request, because of linked pairs, and one for a wake. The completion queue needs no more than that.
        uint entries = System.Numerics.BitOperations.RoundUpToPowerOf2((2 * (uint)context.HandleCount) + 1);
        uint flags = traits.Flags;
        _ring = Ring.Create(entries, entries, ref flags);
        Buffers = new ContextBuffers(_ring, options.RegisteredBuffers);
        Files = new ContextFiles(_ring, options.RegisteredFiles);
    }

    /// <summary>The context's number.</summary>
    internal int Id { get; }

    internal Ring Ring => _ring;

    internal ContextBuffers Buffers { get; }

    internal ContextFiles Files { get; }

    /// <summary>Whether the method's epoll descriptor knows the ring. Guarded by the method's lock.</summary>
    internal bool IsInReadySet { get; set; }

    /// <inheritdoc/>
    public override bool HasCompletions => _ring.HasCompletions;

    /// <inheritdoc/>
    public override bool NeedsSynchronousExecution(IoRequest request) => request.File is not OsFile;

    /// <inheritdoc/>
    public override void SetWatched(bool watched) => _method.SetWatched(this, watched);

    /// <inheritdoc/>
    public override void Dispose()
    {
        lock (_submitLock)
        {
            // Waking threads enter under this lock, so that none of them meets a descriptor that was closed or used again.
            if (_isDisposed) return;
            _isDisposed = true;
        }

        _method.Forget(this);
        _ring.Dispose();
    }

    /// <summary>What is kept for a slot, as it was left by the last I/O; for tests.</summary>
    internal SlotState StateOf(int slot) => _slots[slot];

    /// <summary>Adds the counters up. Any thread; each number may be a moment old.</summary>
    internal void AddTo(MethodCounters total)
    {
        total.Submitted += Volatile.Read(ref _submitCounters.Submitted);
        total.Enters += Volatile.Read(ref _submitCounters.Enters) + Volatile.Read(ref _reapCounters.Enters);
        total.Punts += Volatile.Read(ref _submitCounters.Punts);
        total.Wakes += Volatile.Read(ref _submitCounters.Wakes);
        total.FixedTransfers += Volatile.Read(ref _submitCounters.FixedTransfers);
        total.UnlinkedFlushes += Volatile.Read(ref _submitCounters.UnlinkedFlushes);
        total.Reaped += Volatile.Read(ref _reapCounters.Reaped);
        total.Interrupted += Volatile.Read(ref _reapCounters.Interrupted);
        total.Reexecuted += Volatile.Read(ref _reapCounters.Reexecuted);
        total.FlushesRepeated += Volatile.Read(ref _reapCounters.FlushesRepeated);
        total.OverflowFlushes += Volatile.Read(ref _reapCounters.OverflowFlushes);
        total.Strays += Volatile.Read(ref _reapCounters.Strays);
        total.SubmitRetries += Volatile.Read(ref _submitRetries);
        total.RefusedByKernel += Volatile.Read(ref _refusedByKernel);
        total.FixedFileUses += Files.Uses;
        total.BufferRefusals += Buffers.Refusals;
        total.FileRefusals += Files.Refusals;
    }
}
