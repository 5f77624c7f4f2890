namespace Sluice.Methods.Simulated;

/// <summary>
/// A piece of a file: what was written and what is durable. Both are the same array while nothing is in doubt, so that a flush copies
/// nothing and a write copies only what it does not overwrite. Null stands for zeros.
/// </summary>
internal struct Page
{
    /// <summary>A whole number of sectors of either size.</summary>
    internal const int Bytes = 1 << Shift;

    internal const int Shift = 12;

    /// <summary>What a read sees.</summary>
    internal byte[]? Written;

    /// <summary>What is there after a loss of power, whatever happens.</summary>
    internal byte[]? Durable;

    /// <summary>The inode's sequence at the first write since the page was last durable.</summary>
    internal long FirstDirty;

    /// <summary>Whether a flush will make it durable. False while written and durable differ: a failed flush dropped it.</summary>
    internal bool IsDirty;

    /// <summary>Whether the inode's list of changed pages has it.</summary>
    internal bool IsListed;

    /// <summary>Whether space is reserved for it though it holds nothing.</summary>
    internal bool IsReserved;
}
