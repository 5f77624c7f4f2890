namespace Sluice.TempFiles;

/// <summary>Memory with records of a tuple store that follow each other.</summary>
internal sealed class TupleChunk(long start, long capacity) : IDisposable
{
    internal SortMemory Memory { get; } = new(capacity);

    /// <summary>Where its first byte is in the stream of records.</summary>
    internal long Start { get; } = start;

    /// <summary>How many bytes it has.</summary>
    internal int Length { get; set; }

    internal long End => Start + Length;

    public void Dispose() => Memory.Dispose();
}
