namespace Sluice.Wal;

/// <summary>Why reading a log ended where it did.</summary>
public enum WalEndReason
{
    /// <summary>It has not ended yet.</summary>
    None,

    /// <summary>Nothing was written here: the usual end.</summary>
    NothingWritten,

    /// <summary>The segment does not exist: the usual end of a log that filled its last segment.</summary>
    SegmentMissing,

    /// <summary>The segment's file is shorter than it has to be.</summary>
    SegmentShort,

    /// <summary>The page is an old one, damaged, or of another log.</summary>
    PageInvalid,

    /// <summary>What stands here is no header of a record that could follow.</summary>
    HeaderInvalid,

    /// <summary>A record of an earlier opening of the log, which was given up then.</summary>
    OtherIncarnation,

    /// <summary>It does not name the record before it.</summary>
    WrongPrevious,

    /// <summary>Its checksum is wrong: it was written in part, or damaged.</summary>
    WrongChecksum,

    /// <summary>A long record whose last piece is not there.</summary>
    Incomplete,

    /// <summary>The segment cannot be read.</summary>
    ReadFailed,
}
