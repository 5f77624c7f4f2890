namespace Sluice.Storage;

/// <summary>Shares the memory of a verification out among the reads that may be in flight.</summary>
internal static class VerifierMemory
{
    /// <summary>
    /// How many reads a flow has in flight, and how large they are: as asked while there is memory for it, else smaller reads, and fewer
    /// only when they have one page each.
    /// </summary>
    /// <param name="options">What was asked for; the options are good.</param>
    /// <param name="flows">How many flows there are.</param>
    internal static (int Depth, int ReadBytes) Share(ClusterVerifierOptions options, int flows)
    {
        long perFlow = options.MemoryBytesMax / flows;
        long pages = perFlow / options.Depth / StorageLimits.PageBytes;
        int readBytes = (int)Math.Clamp(pages * StorageLimits.PageBytes, StorageLimits.PageBytes, options.ReadBytes);
        int depth = (int)Math.Clamp(perFlow / readBytes, 1, options.Depth);
        return (depth, readBytes);
    }
}
