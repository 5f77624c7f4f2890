using System.Runtime.InteropServices;
using Sluice.Methods;

namespace Sluice;

/// <summary>
/// Who issues I/O: a fixed pool of handles, a staging batch and the method's state for one issuer. One logical flow uses it at a
/// time (a thread, or an async method across threads); anybody may wait for its I/Os, submit what it staged, and complete them.
/// </summary>
/// <remarks>
/// <para>Who may touch what. <em>Owner</em>: the idle handles, the handed-out handle, the batch flag, statistics, reclaiming.
/// <em>Submit lock</em>: the staged list, the method's Submit, the gate that a switch of the method closes. <em>Leader</em> (one thread
/// at a time, by compare-exchange): the method's Wait and Reap. <em>Anybody</em>: pushing on the completed list (compare-exchange; the
/// owner takes all of it at once, so no ABA), waiter lists, the watch count.</para>
/// <para>Nobody waits for what nobody will submit: a waiter that meets a staged I/O submits this context's staged list itself.</para>
/// </remarks>
public sealed unsafe partial class AioContext : IDisposable
{
    private readonly AioHandle[] _handles;
    private readonly AioHandle[] _idle;
    private readonly void* _memory;
    private int _idleCount;
    private AioHandle? _handedOut;
    private bool _isInBatch;
    private bool _isDisposed;
    private volatile Exception? _fault;

    internal AioContext(AioSystem system, int id, int handleCount, int vectorsMax, string name, bool isShared)
    {
        System = system;
        Id = id;
        Name = name;
        IsShared = isShared;
        int windowBytes = vectorsMax * (sizeof(IoVector) + sizeof(ulong));
        _memory = NativeMemory.AllocZeroed((nuint)handleCount, (nuint)windowBytes);
        _handles = new AioHandle[handleCount];
        _idle = new AioHandle[handleCount];
        _staged = new AioHandle[handleCount];
        _stagedRequests = new IoRequest[handleCount];
        for (int slot = 0; slot < handleCount; slot++)
        {
            byte* window = (byte*)_memory + ((long)slot * windowBytes);
            int index = (id * system.Options.HandlesPerContext) + slot;
            _handles[slot] = new AioHandle(
                this, index, slot, (IoVector*)window, (ulong*)(window + (vectorsMax * sizeof(IoVector))), vectorsMax);
            _idle[handleCount - 1 - slot] = _handles[slot];
        }

        _idleCount = handleCount;
        _setAside = new IoCompletion[handleCount];
        _spareSetAside = new IoCompletion[handleCount];
        _sink = new Sink(this);
    }

    /// <summary>The system it belongs to.</summary>
    public AioSystem System { get; }

    /// <summary>Its number, below the system's most contexts; used again after it was disposed.</summary>
    public int Id { get; }

    /// <summary>Its name, for people.</summary>
    public string Name { get; }

    /// <summary>How many handles it has.</summary>
    public int HandleCount => _handles.Length;

    /// <summary>How many handles are free to acquire without waiting, as far as the owner has looked. Owner only.</summary>
    public int IdleCount => _idleCount;

    /// <summary>Whether a batch is open. Owner only.</summary>
    public bool IsInBatch => _isInBatch;

    /// <summary>
    /// The first exception that came out of a callback of one of this context's I/Os; null when there was none. Any thread.
    /// </summary>
    public Exception? Fault => _fault;

    /// <summary>Whether several flows use it, taking turns under the owner lock: the system's own, for files.</summary>
    internal bool IsShared { get; }

    /// <summary>The loop that uses it; null when none does.</summary>
    internal AioLoop? Loop { get; set; }

    internal ReadOnlySpan<AioHandle> Handles => _handles;

    /// <summary>Makes the owner of handles and returns.</summary>
    public AioScope CreateScope() => new(this);

    /// <summary>
    /// Takes an idle handle. Always succeeds: when all are busy it submits what is staged and waits for any I/O of this context.
    /// </summary>
    /// <param name="place">Receives the outcome; null when nobody wants it.</param>
    /// <param name="scope">Owns the handle; null for none.</param>
    /// <returns>The handle; at most one is handed out per context at a time.</returns>
    /// <exception cref="InvalidOperationException">A handle is handed out already.</exception>
    public AioHandle Acquire(AioReturn? place = null, AioScope? scope = null)
    {
        RequireNoneHandedOut();
        while (_idleCount == 0)
        {
            ReclaimCompleted();
            if (_idleCount != 0) break;
            WaitForAnyCore(Timeout.Infinite, CancellationToken.None);
        }

        return HandOut(place, scope);
    }

