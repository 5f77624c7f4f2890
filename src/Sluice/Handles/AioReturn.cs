using Sluice.Methods;

namespace Sluice;

/// <summary>
/// The issuer's place to receive the outcome of one I/O: result and enough to say what it was about, after the handle is gone.
/// Made once and used again. Filled exactly once per I/O, by the issuing flow, inside one of its own calls to the context.
/// </summary>
public sealed class AioReturn
{
    private readonly AioReturnQueue? _queue;
    private AioTargetData _target;

    /// <summary>Makes a place.</summary>
    /// <param name="queue">Where the return appears when it was filled, for an issuer with many I/Os in flight; null for none.</param>
    /// <param name="tag">The issuer's own number for it.</param>
    public AioReturn(AioReturnQueue? queue = null, int tag = 0)
    {
        _queue = queue;
        Tag = tag;
    }

    /// <summary>The issuer's own number for it.</summary>
    public int Tag { get; set; }

    /// <summary>Whether the outcome is there. False from the moment the return is given to an acquire.</summary>
    public bool IsFilled { get; private set; }

    /// <summary>Whether an I/O that will fill it was acquired and has not completed.</summary>
    public bool IsPending { get; private set; }

    /// <summary>The outcome; status unknown until filled.</summary>
    public AioResult Result { get; private set; }

    /// <summary>What the I/O was.</summary>
    public IoOperation Operation { get; private set; }

    /// <summary>Where in the file it was, in bytes.</summary>
    public long OffsetBytes { get; private set; }

    /// <summary>How much was asked for, in bytes.</summary>
    public long LengthBytes { get; private set; }

    /// <summary>What the I/O was about.</summary>
    public AioTargetData Target => _target;

    internal AioReturn? Next { get; set; }

    /// <summary>Throws when the I/O failed; does nothing for ok, partial and warning.</summary>
    /// <exception cref="AioException">It failed.</exception>
    public void ThrowIfFailed()
    {
        if (Result.Status == AioStatus.Error) throw ToException();
    }

    /// <summary>The reason of the outcome in one line; also for warnings.</summary>
    public string Explain() => AioReport.Explain(Result, _target);

    /// <summary>The outcome as an exception.</summary>
    public AioException ToException() => new(AioReport.Attempt(Operation, OffsetBytes, LengthBytes, _target.Describe()), Result, Explain());

    /// <summary>Whether it stands in its queue, filled and not taken.</summary>
    internal bool IsQueued { get; set; }

    internal void RequireFree()
    {
        Invariant.Check(!IsPending, "This return already waits for an I/O: give each I/O in flight a return of its own.");
        Invariant.Check(!IsQueued, "This return is filled and still in its queue: take it before it is given to another I/O.");
    }

    internal void Expect()
    {
        IsPending = true;
        IsFilled = false;
        Result = default;
    }

    internal void Forget() => IsPending = false;

    internal void Fill(AioResult result, in AioTargetData target, IoRequest request)
    {
        Result = result;
        _target = target;
        Operation = request.Operation;
        OffsetBytes = request.OffsetBytes;
        LengthBytes = request.LengthBytes;
        IsPending = false;
        IsFilled = true;
        _queue?.Add(this);
    }
}
