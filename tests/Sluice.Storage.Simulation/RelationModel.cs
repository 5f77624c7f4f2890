namespace Sluice.Storage.Simulation;

/// <summary>What is known of one relation: what was promised, and what may be.</summary>
/// <param name="number">Its number.</param>
internal sealed class RelationModel(uint number)
{
    private readonly List<PageModel> _pages = [];

    internal uint Number { get; } = number;

    /// <summary>Whether its files are durable, so that they must be there after a crash.</summary>
    internal bool IsDurable { get; set; }

    /// <summary>Whether it was dropped: its pages mean nothing any more.</summary>
    internal bool IsDropped { get; set; }

    /// <summary>Whether a checkpoint that began after the drop has completed, so that its name may go.</summary>
    internal bool MayBeRemoved { get; set; }

    /// <summary>How many flows use its pages at the moment.</summary>
    internal int Users { get; set; }

    /// <summary>How many blocks must be there after a crash.</summary>
    internal int DurableBlocks { get; set; }

    internal IReadOnlyList<PageModel> Pages => _pages;

    internal PageModel this[uint block] => _pages[(int)block];

    internal void Grow(int blocks)
    {
        while (_pages.Count < blocks) _pages.Add(new PageModel());
    }

    internal void Shrink(int blocks) => _pages.RemoveRange(blocks, _pages.Count - blocks);
}

/// <summary>What is known of one page.</summary>
internal sealed class PageModel
{
    /// <summary>The version that must be there at least.</summary>
    internal uint Durable { get; set; }

    /// <summary>The last version that was put into the page.</summary>
    internal uint Newest { get; set; }

    /// <summary>The largest number that a version ever had: none is used twice.</summary>
    internal uint Highest { get; set; }

    internal uint Next() => Newest = ++Highest;
}
