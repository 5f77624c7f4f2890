namespace Sluice.Storage;

/// <summary>
/// The read that is being put together: neighbouring blocks, in the order in which the stream wants them, ascending or descending. On disk
/// it is always read ascending.
/// </summary>
internal struct PendingRun
{
    /// <summary>The lowest block; meaningful when there are any.</summary>
    internal uint Lowest { get; private set; }

    /// <summary>How many blocks.</summary>
    internal int Count { get; private set; }

    /// <summary>Whether the highest block comes first.</summary>
    internal bool IsDescending { get; private set; }

    /// <summary>The block above the highest.</summary>
    internal readonly uint End => Lowest + (uint)Count;

    /// <summary>Begins with one block.</summary>
    internal void Begin(uint block)
    {
        StorageInvariant.Check(Count == 0, "A read that has blocks is issued before another begins.");
        (Lowest, Count, IsDescending) = (block, 1, false);
    }

    /// <summary>Adds a block when it is the neighbour on the side on which the run grows; a run of one grows on either.</summary>
    /// <param name="block">The block.</param>
    /// <param name="onlyUpwards">Whether even a run of one only grows upwards: its page is pinned already as the first of an ascending
    /// read.</param>
    /// <returns>False when it is not: the run has to be issued first.</returns>
    internal bool TryAdd(uint block, bool onlyUpwards = false)
    {
        if (Count == 0) return false;
        bool isNextAbove = block != 0 && block - 1 == Lowest + (uint)(Count - 1);
        bool isNextBelow = Lowest != 0 && block == Lowest - 1;
        if (isNextAbove && (Count == 1 || !IsDescending))
        {
            Count++;
            IsDescending = false;
            return true;
        }

        if (!isNextBelow || onlyUpwards || (Count != 1 && !IsDescending)) return false;
        Count++;
        Lowest--;
        IsDescending = true;
        return true;
    }

    /// <summary>Takes blocks away that come first in the order of the stream.</summary>
    internal void RemoveFirst(int count)
    {
        StorageInvariant.Check(count <= Count, "No more blocks are taken from a read than it has.");
        if (!IsDescending) Lowest += (uint)count;
        Count -= count;
    }

    /// <summary>The block at a place in the order of the stream.</summary>
    internal readonly uint BlockAt(int place) => IsDescending ? End - 1 - (uint)place : Lowest + (uint)place;
}
