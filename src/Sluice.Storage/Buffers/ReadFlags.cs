namespace Sluice.Storage;

/// <summary>How blocks are read. They travel with the I/O, so that it does not matter who completes it.</summary>
[Flags]
public enum ReadFlags : byte
{
    /// <summary>Nothing special: a page that is invalid is an error.</summary>
    None = 0,

    /// <summary>An invalid page becomes zeros, with a warning.</summary>
    ZeroOnError = 1,

    /// <summary>A page with a sane header is used although its checksum is wrong, with a warning.</summary>
    IgnoreChecksumFailures = 2,

    /// <summary>The caller will wait at once: the I/O is done in place, whatever the method.</summary>
    Synchronously = 4,

    /// <summary>The relation does not survive a crash: checkpoints leave its pages out, and no log comes before them.</summary>
    Unlogged = 8,

    /// <summary>The caller has other pages to go on with before it waits: see <see cref="AioHandleFlags.Ahead"/>.</summary>
    Ahead = 16,
}