    /// <summary>Takes an idle handle if there is one without waiting.</summary>
    /// <param name="handle">The handle.</param>
    /// <param name="place">Receives the outcome; null when nobody wants it.</param>
    /// <param name="scope">Owns the handle; null for none.</param>
    /// <returns>False when all are busy; submit what is staged before waiting for that to change.</returns>
    /// <exception cref="InvalidOperationException">A handle is handed out already.</exception>
    public bool TryAcquire(
        [global::System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out AioHandle? handle, AioReturn? place = null, AioScope? scope = null)
    {
        RequireNoneHandedOut();
        if (_idleCount == 0) ReclaimCompleted();
        handle = _idleCount == 0 ? null : HandOut(place, scope);
        return handle is not null;
    }

    /// <summary>Opens a batch: started I/Os are staged and submitted together.</summary>
    /// <returns>Disposing it submits and closes.</returns>
    /// <exception cref="InvalidOperationException">A batch is open already.</exception>
    public AioBatch EnterBatch()
    {
        Invariant.Check(!_isInBatch, "A batch is open already in this context: batches do not nest.");
        _isInBatch = true;
        return new AioBatch(this);
    }

    /// <summary>Submits what is staged, without ending an open batch.</summary>
    public void Submit()
    {
        using (EnterOwner()) SubmitStaged(waitFollows: false);
    }

    /// <summary>
    /// Submits what is staged, waits for what is in flight, and releases the context. Blocks. The flow that used it calls this; an
    /// open batch, an unused handle and I/Os in flight are dealt with as <see cref="AioScope.Dispose"/> does.
    /// </summary>
    public void Dispose()
    {
        if (_isDisposed) return;
        using (EnterOwner())
        {
            _isDisposed = true;
            if (_isInBatch)
            {
                Warn("A batch was still open when its context was disposed; its I/Os were submitted.");
                _isInBatch = false;
            }

            if (_handedOut is { } unused)
            {
                Warn("A handle was acquired and neither started nor released when its context was disposed; it was given back.");
                ReleaseCore(unused);
            }

            FinishEverything();

            // Not while the method is being switched, and not while anybody is inside the method. The lead is never given back.
            lock (System.SwapLock)
            {
                TakeLead();
                lock (_submitLock) MethodContext.Dispose();
                System.Remove(this);
            }
        }

        FreeMemory();
    }

    /// <summary>Frees the handles' native memory: at the end, or when the context could not be made.</summary>
    internal void FreeMemory() => NativeMemory.Free(_memory);

    private void FinishEverything()
    {
        SubmitStaged(waitFollows: false);
        while (true)
        {
            ReclaimCompleted();
            Pump();
            bool isIdle = _idleCount == _handles.Length;
            if (isIdle && Volatile.Read(ref _operationCount) == 0) break;

            // An operation that is between two of its I/Os is nobody's to wake this thread for, so the wait is short then.
            WaitForAnyCore(isIdle ? 1 : Timeout.Infinite, CancellationToken.None);
        }
    }

    internal void ExitBatch()
    {
        if (!_isInBatch) return;
        _isInBatch = false;
        Submit();
    }

    internal void Release(AioHandle handle)
    {
        Invariant.Check(
            ReferenceEquals(handle, _handedOut) && handle.State == AioHandleState.HandedOut,
            "Only the handle that was acquired last and not started can be released.");
        ReleaseCore(handle);
    }

    internal void ReleaseCore(AioHandle handle)
    {
        _handedOut = null;
        handle.Abandon();
        _idle[_idleCount++] = handle;
    }

    internal void Adopt(IoFile file)
    {
        if (!ReferenceEquals(file.LastUser, System)) System.Adopt(file);
    }

    internal void ReportFault(Exception exception, byte callback)
    {
        Interlocked.CompareExchange(ref _fault, exception, null);
        System.ReportFault(this, exception, new AioCallbackId(callback));
    }

    internal void Warn(string message) => System.Warn(this, message);

    private AioHandle HandOut(AioReturn? place, AioScope? scope)
    {
        // Refusals come before anything changes.
        place?.RequireFree();
        scope?.RequireOpen(this);
        AioHandle handle = _idle[--_idleCount];
        handle.HandOut(place, scope);
        _handedOut = handle;
        return handle;
    }

    private void RequireNoneHandedOut()
    {
        if (_handedOut is not null)
        {
            Invariant.Broken(
                "A handle is handed out already: start or release it before acquiring another, so that acquire can always succeed.");
        }

        if (_isDisposed) throw new ObjectDisposedException(nameof(AioContext));
    }
}
