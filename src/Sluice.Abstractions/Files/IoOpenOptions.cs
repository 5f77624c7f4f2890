namespace Sluice;

/// <summary>How to open a file. Nothing is chosen silently: what is not asked for is not done.</summary>
public sealed record IoOpenOptions
{
    /// <summary>What it is opened for. Reading unless said otherwise.</summary>
    public IoAccess Access { get; init; } = IoAccess.Read;

    /// <summary>What to do when it exists or does not. It must exist unless said otherwise.</summary>
    public IoCreation Creation { get; init; } = IoCreation.OpenExisting;

    /// <summary>
    /// Bypass the system's cache (O_DIRECT): every address, offset and length must be aligned; see <see cref="IoFile.Capabilities"/>.
    /// </summary>
    public bool Direct { get; init; }

    /// <summary>Every write is durable when it completes (O_DSYNC).</summary>
    public bool WriteThrough { get; init; }

    /// <summary>Every write is durable when it completes, with all metadata, times among them (O_SYNC).</summary>
    public bool WriteThroughAll { get; init; }

    /// <summary>
    /// Refuse to open while another open file holds the same lock (an advisory exclusive lock of the whole file, kept until close).
    /// </summary>
    public bool Exclusive { get; init; }

    /// <summary>
    /// Space to reserve from the start of the file when it is opened for writing, in bytes; the length becomes at least this. 0 for none.
    /// </summary>
    public long PreallocateBytes { get; init; }

    /// <summary>Permission bits of a file that is made, before the process's mask. Owner read and write unless said otherwise.</summary>
    public UnixFileMode Mode { get; init; } = UnixFileMode.UserRead | UnixFileMode.UserWrite;
}
