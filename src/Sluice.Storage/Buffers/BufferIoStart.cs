namespace Sluice.Storage;

/// <summary>What came of the attempt to begin an I/O on a buffer.</summary>
public enum BufferIoStart
{
    /// <summary>The caller does the I/O, and has to end it.</summary>
    Ready,

    /// <summary>Another is at it.</summary>
    InProgress,

    /// <summary>There is nothing to do: the page is valid already, or clean.</summary>
    AlreadyDone,
}
