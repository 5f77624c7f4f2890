namespace Sluice.Storage;

/// <summary>
/// Writes of zeros in flight at the end of a fork: what an extension needs besides the caller's context, kept for the next one. One flow at
/// a time.
/// </summary>
internal sealed class ZeroWrites
{
    // 8 x 128 KiB is more than a disk needs to be busy.
    private const int DepthMax = 8;

    private readonly Slot[] _slots = new Slot[DepthMax];
    private int _first;
    private int _count;

    internal ZeroWrites()
    {
        for (int index = 0; index < _slots.Length; index++) _slots[index].Place = new AioReturn();
    }

    /// <summary>A return for an operation that has nothing in flight beside it.</summary>
    internal AioReturn Place => _slots[0].Place;

    internal bool IsEmpty => _count == 0;

    /// <summary>Whether a context should have no more of them in flight: half of its handles are others'.</summary>
    internal bool IsFull(AioContext context) => _count >= Math.Clamp(context.HandleCount / 2, 1, DepthMax);

    /// <summary>Starts a write.</summary>
    internal void Start(AioContext context, Relation relation, RelationFork fork, uint block, uint count, bool skipSync)
    {
        ref Slot slot = ref _slots[(_first + _count) % DepthMax];
        slot.Reference = ContextIo.Start(context, slot.Place, (relation, fork, block, count, skipSync), static (handle, state) =>
            ZeroPages.StartExtend(state.relation, handle, state.fork, state.block, state.count, state.skipSync));
        (slot.Block, slot.Blocks) = (block, count);
        _count++;
    }

    /// <summary>The reference of the write that was started first.</summary>
    internal WaitReference Oldest => _slots[_first].Reference;

    /// <summary>Takes the write that was started first, which has ended.</summary>
    internal (uint Block, uint Count, AioReturn Place) Take()
    {
        ref Slot slot = ref _slots[_first];
        _first = (_first + 1) % DepthMax;
        _count--;
        return (slot.Block, slot.Blocks, slot.Place);
    }

    private struct Slot
    {
        internal AioReturn Place;
        internal WaitReference Reference;
        internal uint Block;
        internal uint Blocks;
    }
}
