namespace Sluice.Storage;

/// <summary>How a page's content is locked. A lock is held by a flow, not by a thread, and needs a pin.</summary>
public enum ContentLockMode : byte
{
    /// <summary>To read the page. Any number together, also with one share-exclusive lock.</summary>
    Share,

    /// <summary>
    /// To keep the page as it is while it is written, or to change what readers do not depend on (hints). One at a time, together with
    /// share locks.
    /// </summary>
    ShareExclusive,

    /// <summary>To change the page. Alone.</summary>
    Exclusive,
}
