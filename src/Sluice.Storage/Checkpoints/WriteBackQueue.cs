namespace Sluice.Storage;

/// <summary>
/// Collects what was written into the system's cache and asks the system, in few merged hints, to begin writing it back: so that the syncs
/// of a checkpoint find little left to do, and the system does not write everything at once when it likes. Off for direct files, where
/// nothing is in the cache. A hint never opens a file that is not open, is dropped when all handles are in use, and promises nothing.
/// </summary>
/// <remarks>Belongs to one flow, like the context it issues on.</remarks>
public sealed class WriteBackQueue
{
    /// <summary>How many written ranges are remembered at most before hints are given.</summary>
    public const int RangesMax = 256;

    // 4 MiB: enough for the device, little enough to leave room for reads in between.
    private const int HintBlocksMax = 512;

    private readonly StorageManager _storage;
    private readonly int _blocksMax;
    private readonly WriteBackRange[] _ranges = new WriteBackRange[RangesMax];
    private int _count;
    private int _blocks;

    /// <summary>Makes a queue.</summary>
    /// <param name="storage">Whose files.</param>
    /// <param name="blocksMax">After how many written blocks hints are given; 0 for never.</param>
    public WriteBackQueue(StorageManager storage, int blocksMax)
    {
        ArgumentNullException.ThrowIfNull(storage);
        ArgumentOutOfRangeException.ThrowIfNegative(blocksMax);
        _storage = storage;
        _blocksMax = storage.Options.Direct || !storage.Options.Sync ? 0 : blocksMax;
    }

    /// <summary>Whether hints are given at all.</summary>
    public bool IsOn => _blocksMax != 0;

    /// <summary>How many hints were given.</summary>
    public long HintCount { get; private set; }

    /// <summary>How many ranges nothing was done about: their file was closed, or no handle was free.</summary>
    public long DroppedCount { get; private set; }

    /// <summary>Remembers blocks that were written, and gives hints when there are enough of them.</summary>
    /// <param name="context">The calling flow's context.</param>
    /// <param name="first">The first block that was written.</param>
    /// <param name="count">How many.</param>
    public void Add(AioContext context, in PageTag first, int count)
    {
        ArgumentNullException.ThrowIfNull(context);
        if (_blocksMax == 0 || count <= 0) return;
        ref WriteBackRange last = ref _ranges[Math.Max(0, _count - 1)];
        if (_count != 0 && last.Relation == first.Relation && last.Fork == first.Fork && last.First + (uint)last.Count == first.BlockNumber)
        {
            last = last with { Count = last.Count + count };
        }
        else
        {
            _ranges[_count++] = new WriteBackRange(first.Relation, first.Fork, first.BlockNumber, count);
        }

        _blocks += count;
        if (_blocks >= _blocksMax || _count == RangesMax) Issue(context);
    }

    /// <summary>Gives hints for everything that is remembered. Does not wait for them.</summary>
    /// <param name="context">The calling flow's context.</param>
    public void Issue(AioContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        int merged = WriteBackMerge.Merge(_ranges.AsSpan(0, _count), HintBlocksMax);
        for (int index = 0; index < merged; index++) Hint(context, _ranges[index]);
        _count = _blocks = 0;
    }

    private void Hint(AioContext context, WriteBackRange range)
    {
        Relation? relation = _storage.Find(new RelationKey(range.Relation));
        uint first = range.First;
        uint left = (uint)range.Count;
        while (left != 0)
        {
            uint segment = _storage.SegmentBlocks;
            uint count = Math.Min(left, segment - (first % segment));
            if (relation is not null && TryHint(context, relation, range.Fork, first, count)) HintCount++;
            else DroppedCount++;
            first += count;
            left -= count;
        }
    }

    private static bool TryHint(AioContext context, Relation relation, RelationFork fork, uint first, uint count)
    {
        if (!context.TryAcquire(out AioHandle? handle)) return false;
        bool isStarted = false;
        try
        {
            isStarted = relation.StartWriteBack(handle, fork, first, count);
        }
        finally
        {
            if (!isStarted) handle.Release();
        }

        return isStarted;
    }
}
