namespace Sluice.Wal;

/// <summary>Makes the changes of pages again that a log tells of, behind the reading of the log: what lies between is read ahead. One flow.</summary>
/// <remarks>
/// <para>A page whose record has its image is restored, whatever stands there: it may be torn. Without an image its position says whether the change is
/// in it already. So replay may be killed and begun again any number of times.</para>
/// <para>Invariants. (a) Records are replayed in the order in which they were decoded. (b) A page is pinned no later than when the first of its records
/// in the window is replayed, and stays so until the last one is: what was read ahead is not evicted before it is used. (c) Nothing is asked of a
/// stream that was not there when it was asked for.</para>
/// <para>When the window is full all that was asked for is begun to be read, and records are replayed until half of it is free: so reads of one half are
/// in flight while the other is replayed.</para>
/// </remarks>
internal sealed class PageReplay : IDisposable
{
    private const int RecordsMax = 1 << 15;

    private readonly PageRedo _redo;
    private readonly IProgress<LogPosition>? _progress;
    private readonly WantedPages _pages;
    private readonly ReplayWindow _window;
    private ulong _told;

    /// <summary>Makes the replay of one recovery.</summary>
    /// <param name="session">By which pages are read and changed.</param>
    /// <param name="redo">Makes one change again.</param>
    /// <param name="reads">How many reads of pages are in flight at most, for each relation; 0 for none ahead.</param>
    /// <param name="windowBytes">How much of the log is decoded ahead of replay.</param>
    /// <param name="progress">Told how far it has come; null for nobody.</param>
    internal PageReplay(BufferSession session, PageRedo redo, int reads, int windowBytes, IProgress<LogPosition>? progress)
    {
        _redo = redo;
        _progress = progress;
        _pages = new WantedPages(session, reads);
        _window = new ReplayWindow(RecordsMax, windowBytes);
    }

    /// <summary>How many records were replayed.</summary>
    internal long Count { get; private set; }

    /// <summary>How many blocks were read ahead; known when it is disposed.</summary>
    internal long BlocksReadAhead => _pages.BlocksRead;

    /// <summary>Gives up what is pinned. What was not replayed is not.</summary>
    public void Dispose() => _pages.Dispose();

    /// <summary>A record was read. It is replayed when those before it are, and not before the window is full.</summary>
    internal ValueTask AddAsync(LogRecord record) => record.Kind < PageLog.KindsFrom ? ValueTask.CompletedTask : AddPageRecordAsync(record);

    /// <summary>Replays what is left.</summary>
    internal async ValueTask FinishAsync()
    {
        await _pages.ReadAheadAsync();
        while (!_window.IsEmpty) await ReplayFirstAsync();
    }

    private async ValueTask AddPageRecordAsync(LogRecord record)
    {
        if (_window.IsTooLong(record.Body.Length))
        {
            await FinishAsync();
            await ReplayAloneAsync(record);
            return;
        }

        int index;
        while (_pages.FreeCount < PageRecord.PagesMax || !_window.TryAdd(in record, out index)) await MakeRoomAsync();
        int pages = record.Body.Span[0];
        int at = 1;
        for (int place = 0; place < pages; place++)
        {
            int page = await _pages.WantAsync(PageRecord.Read(record.Body.Span, ref at));
            ref ReplayWindow.Item item = ref _window.At(index);
            item.Pages[place] = page;
            item.PageCount = place + 1;
        }
    }

    private async ValueTask MakeRoomAsync()
    {
        await _pages.ReadAheadAsync();
        do
        {
            await ReplayFirstAsync();
        }
        while (!_window.IsEmpty && (!_window.IsHalfFree || !_pages.IsHalfFree));
    }

    private async ValueTask ReplayFirstAsync()
    {
        ReplayWindow.Item item = _window.First;
        await ReplayAsync(item);
        for (int place = 0; place < item.PageCount; place++) _pages.Release(item.Pages[place]);
        _window.RemoveFirst();
    }

    private async ValueTask ReplayAloneAsync(LogRecord record)
    {
        ReplayWindow.Item item = new() { Kind = record.Kind, Position = record.Position, End = record.EndPosition, Body = record.Body, PageCount = record.Body.Span[0] };
        int at = 1;
        for (int place = 0; place < item.PageCount; place++) item.Pages[place] = await _pages.WantAsync(PageRecord.Read(record.Body.Span, ref at));
        await _pages.ReadAheadAsync();
        await ReplayAsync(item);
        for (int place = 0; place < item.PageCount; place++) _pages.Release(item.Pages[place]);
    }

    private async ValueTask ReplayAsync(ReplayWindow.Item item)
    {
        int payloadAt = 1;
        for (int place = 0; place < item.PageCount; place++) PageRecord.Read(item.Body.Span, ref payloadAt);
        int at = 1;
        for (int place = 0; place < item.PageCount; place++)
        {
            PageReference reference = PageRecord.Read(item.Body.Span, ref at);
            BufferPin pin = await TakeAsync(item, place, reference);
            try
            {
                Apply(in item, place, payloadAt, in reference, pin);
            }
            finally
            {
                pin.Unlock(ContentLockMode.Exclusive);
            }
        }

        Count++;
        if (_progress is null || item.End.Value < _told + (1 << 20)) return;
        _told = item.End.Value;
        _progress.Report(item.End);
    }

    private async ValueTask<BufferPin> TakeAsync(ReplayWindow.Item item, int place, PageReference reference)
    {
        try
        {
            return await _pages.TakeAsync(item.Pages[place], reference.HasImage);
        }
        catch (Exception exception) when (exception is AioException or StorageException)
        {
            throw new WalException(
                $"The record at {item.Position} cannot be replayed: block {reference.Tag.BlockNumber} of relation {reference.Tag.Relation.Number} ({reference.Tag.Fork}) cannot be read: {exception.Message} See to the disk and open the log again: replay begins anew.", exception);
        }
    }

    private void Apply(in ReplayWindow.Item item, int place, int payloadAt, in PageReference reference, BufferPin pin)
    {
        Span<byte> page = pin.Page;
        if (reference.HasImage) PageRecord.Restore(item.Body.Span, in reference, page);
        else if (PageHeader.LogPositionOf(page) >= item.End) return;
        _redo(item.Kind, place, page, item.Body.Span[payloadAt..]);
        PageHeader header = new(page) { LogPosition = item.End };
        _ = header;
        pin.MarkDirty();
    }
}
