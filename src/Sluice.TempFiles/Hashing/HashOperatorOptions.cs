namespace Sluice.TempFiles;

/// <summary>How an operator that hashes uses memory.</summary>
public sealed record HashOperatorOptions
{
    /// <summary>The least that <see cref="MemoryBytes"/> may be.</summary>
    public const long MemoryBytesMin = 64 << 10;

    /// <summary>Memory for tables and buffers in bytes; what is more goes to temporary files. 64 MiB unless given.</summary>
    public long MemoryBytes { get; init; } = 64L << 20;

    /// <summary>What is wrong with these options; one line each.</summary>
    public IReadOnlyList<string> Validate() =>
        MemoryBytes < MemoryBytesMin ? [$"MemoryBytes is {MemoryBytes}: give at least {MemoryBytesMin}."] : [];

    internal static HashOperatorOptions Check(HashOperatorOptions? options)
    {
        options ??= new HashOperatorOptions();
        IReadOnlyList<string> mistakes = options.Validate();
        return mistakes.Count == 0 ? options : throw new ArgumentException(string.Join(" ", mistakes), nameof(options));
    }
}
