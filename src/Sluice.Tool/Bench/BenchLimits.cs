namespace Sluice.Tool.Bench;

/// <summary>What a run may ask for.</summary>
internal static class BenchLimits
{
    /// <summary>Operations in flight per thread: as many as a context has handles at most.</summary>
    internal const int DepthMax = 1024;

    /// <summary>Threads.</summary>
    internal const int ThreadsMax = 256;

    /// <summary>The largest block, in bytes.</summary>
    internal const long BlockBytesMax = 64L << 20;

    /// <summary>The most memory for buffers, in bytes.</summary>
    internal const long BuffersBytesMax = 2L << 30;

    /// <summary>Space that is left free on the file system, in bytes.</summary>
    internal const long SpareBytes = 64L << 20;
}
