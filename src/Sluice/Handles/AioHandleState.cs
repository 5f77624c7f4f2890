namespace Sluice;

/// <summary>Where an I/O is on its way. Linear within a generation; the only way back is giving up a handle that was never used.</summary>
public enum AioHandleState
{
    /// <summary>Free; in its context's idle list.</summary>
    Idle,

    /// <summary>Given to code, not yet an I/O. At most one per context.</summary>
    HandedOut,

    /// <summary>Operation, file, offset and vectors are set; stage callbacks run.</summary>
    Defined,

    /// <summary>Ready for the method; the runtime keeps memory and file alive from here on.</summary>
    Staged,

    /// <summary>The method has it.</summary>
    Submitted,

    /// <summary>The raw result is there; shared callbacks run on the thread that reaped it.</summary>
    CompletedIo,

    /// <summary>The result is valid and waiters were woken.</summary>
    CompletedShared,

    /// <summary>Local callbacks ran and the return was filled.</summary>
    CompletedLocal,
}
