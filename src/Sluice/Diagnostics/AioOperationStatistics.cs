namespace Sluice;

/// <summary>The counts of one operation.</summary>
/// <param name="Operations">I/Os completed, failed ones included.</param>
/// <param name="Bytes">Bytes transferred.</param>
/// <param name="Failures">I/Os that ended as error.</param>
public readonly record struct AioOperationStatistics(long Operations, long Bytes, long Failures);
