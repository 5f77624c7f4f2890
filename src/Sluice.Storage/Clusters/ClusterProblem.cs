namespace Sluice.Storage;

/// <summary>A file or folder of a data directory that could not be looked at, or not whole.</summary>
/// <param name="Path">Its path relative to the data directory.</param>
/// <param name="Message">What is wrong, in one line.</param>
public readonly record struct ClusterProblem(string Path, string Message);
