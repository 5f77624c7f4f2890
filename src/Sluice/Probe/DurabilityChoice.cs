namespace Sluice;

/// <summary>The fastest durable write at one depth in one mode.</summary>
/// <param name="Depth">How many writes in flight it was chosen for.</param>
/// <param name="IsDirect">Whether for files open for direct I/O.</param>
/// <param name="Form">The form.</param>
/// <param name="WritesPerSecond">What it did.</param>
public sealed record DurabilityChoice(int Depth, bool IsDirect, DurableWriteForm Form, double WritesPerSecond);
