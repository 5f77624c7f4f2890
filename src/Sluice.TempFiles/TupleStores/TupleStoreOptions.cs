namespace Sluice.TempFiles;

/// <summary>How much memory a tuple store may use.</summary>
public sealed record TupleStoreOptions
{
    /// <summary>The memory for everything, in bytes: records, writes and reads. 16 MiB unless given; 64 KiB at least.</summary>
    public long MemoryBytes { get; init; } = 16 << 20;

    /// <summary>The size of a block, and of the smallest I/O, in bytes: a power of two from 4096. 0: chosen by the memory.</summary>
    public int BlockBytes { get; init; }
}
