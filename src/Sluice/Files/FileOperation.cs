using System.Buffers;
using System.Threading.Tasks.Sources;
using Sluice.Methods;

namespace Sluice;

/// <summary>
/// One call on an <see cref="AioFile"/>, pooled: takes a handle when one is free, retries what was transferred short, keeps the
/// memory pinned until the system is done with it, and is the awaitable of the call.
/// </summary>
/// <remarks>
/// Three lifetimes meet here: the memory's (until the last I/O of the operation completed, whatever the caller does), the
/// caller's wait (which a token can end early), and the object's (until both are over; then it goes back to the pool).
/// </remarks>
internal sealed unsafe class FileOperation : AwaitableWaiter, IValueTaskSource<int>, IValueTaskSource<long>, IValueTaskSource
{
    private const int Running = 0;
    private const int Finished = 1;
    private const int Cancelled = 2;

    private const int Unwatched = 0;
    private const int Watched = 1;
    private const int Over = 2;

    private readonly AioContext _context;
    private IoFile _file = null!;
    private GenericFileTarget _target;
    private IoOperation _operation;
    private AioDurability _durability;
    private long _offsetBytes;
    private long _lengthBytes;
    private long _doneBytes;
    private long _startedBytes;
    private IoVector _vector;
    private IoVector[]? _vectors;
    private int _vectorCount;
    private MemoryHandle _pin;
    private MemoryHandle[]? _pins;
    private int _watch;
    private int _state;
    private int _users;
    private AioResult _outcome;
    private Exception? _startFailure;
    private CancellationToken _cancellationToken;
    private CancellationTokenRegistration _registration;

    internal FileOperation(AioContext context) => _context = context;

    internal FileOperation? NextPending { get; set; }

    internal FileOperation? NextInPool { get; set; }

    internal ValueTask<int> Int32Task => new(this, Version);

    internal ValueTask<long> Int64Task => new(this, Version);

    internal ValueTask Task => new(this, Version);

    /// <summary>Prepares the operation. The memory is given afterwards.</summary>
    internal void Prepare(
        IoFile file, GenericFileTarget target, IoOperation operation, long offsetBytes, long lengthBytes, AioDurability durability)
    {
        Recycle();
        _file = file;
        _target = target;
        _operation = operation;
        _offsetBytes = offsetBytes;
        _lengthBytes = lengthBytes;
        _durability = durability;
        _doneBytes = 0;
        _startedBytes = 0;
        _vectorCount = 0;
        _state = Running;
        _users = 2;
        _outcome = default;
        _startFailure = null;
    }

    /// <summary>Pins one piece of memory until the operation is over.</summary>
    internal void SetMemory(MemoryHandle pin, int lengthBytes)
    {
        _pin = pin;
        _vector = new IoVector(pin.Pointer, lengthBytes);
        _vectorCount = 1;
        _lengthBytes = lengthBytes;
    }

    /// <summary>Makes room for several pieces.</summary>
    internal void BeginMemory(int count)
    {
        _vectors = ArrayPool<IoVector>.Shared.Rent(Math.Max(count, 1));
        _pins = ArrayPool<MemoryHandle>.Shared.Rent(Math.Max(count, 1));
        _lengthBytes = 0;
    }

    /// <summary>Pins one of several pieces.</summary>
    internal void AddMemory(MemoryHandle pin, int lengthBytes)
    {
        _pins![_vectorCount] = pin;
        _vectors![_vectorCount++] = new IoVector(pin.Pointer, lengthBytes);
        _lengthBytes += lengthBytes;
    }

    /// <summary>The pieces, for the check of their alignment.</summary>
    internal ReadOnlySpan<IoVector> Pieces =>
        _vectors is null ? new ReadOnlySpan<IoVector>(ref _vector)[.._vectorCount] : _vectors.AsSpan(0, _vectorCount);

    /// <summary>Starts the operation, or queues it until a handle is free.</summary>
    internal void Begin(CancellationToken cancellationToken)
    {
        bool isLoops = ReferenceEquals(AioLoop.Current?.Context, _context);
        _watch = Unwatched;
        if (cancellationToken.CanBeCanceled)
        {
            _cancellationToken = cancellationToken;
            _registration = cancellationToken.UnsafeRegister(static state => ((FileOperation)state!).EndWait(), this);
        }

        _context.StartOrQueue(this);

        // Only what did not complete at once needs somebody who drives for it. The exchange decides, against the one in Finish, who ends
        // the watch.
        if (isLoops || Volatile.Read(ref _watch) == Over) return;
        _context.BeginWatch();
        if (Interlocked.Exchange(ref _watch, Watched) == Over) _context.EndWatch();
    }

    /// <summary>Gives up before the start: an argument was wrong. Releases the memory and the object.</summary>
    internal void Discard()
    {
        Unpin();
        Expire();
        _file = null!;
        _context.ReturnOperation(this);
    }

    /// <summary>Starts the next I/O of the operation on a handle. Owner of the context.</summary>
    internal void Start(AioHandle handle)
    {
        Rearm();
        handle.AttachBeforeStart(this);
        try
        {
            if (_operation is IoOperation.Read or IoOperation.Write) SetVectors(handle);
            handle.SetTarget(in _target);
            switch (_operation)
            {
                case IoOperation.Read:
                    handle.StartRead(_file, _offsetBytes + _startedBytes);
                    break;
                case IoOperation.Write:
                    handle.StartWrite(_file, _offsetBytes + _startedBytes, _durability);
                    break;
                case IoOperation.Fsync:
                    handle.StartFsync(_file);
                    break;
                case IoOperation.Fdatasync:
                    handle.StartFdatasync(_file);
                    break;
                case IoOperation.FlushRange:
                    handle.StartFlushRange(_file, _offsetBytes, _lengthBytes);
                    break;
                default:
                    handle.StartAllocate(_file, _offsetBytes, _lengthBytes);
                    break;
            }
        }
        catch (Exception exception)
        {
            // The file was disposed in the meantime: the handle was not started.
            handle.DetachBeforeStart();
            handle.Release();
            _startFailure = exception;
            Finish(default);
        }
    }

