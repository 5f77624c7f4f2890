namespace Sluice.Storage;

/// <summary>What verifying a data directory found.</summary>
/// <param name="FileCount">Files that were read.</param>
/// <param name="BlockCount">Blocks that were read, new ones included.</param>
/// <param name="BadBlockCount">Blocks whose page is not valid.</param>
/// <param name="ProblemCount">Files and folders that could not be looked at whole.</param>
/// <param name="ReadBytes">Bytes that were read.</param>
/// <param name="Elapsed">How long it took.</param>
public sealed record ClusterVerification(
    int FileCount, long BlockCount, long BadBlockCount, int ProblemCount, long ReadBytes, TimeSpan Elapsed)
{
    /// <summary>Whether everything was read, and is valid.</summary>
    public bool IsSound => BadBlockCount == 0 && ProblemCount == 0;
}
