namespace Sluice.Wal;

/// <summary>What a new segment is made of before it is used.</summary>
public enum SegmentFill
{
    /// <summary>Zeros are written: later writes change data only, which is what makes a commit cheap.</summary>
    Zeros,

    /// <summary>Space is reserved: quick to make, but the first write of each block also changes metadata, and each such commit waits for the file system's journal.</summary>
    Allocate,
}
