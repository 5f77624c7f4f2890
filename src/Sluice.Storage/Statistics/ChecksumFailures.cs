namespace Sluice.Storage;

/// <summary>Pages of one database whose checksum was wrong.</summary>
/// <param name="DatabaseOid">The database; 0 for what all databases share.</param>
/// <param name="Count">How many were read since the start.</param>
/// <param name="LastFailure">When the last one was; null when there was none.</param>
public readonly record struct ChecksumFailures(uint DatabaseOid, long Count, DateTimeOffset? LastFailure);
