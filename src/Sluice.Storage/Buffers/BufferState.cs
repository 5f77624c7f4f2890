namespace Sluice.Storage;

/// <summary>
/// The 64-bit word that carries everything about a buffer which changes concurrently, so that one compare-exchange decides.
/// </summary>
/// <remarks>
/// <code>
///  bits  0..17  pins                 who keeps the page where it is
///  bits 18..21  usage, 0 to 5        the clock's memory
///  bits 22..37  flags
///  bits 38..55  share locks
///  bit  56      share-exclusive lock
///  bit  57      exclusive lock
/// </code>
/// PostgreSQL 19 keeps the same in one word of the same size. Flags that mean "somebody waits" are set by waiters under the stripe lock of
/// <see cref="WaitTable"/> and cleared by whoever ends the wait.
/// </remarks>
internal static class BufferState
{
    internal const ulong PinOne = 1UL;
    internal const ulong PinMask = (1UL << 18) - 1;

    internal const int UsageShift = 18;
    internal const ulong UsageOne = 1UL << UsageShift;
    internal const ulong UsageMask = 0xFUL << UsageShift;

    /// <summary>As PostgreSQL's: enough passes of the clock to tell often used from once used, few enough to find a victim soon.</summary>
    internal const int UsageMax = 5;

    /// <summary>The tag or the wait reference is being read or written together: the word's tag flag does not change meanwhile.</summary>
    internal const ulong HeaderLocked = 1UL << 22;

    /// <summary>The page is what the tag names.</summary>
    internal const ulong Valid = 1UL << 23;

    /// <summary>The page has to be written before it may be forgotten.</summary>
    internal const ulong Dirty = 1UL << 24;

    /// <summary>Dirtied since the write that is in flight was started: that write does not clean it.</summary>
    internal const ulong JustDirtied = 1UL << 25;

    /// <summary>The buffer has a tag, and stands in the mapping under it.</summary>
    internal const ulong TagValid = 1UL << 26;

    /// <summary>Somebody reads or writes the page.</summary>
    internal const ulong IoInProgress = 1UL << 27;

    /// <summary>The last I/O on it failed.</summary>
    internal const ulong IoError = 1UL << 28;

    /// <summary>The checkpoint that runs has to write it, if nobody else does before.</summary>
    internal const ulong CheckpointNeeded = 1UL << 29;

    /// <summary>Its relation survives a crash: checkpoints write it, and the log comes first.</summary>
    internal const ulong Permanent = 1UL << 30;

    /// <summary>Somebody waits for a content lock.</summary>
    internal const ulong LockWaiters = 1UL << 31;

    /// <summary>Somebody waits for the I/O, having found no wait reference.</summary>
    internal const ulong IoWaiters = 1UL << 32;

    /// <summary>Somebody waits until nobody pins it.</summary>
    internal const ulong UnpinWaiters = 1UL << 33;

    internal const int ShareShift = 38;
    internal const ulong ShareOne = 1UL << ShareShift;
    internal const ulong ShareMask = ((1UL << 18) - 1) << ShareShift;
    internal const ulong ShareExclusive = 1UL << 56;
    internal const ulong Exclusive = 1UL << 57;

    internal const ulong AnyLock = ShareMask | ShareExclusive | Exclusive;

    internal static int Pins(ulong state) => (int)(state & PinMask);

    internal static int Usage(ulong state) => (int)((state & UsageMask) >> UsageShift);

    /// <summary>The bits of the word that one lock of this mode adds.</summary>
    internal static ulong LockBits(ContentLockMode mode) => mode switch
    {
        ContentLockMode.Share => ShareOne,
        ContentLockMode.ShareExclusive => ShareExclusive,
        _ => Exclusive,
    };

    /// <summary>The bits of which none may be set for a lock of this mode to be given.</summary>
    internal static ulong Conflicts(ContentLockMode mode) => mode switch
    {
        ContentLockMode.Share => Exclusive,
        ContentLockMode.ShareExclusive => ShareExclusive | Exclusive,
        _ => AnyLock,
    };
}
