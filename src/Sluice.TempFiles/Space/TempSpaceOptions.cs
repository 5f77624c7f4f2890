namespace Sluice.TempFiles;

/// <summary>Where temporary files go and how much of them there may be.</summary>
public sealed record TempSpaceOptions
{
    /// <summary>
    /// The directories; pieces of files go to them in turn. The system's temporary directory unless given. They must exist.
    /// </summary>
    public IReadOnlyList<string> Directories { get; init; } = [];

    /// <summary>The most bytes that all files of the space together may have. No limit unless given.</summary>
    public long QuotaBytes { get; init; } = long.MaxValue;

    /// <summary>
    /// The longest physical file in bytes, a multiple of 4096: a longer <see cref="BufFile"/> has several. 1 GiB unless given.
    /// </summary>
    public long PieceBytes { get; init; } = 1L << 30;

    /// <summary>Whether to go past the system's cache.</summary>
    public bool Direct { get; init; }

    /// <summary>Whether files have names. None unless said otherwise.</summary>
    public TempNaming Naming { get; init; }

    /// <summary>What is wrong with these options; one line each.</summary>
    public IReadOnlyList<string> Validate()
    {
        List<string> mistakes = [];
        if (QuotaBytes < 0) mistakes.Add($"QuotaBytes is {QuotaBytes}: give 0 or more.");
        if (PieceBytes < BufFile.AlignmentBytes || PieceBytes % BufFile.AlignmentBytes != 0)
        {
            mistakes.Add($"PieceBytes is {PieceBytes}: give a multiple of {BufFile.AlignmentBytes}.");
        }

        if (Directories.Any(string.IsNullOrEmpty)) mistakes.Add("Directories has an empty name: name an existing directory.");
        return mistakes;
    }
}
