namespace Sluice;

/// <summary>How far a <see cref="DurabilityProbe"/> is.</summary>
/// <param name="Fraction">0 to 1.</param>
/// <param name="Step">What it does now, in a few words.</param>
public readonly record struct DurabilityProgress(double Fraction, string Step);
