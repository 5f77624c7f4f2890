namespace Sluice.Storage;

/// <summary>What syncing a data directory did.</summary>
/// <param name="FileCount">Files that were made durable.</param>
/// <param name="FolderCount">Folders whose names were made durable.</param>
/// <param name="Problems">What could not be opened or listed, and so was not synced.</param>
/// <param name="Elapsed">How long it took.</param>
public sealed record DataDirectorySyncResult(int FileCount, int FolderCount, IReadOnlyList<ClusterProblem> Problems, TimeSpan Elapsed);
