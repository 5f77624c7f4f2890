namespace Sluice.TempFiles;

/// <summary>What readers and writers ask of the buffers they are told to make.</summary>
internal static class BufFileBuffers
{
    internal const int DepthMax = 256;

    internal static void Require(int bufferBytes, int depth)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bufferBytes, BufFile.AlignmentBytes);
        ArgumentOutOfRangeException.ThrowIfNotEqual(bufferBytes % BufFile.AlignmentBytes, 0, nameof(bufferBytes));
        ArgumentOutOfRangeException.ThrowIfLessThan(depth, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(depth, DepthMax);
    }
}
