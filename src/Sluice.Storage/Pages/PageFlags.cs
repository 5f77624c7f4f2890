namespace Sluice.Storage;

/// <summary>The bits of a page's flags field. Others must be zero.</summary>
[Flags]
public enum PageFlags : ushort
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>There may be unused line pointers before <see cref="PageHeader.Lower"/>.</summary>
    HasFreeLines = 1,

    /// <summary>There was not enough room for a new version of a row.</summary>
    IsFull = 2,

    /// <summary>Every row of the page is visible to everybody.</summary>
    AllVisible = 4,

    /// <summary>All bits that may be set.</summary>
    Valid = HasFreeLines | IsFull | AllVisible,
}
