namespace Sluice.Storage;

/// <summary>The sizes of PostgreSQL's format that everything here is built on.</summary>
public static class StorageLimits
{
    /// <summary>Bytes of a page, which is also a block of a file.</summary>
    public const int PageBytes = 8192;

    /// <summary>Blocks of a full segment file: 1 GiB. <see cref="StorageOptions.SegmentBlocks"/> can say less.</summary>
    public const uint SegmentBlocks = 131072;

    /// <summary>Blocks that one I/O can have at most: 1 MiB. The handles' vectors bound it further.</summary>
    public const int CombineBlocksMax = 128;

    /// <summary>Bytes of a page's header.</summary>
    public const int PageHeaderBytes = 24;
}
