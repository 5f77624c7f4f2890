namespace Sluice.Wal;

/// <summary>Makes a change of a page again, as it was made when its record was added. The page's position is set by the caller.</summary>
/// <param name="kind">The record's kind.</param>
/// <param name="index">Which of the record's pages it is.</param>
/// <param name="page">The page, as it was before the change.</param>
/// <param name="payload">What was added with the record.</param>
public delegate void PageRedo(ushort kind, int index, Span<byte> page, ReadOnlySpan<byte> payload);
