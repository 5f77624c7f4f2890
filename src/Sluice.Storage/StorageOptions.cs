namespace Sluice.Storage;

/// <summary>How a data directory is used. Nothing here can be changed once the storage manager is made.</summary>
public sealed class StorageOptions
{
    /// <summary>Blocks of a full segment file: 1 to 131072. What the data directory was made with.</summary>
    public uint SegmentBlocks { get; set; } = StorageLimits.SegmentBlocks;

    /// <summary>
    /// Whether relation files bypass the system's cache. Memory of all I/O is aligned then: see <see cref="BufferArena"/>.
    /// </summary>
    public bool Direct { get; set; }

    /// <summary>
    /// The most relation files open at once; 0 to take what the process may have (RLIMIT_NOFILE) less a reserve for everybody else.
    /// Files with I/O in flight are never closed, so that there can be more for a moment.
    /// </summary>
    public int OpenFilesMax { get; set; }

    /// <summary>
    /// The folder within a tablespace that belongs to this data directory, such as <c>PG_18_202506291</c>
    /// (<see cref="ControlFile.TablespaceFolder"/>); null when no relation is in a tablespace.
    /// </summary>
    public string? TablespaceFolder { get; set; }

    /// <summary>
    /// Extensions by more blocks than this reserve space in one operation instead of writing zeros; where the file system cannot,
    /// zeros are written. Negative never to reserve.
    /// </summary>
    public int AllocateAboveBlocks { get; set; } = 8;

    /// <summary>
    /// Whether what was written is synced at checkpoints. Off, a crash loses data: for tests and for data that can be made again.
    /// </summary>
    public bool Sync { get; set; } = true;

    /// <summary>Every mistake in the options, one line each; empty when they are good.</summary>
    public IReadOnlyList<string> Validate()
    {
        List<string> mistakes = [];
        if (SegmentBlocks is 0 or > StorageLimits.SegmentBlocks)
        {
            mistakes.Add($"SegmentBlocks is {SegmentBlocks}: give a number from 1 to {StorageLimits.SegmentBlocks}.");
        }

        if (OpenFilesMax < 0) mistakes.Add($"OpenFilesMax is {OpenFilesMax}: give 0 for what the process may have, or a number of files.");
        return mistakes;
    }
}
