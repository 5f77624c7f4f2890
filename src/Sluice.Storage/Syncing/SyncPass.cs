namespace Sluice.Storage;

/// <summary>What a pass of syncs did.</summary>
/// <param name="FileCount">Files that were made durable.</param>
/// <param name="FolderCount">Folders whose names were made durable.</param>
/// <param name="Longest">The longest time that one file took.</param>
/// <param name="Total">From the first to the last.</param>
public readonly record struct SyncPass(int FileCount, int FolderCount, TimeSpan Longest, TimeSpan Total);
