namespace Sluice.Methods.Simulated;

/// <summary>
/// How long the operations of a disk take when nothing goes wrong. The jitter, drawn for each, lets them overtake each other.
/// </summary>
public sealed record DiskLatency
{
    /// <summary>A disk that takes no time: everything ends in the order in which it was submitted.</summary>
    public static DiskLatency Zero { get; } =
        new() { Read = TimeSpan.Zero, Write = TimeSpan.Zero, Flush = TimeSpan.Zero, Jitter = TimeSpan.Zero };

    /// <summary>A read.</summary>
    public TimeSpan Read { get; init; } = TimeSpan.FromMicroseconds(80);

    /// <summary>A write.</summary>
    public TimeSpan Write { get; init; } = TimeSpan.FromMicroseconds(30);

    /// <summary>A flush, a reservation, a durable write's flush.</summary>
    public TimeSpan Flush { get; init; } = TimeSpan.FromMicroseconds(500);

    /// <summary>What is added at most, evenly distributed.</summary>
    public TimeSpan Jitter { get; init; } = TimeSpan.FromMicroseconds(60);
}
