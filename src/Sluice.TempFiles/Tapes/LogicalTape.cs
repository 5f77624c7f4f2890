namespace Sluice.TempFiles;

/// <summary>
/// One of many tapes in a file: written once in order, then read once in order, its blocks going back to the file as they are read; or
/// frozen, and
/// then read any number of times, anywhere. The writer, then the readers, use it; never both at once.
/// </summary>
/// <remarks>
/// Where the blocks are is kept in memory, 24 bytes per run of blocks, and not as a chain inside the blocks: so the reader knows all
/// blocks to come,
/// can ask for many at once, and combines those that follow each other into one I/O.
/// </remarks>
public sealed class LogicalTape
{
    private readonly List<TapeExtent> _extents = [];
    private int _lastFound;

    internal LogicalTape(LogicalTapeSet set) => Set = set;

    /// <summary>The set it is in.</summary>
    public LogicalTapeSet Set { get; }

    /// <summary>How many bytes were written to it.</summary>
    public long LengthBytes { get; internal set; }

    /// <summary>Whether it keeps its blocks when it is read.</summary>
    public bool IsFrozen { get; private set; }

    /// <summary>Whether its writer has finished.</summary>
    public bool IsFinished { get; internal set; }

    /// <summary>How many blocks it was given.</summary>
    internal long BlockCount { get; private set; }

    /// <summary>How many of its blocks, from the beginning, went back to the file.</summary>
    internal long ReleasedCount { get; private set; }

    /// <summary>How many runs of blocks it has.</summary>
    internal int ExtentCount => _extents.Count;

    /// <summary>Keeps the blocks for reading again and anywhere. Before anything was read, and after the writer finished.</summary>
    public void Freeze()
    {
        if (!IsFinished) throw new InvalidOperationException("A tape can be frozen when its writer has finished.");
        if (ReleasedCount != 0) throw new InvalidOperationException(
            "The tape was read already: its blocks are gone. Freeze it before it is read.");
        IsFrozen = true;
    }

    /// <summary>Gives all of its blocks back.</summary>
    public void Discard()
    {
        IsFrozen = false;
        for (long ordinal = ReleasedCount; ordinal < BlockCount; ordinal++) Set.Return(BlockAt(ordinal, out _));
        ReleasedCount = BlockCount;
        LengthBytes = 0;
        _extents.Clear();
        BlockCount = 0;
        ReleasedCount = 0;
    }

    internal void Add(long block)
    {
        if (_extents.Count != 0)
        {
            TapeExtent last = _extents[^1];
            if (last.Block + last.Count == block)
            {
                _extents[^1] = last with { Count = last.Count + 1 };
                BlockCount++;
                return;
            }
        }

        _extents.Add(new TapeExtent(BlockCount, block, 1));
        BlockCount++;
    }

    /// <summary>Where a block of the tape is in the file, and how many that follow it there follow it on the tape.</summary>
    internal long BlockAt(long ordinal, out int following)
    {
        int index = Find(ordinal);
        TapeExtent extent = _extents[index];
        int inside = (int)(ordinal - extent.Ordinal);
        following = extent.Count - inside - 1;
        return extent.Block + inside;
    }

    /// <summary>Gives a block that was read back to the file, unless the tape is frozen. In order.</summary>
    internal void Release(long ordinal)
    {
        if (IsFrozen) return;
        if (ordinal != ReleasedCount) throw new InvalidOperationException("Blocks go back in the order of the tape.");
        ReleasedCount++;
        Set.Return(BlockAt(ordinal, out _));
    }

    private int Find(long ordinal)
    {
        // Readers go forward: the extent found last, or the next, is nearly always it.
        int hint = _lastFound;
        for (int index = hint; index < _extents.Count && index <= hint + 1; index++)
        {
            if (Contains(_extents[index], ordinal)) return _lastFound = index;
        }

        int low = 0;
        int high = _extents.Count - 1;
        while (low < high)
        {
            int middle = (low + high + 1) / 2;
            if (_extents[middle].Ordinal <= ordinal) low = middle;
            else high = middle - 1;
        }

        return _lastFound = low;
    }

    private static bool Contains(TapeExtent extent, long ordinal) => ordinal >= extent.Ordinal && ordinal < extent.Ordinal + extent.Count;
}
