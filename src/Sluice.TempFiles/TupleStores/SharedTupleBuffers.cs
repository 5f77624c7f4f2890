namespace Sluice.TempFiles;

/// <summary>
/// What one participant of a shared tuple store does its I/O with: transfers, each with a block of the store's memory once it needs one.
/// Belongs to the flow that uses the context.
/// </summary>
internal sealed class SharedTupleBuffers
{
    private readonly BufFileTransfer[] _transfers;
    private readonly int[] _slots;
    private readonly nint[] _addresses;

    /// <summary>Makes transfers without blocks.</summary>
    internal SharedTupleBuffers(AioContext context, int count)
    {
        _transfers = new BufFileTransfer[count];
        _slots = new int[count];
        _addresses = new nint[count];
        for (int index = 0; index < count; index++)
        {
            _slots[index] = -1;
            _transfers[index] = new BufFileTransfer(context);
        }
    }

    internal ReadOnlySpan<BufFileTransfer> Transfers => _transfers;

    /// <summary>Where a transfer's block is, which is taken from the store if it has none.</summary>
    internal nint BlockOf<T>(int index, SharedTupleStore<T> store)
        where T : allows ref struct
    {
        if (_slots[index] < 0) _slots[index] = store.Take(out _addresses[index]);
        return _addresses[index];
    }

    /// <summary>Where the block is that a transfer has.</summary>
    internal nint AddressOf(int index) => _addresses[index];

    /// <summary>The block is the store's: the transfer has none any more.</summary>
    internal void PassOn(int index) => _slots[index] = -1;

    /// <summary>Waits for what is on its way, whatever becomes of it.</summary>
    internal void Quiesce()
    {
        foreach (BufFileTransfer transfer in _transfers) transfer.Quiesce();
    }

    /// <summary>Gives the blocks back. Nothing is on its way.</summary>
    internal void ReturnTo<T>(SharedTupleStore<T> store)
        where T : allows ref struct
    {
        foreach (int slot in _slots)
        {
            if (slot >= 0) store.Return(slot);
        }
    }
}
