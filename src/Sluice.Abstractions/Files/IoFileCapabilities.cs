namespace Sluice;

/// <summary>What a kind of file can do. The runtime fills gaps or refuses with a reason; nothing above it assumes more.</summary>
public sealed record IoFileCapabilities
{
    /// <summary>Whether reads and writes bypass the system's cache and must be aligned.</summary>
    public bool IsDirect { get; init; }

    /// <summary>What every vector's address must be a multiple of, in bytes. 1 when anything goes.</summary>
    public int MemoryAlignmentBytes { get; init; } = 1;

    /// <summary>What every offset, and every vector's length, must be a multiple of, in bytes. 1 when anything goes.</summary>
    public int OffsetAlignmentBytes { get; init; } = 1;

    /// <summary>Whether every completed write is durable by itself, so that a flush has nothing to do.</summary>
    public bool IsDurableOnCompletion { get; init; }

    /// <summary>
    /// Whether single writes can be made durable (<see cref="Methods.IoRequestFlags.WriteThrough"/>). The runtime flushes after the write
    /// otherwise.
    /// </summary>
    public bool CanWriteThrough { get; init; } = true;

    /// <summary>Whether <see cref="Methods.IoOperation.Allocate"/> can be done. It is refused otherwise.</summary>
    public bool CanAllocate { get; init; } = true;

    /// <summary>
    /// Whether <see cref="Methods.IoOperation.FlushRange"/> does anything. The runtime completes the hint at once otherwise.
    /// </summary>
    public bool CanFlushRange { get; init; } = true;

    /// <summary>The most vectors per request.</summary>
    public int VectorsMax { get; init; } = 1024;

    /// <summary>
    /// The most requests in flight that the file takes at once; starting one more is refused. <see cref="int.MaxValue"/> for no limit of
    /// its own.
    /// </summary>
    public int DepthMax { get; init; } = int.MaxValue;
}
