namespace Sluice.Storage;

/// <summary>
/// The pages of one checkpoint in the order in which they are written: by tablespace, relation, fork and block, so that neighbours become
/// one write; tablespaces take turns such that all of them finish together, because each may be a device of its own.
/// </summary>
/// <remarks>
/// <para>
/// Each page costs 12 bytes: a 64-bit key (rank of its relation and fork, block) and the index of its buffer. Ranks are given after the
/// pages were collected, when all relations are known; then one sort of plain numbers does it. The memory is kept for the next checkpoint.
/// </para>
/// <para>
/// Tablespaces are balanced as in PostgreSQL: each has a share of progress per page, and the one that is furthest behind is next. There are
/// few, so it is looked for in a line. Not for use by several threads.
/// </para>
/// </remarks>
internal sealed class CheckpointPlan
{
    private readonly Dictionary<ForkKey, int> _found = [];
    private readonly List<ForkKey> _forks = [];
    private readonly List<TablespaceShare> _tablespaces = [];
    private ForkKey[] _ranked = [];
    private ulong[] _keys = [];
    private int[] _buffers = [];
    private ForkKey _lastFork;
    private int _lastFound = -1;

    /// <summary>How many pages there are.</summary>
    internal int Count { get; private set; }

    /// <summary>How many of them were taken.</summary>
    internal int TakenCount { get; private set; }

    /// <summary>How many tablespaces they are in; known after <see cref="Arrange"/>.</summary>
    internal int TablespaceCount => _tablespaces.Count;

    /// <summary>Begins anew.</summary>
    internal void Clear()
    {
        Count = TakenCount = 0;
        _found.Clear();
        _forks.Clear();
        _tablespaces.Clear();
        _lastFound = -1;
    }

    /// <summary>Adds a page.</summary>
    /// <param name="page">Its buffer, and which it is.</param>
    internal void Add(in BufferSlot page)
    {
        PageTag tag = page.Tag;
        ForkKey fork = new(tag.Relation, tag.Fork);
        if (_lastFound < 0 || fork != _lastFork)
        {
            if (!_found.TryGetValue(fork, out _lastFound))
            {
                _lastFound = _forks.Count;
                _forks.Add(fork);
                _found.Add(fork, _lastFound);
            }

            _lastFork = fork;
        }

        if (Count == _keys.Length) Grow();
        _keys[Count] = ((ulong)(uint)_lastFound << 32) | tag.BlockNumber;
        _buffers[Count++] = page.BufferIndex;
    }

    /// <summary>Sorts what was added and shares it out among the tablespaces.</summary>
    internal void Arrange()
    {
        if (_ranked.Length < _forks.Count) _ranked = new ForkKey[Math.Max(16, _forks.Count * 2)];
        _forks.CopyTo(_ranked);
        Array.Sort(_ranked, 0, _forks.Count);
        for (int rank = 0; rank < _forks.Count; rank++) _found[_ranked[rank]] = rank;
        bool isRankedAlready = true;
        Span<int> ranks = _forks.Count <= 256 ? stackalloc int[_forks.Count] : new int[_forks.Count];
        for (int found = 0; found < _forks.Count; found++)
        {
            ranks[found] = _found[_forks[found]];
            isRankedAlready &= ranks[found] == found;
        }

        if (!isRankedAlready)
        {
            for (int index = 0; index < Count; index++)
            {
                ulong key = _keys[index];
                _keys[index] = ((ulong)(uint)ranks[(int)(key >> 32)] << 32) | (uint)key;
            }
        }

        Array.Sort(_keys, _buffers, 0, Count);
        ShareOut();
    }

    /// <summary>
    /// Takes the next pages that are written together: contiguous blocks of one fork, of the tablespace that is furthest behind.
    /// </summary>
    /// <param name="pages">Receives the pages, ascending by block.</param>
    /// <returns>How many; 0 when there are no more.</returns>
    internal int TakeRun(Span<BufferSlot> pages)
    {
        int chosen = -1;
        for (int index = 0; index < _tablespaces.Count; index++)
        {
            TablespaceShare share = _tablespaces[index];
            if (share.Next == share.End) continue;
            if (chosen < 0 || share.Progress < _tablespaces[chosen].Progress) chosen = index;
        }

        if (chosen < 0) return 0;
        TablespaceShare taken = _tablespaces[chosen];
        ulong firstKey = _keys[taken.Next];
        ForkKey fork = _ranked[(int)(firstKey >> 32)];
        int limit = Math.Min(pages.Length, taken.End - taken.Next);
        int count = 0;

        // The key of the block above the highest possible one belongs to the next fork, and its block 0 is no neighbour: ranks differ.
        while (count < limit && _keys[taken.Next + count] == firstKey + (ulong)count
            && (_keys[taken.Next + count] >> 32) == (firstKey >> 32))
        {
            PageTag tag = new(fork.Relation, fork.Fork, (uint)_keys[taken.Next + count]);
            pages[count] = new BufferSlot(_buffers[taken.Next + count], tag);
            count++;
        }

        taken.Next += count;
        taken.Progress += taken.Slice * count;
        _tablespaces[chosen] = taken;
        TakenCount += count;
        return count;
    }

    private void ShareOut()
    {
        int begin = 0;
        while (begin < Count)
        {
            uint tablespace = _ranked[(int)(_keys[begin] >> 32)].Relation.TablespaceOid;
            int end = begin + 1;
            while (end < Count && _ranked[(int)(_keys[end] >> 32)].Relation.TablespaceOid == tablespace) end++;
            _tablespaces.Add(new TablespaceShare { Next = begin, End = end, Slice = (double)Count / (end - begin) });
            begin = end;
        }
    }

    private void Grow()
    {
        int length = Math.Max(1024, _keys.Length * 2);
        Array.Resize(ref _keys, length);
        Array.Resize(ref _buffers, length);
    }

    private struct TablespaceShare
    {
        internal int Next;
        internal int End;
        internal double Slice;
        internal double Progress;
    }

    private readonly record struct ForkKey(RelationId Relation, RelationFork Fork) : IComparable<ForkKey>
    {
        public int CompareTo(ForkKey other)
        {
            int order = Relation.TablespaceOid.CompareTo(other.Relation.TablespaceOid);
            if (order == 0) order = Relation.DatabaseOid.CompareTo(other.Relation.DatabaseOid);
            if (order == 0) order = Relation.Number.CompareTo(other.Relation.Number);
            return order != 0 ? order : ((byte)Fork).CompareTo((byte)other.Fork);
        }
    }
}
