namespace Sluice.Storage;

/// <summary>
/// The files of one fork of a relation, and how many blocks it has. Any thread: the list of segments is replaced whole when it
/// grows, so that readers take no lock; the count of blocks is one word.
/// </summary>
internal sealed class RelationForkFiles
{
    private const long Unknown = -1;

    private readonly Relation _relation;
    private readonly RelationFork _fork;
    private readonly Lock _lock = new();
    private RelationSegment?[] _segments = [];
    private SemaphoreSlim? _extension;
    private ZeroWrites? _zeroWrites;
    private long _blockCount = Unknown;

    internal RelationForkFiles(Relation relation, RelationFork fork)
    {
        _relation = relation;
        _fork = fork;
    }

    /// <summary>Serialises whoever makes the fork longer.</summary>
    internal SemaphoreSlim Extension => Volatile.Read(ref _extension) ?? MakeExtension();

    internal bool TryGetBlockCount(out uint count)
    {
        long known = Volatile.Read(ref _blockCount);
        count = (uint)known;
        return known != Unknown;
    }

    internal void SetBlockCount(uint count) => Volatile.Write(ref _blockCount, count);

    internal void ForgetBlockCount() => Volatile.Write(ref _blockCount, Unknown);

    /// <summary>Notes what was counted in the files, unless the fork became known to be longer meanwhile.</summary>
    internal uint NoteCounted(uint counted)
    {
        long known = Interlocked.CompareExchange(ref _blockCount, counted, Unknown);
        return known == Unknown ? counted : (uint)known;
    }

    /// <summary>Notes that the fork has at least so many blocks. An unknown count stays so: the files will tell.</summary>
    internal void RaiseBlockCount(uint count)
    {
        long known = Volatile.Read(ref _blockCount);
        while (known != Unknown && known < count)
        {
            long found = Interlocked.CompareExchange(ref _blockCount, count, known);
            if (found == known) return;
            known = found;
        }
    }

    /// <summary>Notes that blocks from a number on are gone, if they were counted.</summary>
    internal void LowerBlockCount(uint count)
    {
        long known = Volatile.Read(ref _blockCount);
        while (known != Unknown && known > count)
        {
            long found = Interlocked.CompareExchange(ref _blockCount, count, known);
            if (found == known) return;
            known = found;
        }
    }

    /// <summary>What an extension works with: that of the last one, unless somebody else has it.</summary>
    internal ZeroWrites TakeZeroWrites() => Interlocked.Exchange(ref _zeroWrites, null) ?? new ZeroWrites();

    internal void GiveZeroWrites(ZeroWrites writes) => Volatile.Write(ref _zeroWrites, writes);

    internal RelationSegment Segment(uint segment)
    {
        RelationSegment?[] segments = Volatile.Read(ref _segments);
        return segment < (uint)segments.Length && segments[segment] is { } found ? found : AddSegment(segment);
    }

    internal RelationSegment? FindSegment(uint segment)
    {
        RelationSegment?[] segments = Volatile.Read(ref _segments);
        return segment < (uint)segments.Length ? segments[segment] : null;
    }

    /// <summary>Closes the files, also those that are just being opened; those of I/O in flight when it is over.</summary>
    internal void Close()
    {
        foreach (RelationSegment? segment in Volatile.Read(ref _segments)) segment?.File.CloseOpened();
    }

    private RelationSegment AddSegment(uint segment)
    {
        lock (_lock)
        {
            RelationSegment?[] old = _segments;
            if (segment < (uint)old.Length && old[segment] is { } found) return found;
            RelationSegment?[] segments = new RelationSegment?[Math.Max((int)segment + 1, old.Length)];
            old.CopyTo(segments, 0);
            segments[segment] = _relation.MakeSegment(_fork, segment);
            Volatile.Write(ref _segments, segments);
            return segments[segment]!;
        }
    }

    private SemaphoreSlim MakeExtension()
    {
        SemaphoreSlim made = new(1, 1);
        return Interlocked.CompareExchange(ref _extension, made, null) ?? made;
    }
}
