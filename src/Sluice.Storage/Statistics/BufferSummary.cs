namespace Sluice.Storage;

/// <summary>The whole pool at about one moment: what pg_buffercache_summary tells.</summary>
/// <param name="Used">Buffers that a page has.</param>
/// <param name="Unused">Buffers that no page has.</param>
/// <param name="Dirty">Pages that have to be written.</param>
/// <param name="Pinned">Pages that somebody keeps.</param>
/// <param name="AverageUsage">The mean usage of the used ones; 0 without any.</param>
public readonly record struct BufferSummary(int Used, int Unused, int Dirty, int Pinned, double AverageUsage);
