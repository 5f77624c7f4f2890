namespace Sluice.Wal;

/// <summary>Makes the changes of pages again that a log tells of. One flow.</summary>
/// <remarks>
/// A page whose record has its image is restored, whatever stands there: it may be torn. Without an image its position says whether the change is in it
/// already. So replay may be killed and begun again any number of times.
/// </remarks>
internal sealed class PageReplay(BufferSession session, Func<LogRecord, PageChange, ValueTask> redo)
{
    private readonly BufferPin[] _extended = new BufferPin[1];
    private readonly PageChange _change = new();

    internal async Task<long> RunAsync(AioSystem system, string folder, LogPosition from, LogPosition end, int? readAheadBytes)
    {
        WalReaderOptions options = new() { From = from };
        if (readAheadBytes is { } bytes) options = options with { ReadAheadBytes = bytes };
        await using WalReader reader = await WalReader.OpenAsync(system, folder, options);
        long count = 0;
        while (await reader.ReadAsync() && reader.Current.EndPosition <= end)
        {
            if (reader.Current.Kind < PageLog.KindsFrom) continue;
            await ReplayAsync(reader.Current);
            count++;
        }

        return count;
    }

    private async ValueTask ReplayAsync(LogRecord record)
    {
        int pages = record.Body.Span[0];
        ReadOnlyMemory<byte> payload = PageChange.PayloadOf(in record);
        int at = 1;
        for (int index = 0; index < pages; index++)
        {
            PageReference reference = PageRecord.Read(record.Body.Span, ref at);
            using BufferPin pin = await PinAsync(reference);
            await pin.LockAsync(ContentLockMode.Exclusive);
            try
            {
                if (!TryPrepare(in record, in reference, pin)) continue;
                _change.Set(index, pin, payload);
                await redo(record, _change);
                SetPosition(pin, record.EndPosition);
            }
            finally
            {
                pin.Unlock(ContentLockMode.Exclusive);
            }
        }
    }

    // The page as it was before the change; false when the change is in it already.
    private static bool TryPrepare(in LogRecord record, in PageReference reference, BufferPin pin)
    {
        if (reference.HasImage) PageRecord.Restore(record.Body.Span, in reference, pin.Page);
        else if (PageHeader.LogPositionOf(pin.Page) >= record.EndPosition) return false;
        pin.MarkDirty();
        return true;
    }

    private static void SetPosition(BufferPin pin, LogPosition position)
    {
        PageHeader header = new(pin.Page) { LogPosition = position };
        _ = header;
    }

    private async ValueTask<BufferPin> PinAsync(PageReference reference)
    {
        Relation relation = session.Pool.Storage.Open(reference.Tag.Relation);
        while (await relation.GetBlockCountAsync(reference.Tag.Fork) <= reference.Tag.BlockNumber)
        {
            // The file had not got that long when the power failed.
            await session.ExtendAsync(relation, reference.Tag.Fork, _extended, 0, 1);
            _extended[0].Unlock(ContentLockMode.Exclusive);
            _extended[0].Release();
        }

        return await session.ReadAsync(relation, reference.Tag.Fork, reference.Tag.BlockNumber, reference.HasImage ? ReadFlags.ZeroOnError : ReadFlags.None);
    }
}
