namespace Sluice.Methods.Simulated;

/// <summary>One way in which the disk misbehaves: what, how often, and where. Data: can be stored, compared and left out.</summary>
public sealed record FaultRule
{
    /// <summary>Makes a rule.</summary>
    /// <param name="kind">What goes wrong.</param>
    /// <param name="rate">How often, from 0 (never) to 1 (each operation in scope).</param>
    public FaultRule(FaultKind kind, double rate)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rate, 0);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(rate, 1);
        Kind = kind;
        Rate = rate;
    }

    /// <summary>What goes wrong.</summary>
    public FaultKind Kind { get; }

    /// <summary>How often, from 0 to 1.</summary>
    public double Rate { get; }

    /// <summary>Which files: the whole path, <c>*</c> for any run of characters. All unless said otherwise.</summary>
    public string Files { get; init; } = "*";

    /// <summary>Which operation; null for every one that the kind can hit.</summary>
    public IoOperation? Operation { get; init; }

    /// <summary>The first byte of the range; an operation is in scope when it touches the range.</summary>
    public long OffsetMinimum { get; init; }

    /// <summary>The end of the range, exclusive.</summary>
    public long OffsetMaximum { get; init; } = long.MaxValue;

    /// <summary>The (virtual) time from which on the rule holds.</summary>
    public TimeSpan TimeMinimum { get; init; } = TimeSpan.Zero;

    /// <summary>The (virtual) time until which the rule holds.</summary>
    public TimeSpan TimeMaximum { get; init; } = TimeSpan.MaxValue;

    /// <summary>The most faults that the rule makes.</summary>
    public int CountMaximum { get; init; } = int.MaxValue;

    /// <summary>For faults of time: the least that is added.</summary>
    public TimeSpan LatencyMinimum { get; init; } = TimeSpan.Zero;

    /// <summary>For faults of time: the most that is added.</summary>
    public TimeSpan LatencyMaximum { get; init; } = TimeSpan.FromMilliseconds(1);

    /// <summary>For latencies: how they lie between the least and the most.</summary>
    public LatencyDistribution Distribution { get; init; }

    /// <summary>
    /// For <see cref="FaultKind.NameError"/>: which operation on names; null for every one. Others than those on names never happen to it.
    /// </summary>
    public TraceOperation? NameOperation { get; init; }

    /// <summary>
    /// The number of the rule's own random numbers; given by the plan. A plan without one of its rules keeps the others' numbers.
    /// </summary>
    public int Stream { get; init; }

    /// <summary>The rule in one line.</summary>
    public override string ToString()
    {
        string scope = Files == "*" ? "" : $" {Files}";
        string operation = Operation is { } one ? $" {one}" : "";
        return string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{Stream}:{Kind} {Rate:0.####}{operation}{scope}");
    }

    internal bool AppliesTo(IoOperation operation)
    {
        if (Operation is { } one && one != operation) return false;
        return Kind switch
        {
            FaultKind.ShortRead or FaultKind.BadSector or FaultKind.BitRot => operation == IoOperation.Read,
            FaultKind.ShortWrite or FaultKind.MisdirectedWrite or FaultKind.LostWrite => operation == IoOperation.Write,
            FaultKind.NoSpace => operation is IoOperation.Write or IoOperation.Allocate,
            FaultKind.FlushFailure => operation is IoOperation.Fsync or IoOperation.Fdatasync or IoOperation.Write,
            FaultKind.TransientError => operation is IoOperation.Read or IoOperation.Write,
            FaultKind.NameError => false,
            _ => true,
        };
    }

    internal bool Covers(string path, long offsetBytes, long lengthBytes, long nowNanoseconds)
    {
        if (offsetBytes >= OffsetMaximum || offsetBytes + Math.Max(lengthBytes, 1) <= OffsetMinimum) return false;
        if (TimeMinimum != TimeSpan.Zero && nowNanoseconds < SimulatedTime.ToNanoseconds(TimeMinimum)) return false;
        if (TimeMaximum != TimeSpan.MaxValue && nowNanoseconds >= SimulatedTime.ToNanoseconds(TimeMaximum)) return false;
        return Files == "*" || FilePattern.Matches(Files, path);
    }
}
