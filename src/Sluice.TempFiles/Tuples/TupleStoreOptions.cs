namespace Sluice.TempFiles;

/// <summary>How a tuple store keeps what it is given.</summary>
public sealed record TupleStoreOptions
{
    /// <summary>The least that <see cref="MemoryBytes"/> may be.</summary>
    public const long MemoryBytesMin = 64 << 10;

    /// <summary>
    /// Memory for records in bytes; what is more goes to a temporary file, and the memory then serves as buffers. 4 MiB unless given.
    /// </summary>
    public long MemoryBytes { get; init; } = 4 << 20;

    /// <summary>What is wrong with these options; one line each.</summary>
    public IReadOnlyList<string> Validate() =>
        MemoryBytes < MemoryBytesMin ? [$"MemoryBytes is {MemoryBytes}: give at least {MemoryBytesMin}."] : [];
}
