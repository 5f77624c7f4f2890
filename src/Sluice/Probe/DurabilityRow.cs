namespace Sluice;

/// <summary>What one form of durable write did at one depth.</summary>
public sealed record DurabilityRow
{
    /// <summary>The form.</summary>
    public required DurableWriteForm Form { get; init; }

    /// <summary>Whether the file was open for direct I/O.</summary>
    public required bool IsDirect { get; init; }

    /// <summary>How many writes were in flight.</summary>
    public required int Depth { get; init; }

    /// <summary>Durable writes per second: the median of the rounds. 0 when it was not measured.</summary>
    public double WritesPerSecond { get; init; }

    /// <summary>From start to durable, in microseconds: the median of all writes. 0 when it was not measured.</summary>
    public double MedianMicroseconds { get; init; }

    /// <summary>How many writes were done.</summary>
    public int Writes { get; init; }

    /// <summary>How many rounds there were.</summary>
    public int Rounds { get; init; }

    /// <summary>Why it could not be measured, in one line; null when it was.</summary>
    public string? Obstacle { get; init; }
}
