namespace Sluice.Methods.Simulated;

/// <summary>What can go wrong with one operation.</summary>
public enum FaultKind
{
    /// <summary>
    /// The operation takes longer: a latency drawn from <see cref="FaultRule.LatencyMinimum"/> to <see cref="FaultRule.LatencyMaximum"/> is
    /// added.
    /// </summary>
    Latency,

    /// <summary>
    /// The operation stands still for <see cref="FaultRule.LatencyMaximum"/>, a second unless said otherwise, and then goes on.
    /// </summary>
    Stall,

    /// <summary>The operation ends at a random moment of the window <see cref="FaultRule.LatencyMaximum"/>: others overtake it.</summary>
    Reorder,

    /// <summary>A read transfers less than was asked for.</summary>
    ShortRead,

    /// <summary>A write transfers less than was asked for.</summary>
    ShortWrite,

    /// <summary>The operation fails with EIO, once; nothing was transferred.</summary>
    TransientError,

    /// <summary>One sector of a read goes bad: reads of it fail with EIO until it is written again.</summary>
    BadSector,

    /// <summary>A write or reservation fails with ENOSPC, though there is room.</summary>
    NoSpace,

    /// <summary>
    /// An fsync or fdatasync fails with EIO and drops the data it should have made durable. Reported once: the next one succeeds.
    /// </summary>
    FlushFailure,

    /// <summary>One bit of what is read is flipped on the disk, for good.</summary>
    BitRot,

    /// <summary>A write lands at another place of the same file, and reports success.</summary>
    MisdirectedWrite,

    /// <summary>A write does nothing, and reports success.</summary>
    LostWrite,

    /// <summary>The device takes no request now (EAGAIN): the method tries again a little later.</summary>
    Again,

    /// <summary>
    /// An operation on names (open, create, set the length, rename, remove, make or remove or sync a folder) fails with EIO, once, and has
    /// changed nothing; see <see cref="FaultRule.NameOperation"/>.
    /// </summary>
    NameError,
}
