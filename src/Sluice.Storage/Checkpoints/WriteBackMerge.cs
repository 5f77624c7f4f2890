namespace Sluice.Storage;

/// <summary>A range of blocks of one fork that was written and is only in the system's cache.</summary>
/// <param name="Relation">The relation.</param>
/// <param name="Fork">Its fork.</param>
/// <param name="First">The first block.</param>
/// <param name="Count">How many blocks.</param>
internal readonly record struct WriteBackRange(RelationId Relation, RelationFork Fork, uint First, int Count) : IComparable<WriteBackRange>
{
    /// <summary>Orders by place on disk.</summary>
    public int CompareTo(WriteBackRange other)
    {
        int order = Relation.TablespaceOid.CompareTo(other.Relation.TablespaceOid);
        if (order == 0) order = Relation.DatabaseOid.CompareTo(other.Relation.DatabaseOid);
        if (order == 0) order = Relation.Number.CompareTo(other.Relation.Number);
        if (order == 0) order = ((byte)Fork).CompareTo((byte)other.Fork);
        return order != 0 ? order : First.CompareTo(other.First);
    }
}

/// <summary>Merges ranges of written blocks, so that few hints are given for many writes.</summary>
internal static class WriteBackMerge
{
    /// <summary>Sorts ranges, and joins those that touch or overlap in one fork.</summary>
    /// <param name="ranges">The ranges; the merged ones are at the start afterwards.</param>
    /// <param name="blocksMax">How long a merged range may be, so that one hint stays within a segment's worth of work.</param>
    /// <returns>How many are left.</returns>
    internal static int Merge(Span<WriteBackRange> ranges, int blocksMax)
    {
        if (ranges.Length < 2) return ranges.Length;
        ranges.Sort();
        int last = 0;
        for (int index = 1; index < ranges.Length; index++)
        {
            WriteBackRange range = ranges[index];
            WriteBackRange before = ranges[last];
            bool isSameFork = range.Relation == before.Relation && range.Fork == before.Fork;
            long end = (long)before.First + before.Count;
            long joinedEnd = Math.Max(end, (long)range.First + range.Count);
            if (isSameFork && range.First <= end && joinedEnd - before.First <= blocksMax)
            {
                ranges[last] = before with { Count = (int)(joinedEnd - before.First) };
            }
            else
            {
                ranges[++last] = range;
            }
        }

        return last + 1;
    }
}
