namespace Sluice.Storage;

/// <summary>What a look at a page's header and checksum tells.</summary>
public enum PageVerdict
{
    /// <summary>The header agrees with itself, and the checksum with the page if it was asked for.</summary>
    Valid,

    /// <summary>Never initialised, and all zero: valid, and without a checksum.</summary>
    New,

    /// <summary>
    /// The header's fields contradict each other; or it says that the page was never initialised, and the page is not zero.
    /// </summary>
    BadHeader,

    /// <summary>The header agrees with itself, but the checksum does not with the page.</summary>
    BadChecksum,

    /// <summary>Neither header nor checksum are right.</summary>
    BadBoth,
}
