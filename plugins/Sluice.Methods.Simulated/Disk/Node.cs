namespace Sluice.Methods.Simulated;

/// <summary>What a name in a folder stands for: a folder or a file.</summary>
internal sealed class Node
{
    internal Node(Inode? file) => File = file;

    /// <summary>The file; null for a folder.</summary>
    internal Inode? File { get; }

    /// <summary>A folder's names now.</summary>
    internal Dictionary<string, Node> Entries { get; set; } = new(StringComparer.Ordinal);

    /// <summary>A folder's names that are there after a loss of power, whatever happens.</summary>
    internal Dictionary<string, Node> DurableEntries { get; set; } = new(StringComparer.Ordinal);

    internal bool IsDirectory => File is null;
}
