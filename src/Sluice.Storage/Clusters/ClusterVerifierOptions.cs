namespace Sluice.Storage;

/// <summary>How a data directory is verified.</summary>
public sealed record ClusterVerifierOptions
{
    /// <summary>Reads in flight per flow: 1 to 256.</summary>
    public int Depth { get; init; } = 16;

    /// <summary>
    /// Flows, each with a thread: reading and checking go on in all of them. 0 for one per core, 8 at most; 1 uses the calling
    /// loop.
    /// </summary>
    public int Flows { get; init; }

    /// <summary>Bytes of one read at most: whole pages, up to 16 MiB.</summary>
    public int ReadBytes { get; init; } = 256 << 10;

    /// <summary>
    /// Bytes of memory that the reads of all flows may take together: 1 MiB to 4 GiB. What <see cref="Depth"/>, <see cref="Flows"/> and
    /// <see cref="ReadBytes"/> ask for beyond it makes reads smaller, down to a page, and then fewer; one page per flow there is always.
    /// </summary>
    public long MemoryBytesMax { get; init; } = 64L << 20;

    /// <summary>Whether the system's cache is passed by.</summary>
    public bool Direct { get; init; }

    /// <summary>Told of each bad block, by one thread at a time.</summary>
    public Action<BadBlock>? OnBadBlock { get; init; }

    /// <summary>Told of each file that could not be looked at whole, by one thread at a time.</summary>
    public Action<ClusterProblem>? OnProblem { get; init; }

    /// <summary>Every mistake in the options, one line each; empty when they are good.</summary>
    public IReadOnlyList<string> Validate()
    {
        List<string> mistakes = [];
        if (Depth is < 1 or > 256) mistakes.Add($"Depth is {Depth}: give a number from 1 to 256.");
        if (Flows is < 0 or > 64) mistakes.Add($"Flows is {Flows}: give 0 for one per core, or a number from 1 to 64.");
        if (ReadBytes is < StorageLimits.PageBytes or > 16 << 20 || ReadBytes % StorageLimits.PageBytes != 0)
        {
            mistakes.Add($"ReadBytes is {ReadBytes}: give a multiple of {StorageLimits.PageBytes} up to 16 MiB.");
        }

        if (MemoryBytesMax is < 1L << 20 or > 4L << 30)
        {
            mistakes.Add($"MemoryBytesMax is {MemoryBytesMax}: give a number of bytes from 1 MiB to 4 GiB.");
        }

        return mistakes;
    }
}
