namespace Sluice.Storage;

/// <summary>Kinds of <see cref="Blocker"/>.</summary>
internal enum BlockerKind
{
    None,

    /// <summary>An I/O, of whomever.</summary>
    Io,

    /// <summary>An I/O of the session's context, whose return has to be filled.</summary>
    OwnIo,

    /// <summary>The I/O on a buffer that has no wait reference yet.</summary>
    BufferIo,

    /// <summary>The pins of a buffer.</summary>
    Pins,

    /// <summary>The log, up to a position.</summary>
    Log,

    /// <summary>A free handle.</summary>
    Handle,
}
