namespace Sluice.Wal;

/// <summary>Where a log ends, and what is needed to go on there.</summary>
/// <param name="Segment">The segment that goes on.</param>
/// <param name="Stream">Stream offset of the next record.</param>
/// <param name="LastRecord">Where the last record begins; 0 when there is none.</param>
/// <param name="Incarnation">The opening that wrote it; 0 when there is none.</param>
/// <param name="DurableHint">A position that was durable for certain.</param>
/// <param name="Recovery">What is told about it; null when the log is new.</param>
internal sealed record LogEnd(ulong Segment, ulong Stream, ulong LastRecord, uint Incarnation, ulong DurableHint, WalRecovery? Recovery);
