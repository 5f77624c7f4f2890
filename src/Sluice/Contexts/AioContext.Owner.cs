namespace Sluice;

/// <summary>The owner's role, and the queue of file operations that wait for a handle.</summary>
public sealed unsafe partial class AioContext
{
    private readonly Lock _ownerLock = new();
    private readonly Lock _pendingLock = new();
    private FileOperation? _pendingFirst;
    private FileOperation? _pendingLast;
    private FileOperation? _operationPool;
    private int _pendingCount;
    private int _operationCount;
    private bool _isPumping;
    private bool _isPumpMissed;

    /// <summary>
    /// Takes the owner's role on this thread: for a shared context under its lock, for others by the rule that one flow uses it.
    /// </summary>
    internal OwnerRole EnterOwner()
    {
        if (IsShared) _ownerLock.Enter();
        int previous = _ownerThread;
        _ownerThread = Environment.CurrentManagedThreadId;
        return new OwnerRole(this, previous);
    }

    /// <summary>An operation object for a call on a file. Any thread.</summary>
    internal FileOperation RentOperation()
    {
        lock (_pendingLock)
        {
            FileOperation? operation = _operationPool;
            if (operation is null) return new FileOperation(this);
            _operationPool = operation.NextInPool;
            operation.NextInPool = null;
            return operation;
        }
    }

    /// <summary>Takes back what <see cref="RentOperation"/> gave. Any thread.</summary>
    internal void ReturnOperation(FileOperation operation)
    {
        lock (_pendingLock)
        {
            operation.NextInPool = _operationPool;
            _operationPool = operation;
        }
    }

    /// <summary>Takes a handle for a file operation, or queues the operation until one is free. Any thread for a shared context.</summary>
    internal void StartOrQueue(FileOperation operation)
    {
        using (EnterOwner())
        {
            Interlocked.Increment(ref _operationCount);
            if (_isDisposed)
            {
                operation.Refuse(
                    new ObjectDisposedException(nameof(AioSystem), "The AioSystem was disposed: no I/O can be started through it."));
                return;
            }

            // Nobody overtakes the queue: an operation that waited starts before one that comes now.
            if (Volatile.Read(ref _pendingCount) == 0 && _handedOut is null && TryTakeIdle())
            {
                operation.Start(HandOut(null, null));
            }
            else
            {
                Enqueue(operation);
                Pump();
            }

            if (IsShared) ReapWhatIsThere();
        }
    }

    /// <summary>
    /// Takes note of completions that are there already, such as that of a read which the system had cached: cheaper here than by a
    /// poller that has to be woken. Owner only.
    /// </summary>
    private void ReapWhatIsThere()
    {
        if (_driven is not { HasCompletions: true } || !TryLead()) return;
        try
        {
            ReapGuarded();
        }
        finally
        {
            EndLead();
        }
    }

    /// <summary>An operation that <see cref="StartOrQueue"/> got is over. Any thread.</summary>
    internal void OperationEnded() => Interlocked.Decrement(ref _operationCount);

    /// <summary>Queues an operation that has more to do, from a completion. Any thread; does not block and does not recurse.</summary>
    internal void Requeue(FileOperation operation)
    {
        Enqueue(operation);
        PumpPending();
    }

    /// <summary>
    /// Starts queued operations while handles are free. Any thread; does not wait for the owner: whoever has that role looks
    /// again when it leaves it.
    /// </summary>
    internal void PumpPending()
    {
        if (IsOwnerHere)
        {
            Pump();
            return;
        }

        if (!IsShared)
        {
            WakeOwner();
            return;
        }

        do
        {
            // Before the attempt: whoever has the lock either sees the mark when it leaves, or has left. A handle that it set aside as
            // not yet published can be taken now, and nothing but the mark says so.
            Volatile.Write(ref _isPumpMissed, true);
            Interlocked.MemoryBarrier();
            if (!_ownerLock.TryEnter()) return;
            int previous = _ownerThread;
            _ownerThread = Environment.CurrentManagedThreadId;
            try
            {
                Volatile.Write(ref _isPumpMissed, false);
                Interlocked.MemoryBarrier();
                Pump();
            }
            finally
            {
                _ownerThread = previous;
                _ownerLock.Exit();
            }
        }
        while (CanPump());
    }

    private bool CanPump()
    {
        // A full fence between giving up the lock and looking. Pairs with the fence in pushing a completed handle, or in queueing, by a
        // thread that then failed to get the lock.
        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref _pendingCount) == 0) return false;
        return Volatile.Read(ref _idleCount) != 0 || Volatile.Read(ref _completed) is not null || Volatile.Read(ref _isPumpMissed);
    }

    private void Enqueue(FileOperation operation)
    {
        lock (_pendingLock)
        {
            operation.NextPending = null;
            if (_pendingLast is null) _pendingFirst = operation;
            else _pendingLast.NextPending = operation;
            _pendingLast = operation;
            Interlocked.Increment(ref _pendingCount);
        }
    }

    private FileOperation? Dequeue()
    {
        lock (_pendingLock)
        {
            FileOperation? operation = _pendingFirst;
            if (operation is null) return null;
            _pendingFirst = operation.NextPending;
            if (_pendingFirst is null) _pendingLast = null;
            operation.NextPending = null;
            Interlocked.Decrement(ref _pendingCount);
            return operation;
        }
    }

    // Operations that complete in place come back here through Requeue: the flag turns that recursion into this loop.
    private void Pump()
    {
        if (_isPumping) return;
        _isPumping = true;
        try
        {
            while (Volatile.Read(ref _pendingCount) != 0 && _handedOut is null && TryTakeIdle())
            {
                if (Dequeue() is { } operation) operation.Start(HandOut(null, null));
            }
        }
        finally
        {
            _isPumping = false;
        }
    }

    private bool TryTakeIdle()
    {
        if (_idleCount == 0) ReclaimCompleted();
        return _idleCount != 0;
    }

    /// <summary>The owner's role, until disposed.</summary>
    internal readonly struct OwnerRole(AioContext context, int previousThread) : IDisposable
    {
        public void Dispose()
        {
            context._ownerThread = previousThread;
            if (!context.IsShared) return;
            context._ownerLock.Exit();
            if (previousThread == 0 && context.CanPump()) context.PumpPending();
        }
    }
}
