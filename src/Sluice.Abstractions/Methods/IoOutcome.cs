namespace Sluice.Methods;

/// <summary>What became of a request at the lowest level.</summary>
/// <param name="Result">Bytes transferred, or 0 for operations without a length, or a negative errno.</param>
/// <param name="Detail">What the number alone does not say.</param>
public readonly record struct IoOutcome(int Result, IoOutcomeDetail Detail = IoOutcomeDetail.None);
