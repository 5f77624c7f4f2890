namespace Sluice.Storage;

/// <summary>How many buffers have one usage count: a row of what pg_buffercache_usage_counts tells.</summary>
/// <param name="UsageCount">The usage, 0 to 5.</param>
/// <param name="Buffers">How many buffers have it.</param>
/// <param name="Dirty">How many of those have to be written.</param>
/// <param name="Pinned">How many of those somebody keeps.</param>
public readonly record struct BufferUsageRow(int UsageCount, int Buffers, int Dirty, int Pinned);
