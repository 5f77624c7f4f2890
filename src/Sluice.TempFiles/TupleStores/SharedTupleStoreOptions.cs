namespace Sluice.TempFiles;

/// <summary>How much memory a shared tuple store may use.</summary>
public sealed record SharedTupleStoreOptions
{
    /// <summary>
    /// How many bytes of records stay in memory. Each writer and reader has up to eight blocks besides, for I/O. 16 MiB unless given;
    /// 0: none stay.
    /// </summary>
    public long MemoryBytes { get; init; } = 16 << 20;

    /// <summary>
    /// The size of a block in bytes: what one participant takes at a time, and the size of the I/O. A power of two from 4096; 64 KiB
    /// unless given.
    /// </summary>
    public int BlockBytes { get; init; } = 64 << 10;
}
