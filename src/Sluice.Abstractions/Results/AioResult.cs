namespace Sluice;

/// <summary>
/// The outcome of an I/O: a status, a number, and who judged it. Small and copied; it outlives the handle.
/// </summary>
/// <remarks>
/// PostgreSQL packs the same into 8 bytes and overflows at 128 bad pages in one I/O; this is 16 bytes, 64 of them
/// bits that belong to the callback which judged the result.
/// </remarks>
public readonly struct AioResult : IEquatable<AioResult>
{
    private readonly byte _flags;

    private const byte OutcomeUnknownFlag = 1;
    private const byte FlushFailedFlag = 2;
    private const byte ErrnoFlag = 4;

    // The system's error numbers end at 4095; what the runtime says by itself stands above.
    private const ulong ErrnoMax = 4095;

    /// <summary>Makes a result.</summary>
    /// <param name="status">How the I/O ended.</param>
    /// <param name="value">The number: bytes for the low level, whatever unit a callback counts in after it.</param>
    /// <param name="judge">The callback that judged it, and whose <c>Report</c> explains it; default for the runtime itself.</param>
    /// <param name="detail">Bits that belong to the judge. For the runtime: the errno, or 0 for a short transfer.</param>
    public AioResult(AioStatus status, int value, AioCallbackId judge = default, ulong detail = 0)
        : this(status, value, judge, detail, flags: 0)
    {
    }

    private AioResult(AioStatus status, int value, AioCallbackId judge, ulong detail, byte flags)
    {
        Status = status;
        Value = value;
        Judge = judge;
        Detail = detail;
        _flags = flags;
    }

    /// <summary>Bits that belong to <see cref="Judge"/>. For the runtime: the errno, or 0 for a short transfer.</summary>
    public ulong Detail { get; }

    /// <summary>The number: bytes from the low level, whatever unit a callback counts in after it.</summary>
    public int Value { get; }

    /// <summary>How the I/O ended.</summary>
    public AioStatus Status { get; }

    /// <summary>The callback that judged it; default when it was the runtime.</summary>
    public AioCallbackId Judge { get; }

    /// <summary>
    /// True when nobody can know whether the I/O took effect, or still will (a remote write that timed out). Never safe to treat as not
    /// done.
    /// </summary>
    public bool IsOutcomeUnknown => (_flags & OutcomeUnknownFlag) != 0;

    /// <summary>True when the data was written and making it durable failed. The file is poisoned.</summary>
    public bool IsFlushFailure => (_flags & FlushFailedFlag) != 0;

    /// <summary>The error number of the system when the I/O failed with one, whoever explains it; 0 otherwise.</summary>
    public int Errno =>
        Status == AioStatus.Error && Detail <= ErrnoMax && (Judge == default || (_flags & ErrnoFlag) != 0) ? (int)Detail : 0;

    /// <summary>True for <see cref="AioStatus.Ok"/> and <see cref="AioStatus.Warning"/>: all of it was done.</summary>
    public bool IsComplete => Status is AioStatus.Ok or AioStatus.Warning;

    /// <summary>The result of an I/O of which everything was done.</summary>
    /// <param name="value">The number, usually bytes.</param>
    public static AioResult Ok(int value) => new(AioStatus.Ok, value);

    /// <summary>The result of an I/O of which a beginning was done.</summary>
    /// <param name="value">How much was done, usually bytes.</param>
    public static AioResult Partial(int value) => new(AioStatus.Partial, value);

    /// <summary>The result of an I/O that the operating system refused or failed.</summary>
    /// <param name="errno">The error number; positive.</param>
    public static AioResult Error(int errno) => new(AioStatus.Error, 0, default, (ulong)(uint)errno);

    /// <summary>This result, marked as one whose effect nobody can know.</summary>
    public AioResult WithUnknownOutcome() => new(Status, Value, Judge, Detail, (byte)(_flags | OutcomeUnknownFlag));

    /// <summary>This result, marked as a failure to make written data durable.</summary>
    public AioResult WithFlushFailure() => new(Status, Value, Judge, Detail, (byte)(_flags | FlushFailedFlag));

    /// <summary>This result judged anew by a callback, keeping what cannot be taken back (unknown outcome, failed flush).</summary>
    /// <param name="status">The new status.</param>
    /// <param name="value">The new number.</param>
    /// <param name="judge">The callback that judges.</param>
    /// <param name="detail">Bits that belong to <paramref name="judge"/>.</param>
    public AioResult JudgedBy(AioCallbackId judge, AioStatus status, int value, ulong detail = 0) =>
        new(status, value, judge, detail, (byte)(_flags & ~ErrnoFlag));

    /// <summary>
    /// This result in the words of a callback: all of it stays, the error number too, and <paramref name="judge"/> is asked for the reason.
    /// For a layer that knows what to advise.
    /// </summary>
    /// <param name="judge">The callback whose <c>Report</c> explains it; it finds the number in <see cref="Errno"/>.</param>
    public AioResult ExplainedBy(AioCallbackId judge) =>
        new(Status, Value, judge, Detail, Errno == 0 ? _flags : (byte)(_flags | ErrnoFlag));

    /// <inheritdoc/>
    public bool Equals(AioResult other) =>
        Status == other.Status && Value == other.Value && Judge == other.Judge && Detail == other.Detail && _flags == other._flags;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is AioResult other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Status, Value, Judge, Detail, _flags);

    /// <summary>Whether two results say the same.</summary>
    public static bool operator ==(AioResult left, AioResult right) => left.Equals(right);

    /// <summary>Whether two results differ.</summary>
    public static bool operator !=(AioResult left, AioResult right) => !left.Equals(right);

    /// <inheritdoc/>
    public override string ToString() =>
        $"{Status} {Value}{(Detail == 0 ? "" : $" (detail {Detail})")}"
            + $"{(IsOutcomeUnknown ? ", outcome unknown" : "")}{(IsFlushFailure ? ", flush failed" : "")}";
}
