namespace Sluice;

/// <summary>The counts of one kind of target.</summary>
/// <param name="Operations">I/Os completed, failed ones included.</param>
/// <param name="Bytes">Bytes transferred.</param>
public readonly record struct AioTargetStatistics(long Operations, long Bytes);
