namespace Sluice.TempFiles;

/// <summary>
/// Blocks of native memory from one budget, made when they are first needed and used again. One flow's. Taking and returning allocate
/// nothing once the blocks are there.
/// </summary>
internal sealed class SpillMemory : IDisposable
{
    // Each allocation is as large as all before, up to a part of the budget: few registrations with the method, and little that is made
    // and not used, whether the budget is small or large beside what is needed.
    private const int FirstSlabBytes = 1 << 20;
    private const int SlabsOfBudget = 8;
    private const int SlabsBeyond = 16;

    private readonly AioSystem _system;
    private readonly int _firstSlabBlocks;
    private readonly List<BufferArena> _arenas = [];
    private readonly List<AioBuffer> _buffers = [];
    private nint[] _addresses = [];
    private int[] _free = [];
    private int _freeCount;
    private bool _isDisposed;

    internal SpillMemory(AioSystem system, SpillPlan plan)
    {
        _system = system;
        Plan = plan;
        _firstSlabBlocks = Math.Max(1, FirstSlabBytes / plan.BlockBytes);
    }

    internal SpillPlan Plan { get; }

    internal int BlockBytes => Plan.BlockBytes;

    /// <summary>How many blocks were ever made.</summary>
    internal int MadeCount { get; private set; }

    /// <summary>How many blocks are in use.</summary>
    internal int UsedCount => MadeCount - _freeCount;

    /// <summary>The most blocks that were made, in bytes.</summary>
    internal long PeakBytes => (long)MadeCount * BlockBytes;

    /// <summary>Where a block is.</summary>
    internal nint AddressOf(int slot) => _addresses[slot];

    /// <summary>Takes a block within the budget.</summary>
    /// <returns>Its slot, or -1.</returns>
    internal int TryTake()
    {
        if (_freeCount == 0)
        {
            int room = Plan.BlockCount - MadeCount;
            if (room <= 0) return -1;
            AddSlab(SlabWithin(room));
        }

        return _free[--_freeCount];
    }

    /// <summary>Takes a block, beyond the budget if it must be: for a record that is larger than all of it.</summary>
    internal int Take()
    {
        int room = Plan.BlockCount - MadeCount;
        if (_freeCount == 0) AddSlab(room > 0 ? SlabWithin(room) : Math.Max(1, MadeCount / SlabsBeyond));
        return _free[--_freeCount];
    }

    internal void Return(int slot) => _free[_freeCount++] = slot;

    /// <summary>Frees everything. No I/O may be in flight on any of it.</summary>
    public void Dispose()
    {
        if (_isDisposed) return;
        _isDisposed = true;
        foreach (AioBuffer buffer in _buffers) buffer.Return();
        foreach (BufferArena arena in _arenas) arena.Dispose();
        _freeCount = 0;
        _addresses = [];
    }

    private int SlabWithin(int room)
    {
        int most = Math.Max(_firstSlabBlocks, Plan.BlockCount / SlabsOfBudget);
        return Math.Min(room, Math.Clamp(MadeCount, _firstSlabBlocks, most));
    }

    private void AddSlab(int count)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        BufferArena arena = _system.CreateArena(BlockBytes, count);
        _arenas.Add(arena);
        if (MadeCount + count > _addresses.Length)
        {
            int capacity = Math.Max(MadeCount + count, _addresses.Length * 2);
            Array.Resize(ref _addresses, capacity);
            Array.Resize(ref _free, capacity);
        }

        for (int index = 0; index < count; index++)
        {
            AioBuffer buffer = arena.Rent();
            _buffers.Add(buffer);
            _addresses[MadeCount] = buffer.Address;
            _free[_freeCount++] = MadeCount++;
        }
    }
}
