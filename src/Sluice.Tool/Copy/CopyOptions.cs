namespace Sluice.Tool.Copy;

/// <summary>How a file is copied.</summary>
/// <param name="Depth">Blocks on their way at once.</param>
/// <param name="BlockBytes">The size of each.</param>
/// <param name="IsDirect">Past the system's cache, on both sides.</param>
/// <param name="IsDurable">Whether data and name survive a crash when the copy is done.</param>
/// <param name="Force">Whether a target without write permission is replaced as well.</param>
internal sealed record CopyOptions(int Depth, int BlockBytes, bool IsDirect, bool IsDurable, bool Force);