    /// <summary>Ends the operation before it got a handle. Owner of the context.</summary>
    internal void Refuse(Exception exception)
    {
        _startFailure = exception;
        Finish(default);
    }

    public ValueTaskSourceStatus GetStatus(short token) =>
        !IsAwaitDone(token) ? ValueTaskSourceStatus.Pending
        : _state == Cancelled ? ValueTaskSourceStatus.Canceled
        : _outcome.IsComplete && _startFailure is null ? ValueTaskSourceStatus.Succeeded : ValueTaskSourceStatus.Faulted;

    public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        RegisterContinuation(continuation, state, token, flags);

    int IValueTaskSource<int>.GetResult(short token) => (int)Take(token);

    long IValueTaskSource<long>.GetResult(short token) => Take(token);

    void IValueTaskSource.GetResult(short token) => Take(token);

    protected override void OnSignalled()
    {
        AioResult result = Result;
        if (result.Status == AioStatus.Error || _operation is not (IoOperation.Read or IoOperation.Write))
        {
            Finish(result);
            return;
        }

        long reached = _startedBytes + result.Value;
        bool isOver = reached >= _lengthBytes;

        // A direct read must begin at an aligned place: its rest begins at the last one, and no progress past what is there means the end
        // of the file.
        int alignment = _file.Capabilities.OffsetAlignmentBytes;
        bool madeProgress = reached > _doneBytes;
        _doneBytes = Math.Max(_doneBytes, reached);
        _startedBytes = reached - (reached % alignment);
        if (isOver || (_operation == IoOperation.Read && !madeProgress)) Finish(AioResult.Ok(0));
        else if (!madeProgress) Finish(AioResult.Error(Errno.EIO));
        else _context.Requeue(this);
    }

    private long Take(short token)
    {
        Invariant.Check(IsAwaitDone(token), "The operation is not over: await it.");
        if (_cancellationToken.CanBeCanceled)
        {
            _registration.Dispose();
            _registration = default;
        }

        bool wasCancelled = _state == Cancelled;
        CancellationToken cancellationToken = _cancellationToken;
        _cancellationToken = default;
        Exception? failure = wasCancelled ? new OperationCanceledException(cancellationToken) : ToException();
        long done = wasCancelled ? 0 : _doneBytes;
        Expire();
        Leave();
        if (failure is not null) throw failure;
        return done;
    }

    private Exception? ToException()
    {
        if (_startFailure is not null) return _startFailure;
        if (_outcome.IsComplete) return null;
        string attempt = AioReport.Attempt(_operation, _offsetBytes, _lengthBytes, _file.Path);
        return new AioException(attempt, _outcome, AioReport.Explain(_outcome, default));
    }

    private void SetVectors(AioHandle handle)
    {
        if (_vectors is null)
        {
            long length = Math.Min((long)_vector.LengthBytes - _startedBytes, Limits.TransferBytesMax & ~0xFFFL);
            handle.SetVector(new IoVector(_vector.Address + (nint)_startedBytes, (nuint)length));
            return;
        }

        Span<IoVector> rest = stackalloc IoVector[Limits.VectorsMax];
        int count = 0;
        int vectorsMax = Math.Min(handle.VectorsMax, _file.Capabilities.VectorsMax);
        long skip = _startedBytes;
        long room = Limits.TransferBytesMax & ~0xFFFL;
        foreach (IoVector piece in Pieces)
        {
            long length = (long)piece.LengthBytes;
            if (skip >= length)
            {
                skip -= length;
                continue;
            }

            if (count == vectorsMax || room == 0) break;
            long taken = Math.Min(length - skip, room);
            rest[count++] = new IoVector(piece.Address + (nint)skip, (nuint)taken);
            room -= taken;
            skip = 0;
        }

        if (count == 0) rest[count++] = default;
        handle.SetVectors(rest[..count]);
    }

    private void Finish(AioResult outcome)
    {
        _outcome = outcome;
        if (Interlocked.Exchange(ref _watch, Over) == Watched) _context.EndWatch();
        Unpin();
        bool isFirst = Interlocked.CompareExchange(ref _state, Finished, Running) == Running;
        if (isFirst) SignalAwaiter();
        _context.OperationEnded();
        Leave();
    }

    private void EndWait()
    {
        // The wait is over; the I/O and its memory are not: they are let go in Finish.
        if (Interlocked.CompareExchange(ref _state, Cancelled, Running) == Running) SignalAwaiter();
    }

    private void Unpin()
    {
        _pin.Dispose();
        _pin = default;
        if (_pins is null) return;
        for (int index = 0; index < _vectorCount; index++) _pins[index].Dispose();
        ArrayPool<MemoryHandle>.Shared.Return(_pins, clearArray: true);
        ArrayPool<IoVector>.Shared.Return(_vectors!);
        _pins = null;
        _vectors = null;
    }

    private void Leave()
    {
        if (Interlocked.Decrement(ref _users) != 0) return;
        _file = null!;
        _startedBytes = 0;
        _startFailure = null;
        _context.ReturnOperation(this);
    }
}
