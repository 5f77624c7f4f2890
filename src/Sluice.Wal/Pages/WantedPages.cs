namespace Sluice.Wal;

/// <summary>
/// The pages that decoded records are about: each once, however many of the records name it, read ahead of replay through the read stream of its
/// relation, and pinned from then on until the last of those records is replayed. One flow.
/// </summary>
/// <remarks>
/// Not asked for: a page whose first record has its image, for it is not read at all; a page that is in memory; a page behind the end of its file,
/// which a later record may make longer, and which may have been cut off or dropped since. So what is asked of a stream is there, and is handed out in
/// the order in which the records come.
/// </remarks>
internal sealed class WantedPages : IDisposable
{
    private const int StreamsMax = 64;

    private readonly BufferSession _session;
    private readonly int _reads;
    private readonly Dictionary<PageTag, int> _byTag;
    private readonly Dictionary<(RelationId Id, RelationFork Fork), WantedRelation> _relations = [];
    private readonly HashSet<WantedRelation> _asked = [];
    private readonly WantedPage[] _pages;
    private readonly Stack<int> _free;
    private int _streams;

    internal WantedPages(BufferSession session, int reads)
    {
        _session = session;
        _reads = reads;

        // What is left of the share is for the record that is being replayed, and for pages that make a file longer.
        int count = Math.Clamp(session.PinsAllowed * 3 / 4, PageRecord.PagesMax, 4096);
        _pages = new WantedPage[count];
        _free = new Stack<int>(count);
        for (int index = count - 1; index >= 0; index--)
        {
            _pages[index] = new WantedPage();
            _free.Push(index);
        }

        _byTag = new Dictionary<PageTag, int>(count);
    }

    internal int FreeCount => _free.Count;

    internal bool IsHalfFree => _free.Count >= _pages.Length / 2;

    /// <summary>Pages that were read ahead.</summary>
    internal long BlocksRead => _relations.Values.Sum(static relation => relation.BlocksRead);

    public void Dispose()
    {
        foreach (WantedRelation relation in _relations.Values) relation.Dispose();
        foreach (WantedPage page in _pages)
        {
            page.Pin.Release();
            page.Pin = default;
        }
    }

    /// <summary>A decoded record names a page.</summary>
    /// <returns>The page's number here, for <see cref="TakeAsync"/> and <see cref="Release"/>.</returns>
    internal async ValueTask<int> WantAsync(PageReference reference)
    {
        if (_byTag.TryGetValue(reference.Tag, out int known))
        {
            _pages[known].Uses++;
            return known;
        }

        WantedRelation relation = RelationOf(reference.Tag);
        WantedPageSource source = reference.HasImage ? WantedPageSource.Image : WantedPageSource.Late;
        BufferPin pin = default;
        if (!reference.HasImage && _reads != 0)
        {
            if (_session.TryReadResident(relation.Relation, reference.Tag.Fork, reference.Tag.BlockNumber, null, out pin)) source = WantedPageSource.Pin;
            else if (reference.Tag.BlockNumber < await relation.CountBlocksAsync()) source = WantedPageSource.Stream;
        }

        if (source == WantedPageSource.Stream) Ask(relation, reference.Tag.BlockNumber);
        int index = _free.Pop();
        WantedPage page = _pages[index];
        page.Tag = reference.Tag;
        page.Relation = relation;
        page.Source = source;
        page.Pin = pin;
        page.Uses = 1;
        _byTag.Add(reference.Tag, index);
        return index;
    }

    /// <summary>Begins to read what was asked for since the last time.</summary>
    internal async ValueTask ReadAheadAsync()
    {
        foreach (WantedRelation relation in _asked) await relation.ReadAheadAsync();
        _asked.Clear();
    }

    /// <summary>A page, to replay a record on it: exclusively locked.</summary>
    /// <exception cref="AioException">When awaited: it cannot be read.</exception>
    /// <exception cref="StorageException">When awaited: it is not valid.</exception>
    internal async ValueTask<BufferPin> TakeAsync(int index, bool hasImage)
    {
        WantedPage page = _pages[index];
        if (page.Source == WantedPageSource.Pin)
        {
            await page.Pin.LockAsync(ContentLockMode.Exclusive);
            return page.Pin;
        }

        (WantedRelation relation, PageTag tag) = (page.Relation, page.Tag);
        bool isLocked = false;
        if (page.Source == WantedPageSource.Stream)
        {
            page.Pin = await relation.TakeAsync();
        }
        else
        {
            await relation.ExtendToAsync(tag.BlockNumber);
            isLocked = hasImage;
            page.Pin = hasImage
                ? await _session.OverwriteAsync(relation.Relation, tag.Fork, tag.BlockNumber)
                : await _session.ReadAsync(relation.Relation, tag.Fork, tag.BlockNumber);
        }

        page.Source = WantedPageSource.Pin;
        if (!page.Pin.HasPage || page.Pin.Tag != tag) throw new InvalidOperationException($"The read stream of {relation.Relation} handed out another page than block {tag.BlockNumber}.");
        if (!isLocked) await page.Pin.LockAsync(ContentLockMode.Exclusive);
        return page.Pin;
    }

    /// <summary>One reference to a page was replayed.</summary>
    internal void Release(int index)
    {
        WantedPage page = _pages[index];
        if (--page.Uses != 0) return;
        page.Pin.Release();
        page.Pin = default;
        _byTag.Remove(page.Tag);
        _free.Push(index);
    }

    private void Ask(WantedRelation relation, uint block)
    {
        if (!relation.HasStream && ++_streams > StreamsMax) EndIdleStreams();
        relation.Ask(block);
        _asked.Add(relation);
    }

    // A stream has memory of its own, and a log may be about any number of relations.
    private void EndIdleStreams()
    {
        _streams = 1;
        foreach (WantedRelation relation in _relations.Values)
        {
            if (!relation.HasStream) continue;
            if (relation.OutstandingCount == 0) relation.Dispose();
            else _streams++;
        }
    }

    private WantedRelation RelationOf(PageTag tag)
    {
        if (_relations.TryGetValue((tag.Relation, tag.Fork), out WantedRelation? known)) return known;
        WantedRelation relation = new(_session, _session.Pool.Storage.Open(tag.Relation), tag.Fork, _reads);
        _relations.Add((tag.Relation, tag.Fork), relation);
        return relation;
    }
}
