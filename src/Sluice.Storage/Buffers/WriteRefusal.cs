namespace Sluice.Storage;

/// <summary>Why a page that was offered for writing was not taken.</summary>
public enum WriteRefusal
{
    /// <summary>All that was offered was taken.</summary>
    None,

    /// <summary>Nothing has to be written: the page is clean, or gone, or not among those asked for.</summary>
    NotNeeded,

    /// <summary>It does not follow the one before, or cannot be in one I/O with it: offer it again, first.</summary>
    NotContiguous,

    /// <summary>Somebody holds or waits for a lock of its content.</summary>
    Locked,

    /// <summary>Somebody reads or writes it: see <see cref="WriteStart.InProgress"/>.</summary>
    InProgress,

    /// <summary>The log has to be durable up to <see cref="WriteStart.FlushUpTo"/> first.</summary>
    LogFirst,

    /// <summary>All handles of the session's context are in use: wait for any.</summary>
    NoHandle,

    /// <summary>The write could not be started: see <see cref="WriteOperation.Failure"/>.</summary>
    Failed,
}
