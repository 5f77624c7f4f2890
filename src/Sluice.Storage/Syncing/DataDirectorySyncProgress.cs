namespace Sluice.Storage;

/// <summary>How far syncing a data directory has come.</summary>
/// <param name="FilesDone">Files that were synced.</param>
/// <param name="FilesTotal">Files that there are.</param>
/// <param name="Path">The file that was synced last, relative to the data directory.</param>
public readonly record struct DataDirectorySyncProgress(int FilesDone, int FilesTotal, string Path);
