namespace Sluice.Storage;

/// <summary>How a buffer pool is made. Nothing here can be changed once it is.</summary>
public sealed class BufferPoolOptions
{
    /// <summary>How many pages it holds: 16 to 2^30. 128 MiB unless said otherwise.</summary>
    public int BufferCount { get; set; } = 16384;

    /// <summary>How many blocks one I/O may have at most: 1 to 128, and no more than the handles have vectors.</summary>
    public int CombineMax { get; set; } = 16;

    /// <summary>Whether pages carry checksums: set on writing, verified on reading. What the data directory was made with.</summary>
    public bool Checksums { get; set; } = true;

    /// <summary>The log that comes before the pages.</summary>
    public ILogFlusher LogFlusher { get; set; } = NullLogFlusher.Instance;

    /// <summary>How many writes a session may have in flight to make room for what it reads: 1 to 64.</summary>
    public int EvictionDepth { get; set; } = 8;

    /// <summary>Whether the memory is registered with the io_method, if that is of use to it.</summary>
    public bool RegisterMemory { get; set; } = true;

    /// <summary>Every mistake in the options, one line each; empty when they are good.</summary>
    public IReadOnlyList<string> Validate()
    {
        List<string> mistakes = [];
        if (BufferCount is < 16 or > (1 << 30)) mistakes.Add($"BufferCount is {BufferCount}: give a number of pages from 16 to {1 << 30}.");
        if (CombineMax is < 1 or > StorageLimits.CombineBlocksMax) mistakes.Add($"CombineMax is {CombineMax}: give a number of blocks from 1 to {StorageLimits.CombineBlocksMax}.");
        if (EvictionDepth is < 1 or > 64) mistakes.Add($"EvictionDepth is {EvictionDepth}: give a number of writes from 1 to 64.");
        if (LogFlusher is null) mistakes.Add("LogFlusher is null: give NullLogFlusher.Instance when there is no log.");
        return mistakes;
    }
}
