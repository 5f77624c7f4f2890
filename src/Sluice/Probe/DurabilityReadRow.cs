namespace Sluice;

/// <summary>What random reads did at one depth.</summary>
/// <param name="Depth">How many were in flight.</param>
/// <param name="ReadsPerSecond">The median of the rounds.</param>
/// <param name="Reads">How many were done.</param>
public sealed record DurabilityReadRow(int Depth, double ReadsPerSecond, int Reads);
