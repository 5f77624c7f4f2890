namespace Ledger;

/// <summary>
/// What one client needs: a way into the pool, with I/O of its own, and room for one transfer, so that making one allocates nothing. For
/// one flow at a time.
/// </summary>
internal sealed class LedgerSession(LedgerEngine ledger, BufferSession buffers) : IAsyncDisposable
{
    internal BufferPin[] Pins { get; } = new BufferPin[Transfer.PagesMax];

    internal uint[] Blocks { get; } = new uint[Transfer.PagesMax];

    internal byte[] Payload { get; } = new byte[Transfer.Bytes];

    /// <summary>Pins a page, reading it if it is not in memory.</summary>
    internal ValueTask<BufferPin> ReadAsync(uint block) => buffers.ReadAsync(ledger.Relation, RelationFork.Main, block);

    /// <summary>How many transfers of a client there are.</summary>
    internal async ValueTask<long> ReadReceiptAsync(int client)
    {
        using BufferPin pin = await ReadAsync(LedgerPages.BlockOfReceipt(client));
        await pin.LockAsync(ContentLockMode.Share);
        long transfers = LedgerPages.Receipt(pin.Page);
        pin.Unlock(ContentLockMode.Share);
        return transfers;
    }

    public ValueTask DisposeAsync() => buffers.DisposeAsync();
}
