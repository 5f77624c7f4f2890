namespace Sluice.TempFiles;

/// <summary>
/// Many tapes in one temporary file. Blocks that were read are given to whoever writes next, lowest first, so that merging needs hardly
/// more room
/// than the data. Any thread; each tape is one flow's at a time.
/// </summary>
public sealed class LogicalTapeSet : IDisposable
{
    // A writer asks for so many blocks at first, then for twice as many each time, so that the blocks of one tape follow each other in
    // the file
    // although several are written at once. What is left over goes back when the tape is finished.
    private const int PreallocationFirst = 8;
    private const int PreallocationBlocksMax = 128;
    private const int PreallocationBytesMax = 8 << 20;

    private readonly Lock _lock = new();
    private readonly BlockMap _map = new();
    private readonly bool _preallocates;

    /// <summary>Makes a set and its file.</summary>
    /// <param name="owner">For whom.</param>
    /// <param name="blockBytes">The size of a block; a multiple of 4096. Also the size of the smallest I/O.</param>
    /// <param name="preallocates">Whether writers take several blocks at a time: for tapes that are written at the same time.</param>
    public LogicalTapeSet(TempOwner owner, int blockBytes, bool preallocates = true)
    {
        ArgumentNullException.ThrowIfNull(owner);
        ArgumentOutOfRangeException.ThrowIfLessThan(blockBytes, BufFile.AlignmentBytes);
        ArgumentOutOfRangeException.ThrowIfNotEqual(blockBytes % BufFile.AlignmentBytes, 0, nameof(blockBytes));
        BlockBytes = blockBytes;
        _preallocates = preallocates;
        File = owner.Space.CreateFile(owner);
    }

    /// <summary>The size of a block in bytes.</summary>
    public int BlockBytes { get; }

    /// <summary>How many blocks are in use.</summary>
    public long BlocksInUse
    {
        get
        {
            lock (_lock) return _map.InUse;
        }
    }

    /// <summary>How long the file is, in blocks: the most that were in use at the same time, and what was taken ahead.</summary>
    public long BlocksInFile => (File.LengthBytes + BlockBytes - 1) / BlockBytes;

    internal BufFile File { get; }

    /// <summary>Makes an empty tape, to be written.</summary>
    public LogicalTape CreateTape() => new(this);

    /// <summary>Removes the file with all tapes.</summary>
    public void Dispose() => File.Dispose();

    /// <summary>Takes blocks for a writer.</summary>
    /// <param name="round">How often this writer has asked before for this tape.</param>
    /// <param name="count">How many there are.</param>
    internal long Take(int round, out int count)
    {
        int want = 1;
        if (_preallocates)
        {
            int most = Math.Clamp(PreallocationBytesMax / BlockBytes, 1, PreallocationBlocksMax);
            want = round >= 8 ? most : Math.Min(PreallocationFirst << round, most);
        }

        lock (_lock) return _map.Take(want, out count);
    }

    internal void Return(long block)
    {
        lock (_lock) _map.Return(block);
    }
}
