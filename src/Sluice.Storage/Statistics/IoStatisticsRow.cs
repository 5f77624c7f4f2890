namespace Sluice.Storage;

/// <summary>One row of <see cref="IoStatistics"/>.</summary>
/// <param name="Object">About what.</param>
/// <param name="Context">In which kind of access.</param>
/// <param name="Action">What was done.</param>
/// <param name="Count">How often.</param>
/// <param name="Bytes">How many bytes; 0 for what has none.</param>
/// <param name="Time">How long callers waited for it.</param>
public readonly record struct IoStatisticsRow(IoObject Object, IoContext Context, IoAction Action, long Count, long Bytes, TimeSpan Time);
