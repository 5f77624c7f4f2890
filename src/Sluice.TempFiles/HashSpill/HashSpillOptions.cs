namespace Sluice.TempFiles;

/// <summary>How much memory a hash join or aggregate may use.</summary>
public sealed record HashSpillOptions
{
    /// <summary>
    /// The memory for everything, in bytes: the table, the partitions, writes and reads. 64 MiB unless given; 64 KiB at least.
    /// </summary>
    public long MemoryBytes { get; init; } = 64 << 20;

    /// <summary>The size of a block, and of the smallest I/O, in bytes: a power of two from 4096. 0: chosen by the memory.</summary>
    public int BlockBytes { get; init; }
}
