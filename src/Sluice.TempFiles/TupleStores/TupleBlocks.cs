using System.Numerics;

namespace Sluice.TempFiles;

/// <summary>
/// The bytes of a tuple store: blocks that are appended one after the other and read in any order, of which as many as fit are in
/// memory and the rest in a temporary file. One flow's.
/// </summary>
/// <remarks>
/// <para>The blocks that came first stay in memory, because every scan begins there and a block kept saves one read per scan; of blocks
/// that are used in turn any other choice would save fewer. The rest goes through a ring of blocks: those just written, on their way to
/// the file, and those read ahead.</para>
/// <para>Invariants: (a) a block is in memory, in the file, or both; the last one always in memory and never in the file; (b) a frame
/// is in the ring exactly when its block has a place in the file; (c) frames that go by one transfer name its leader, and are settled
/// all at once, before any of them serves another block.</para>
/// </remarks>
internal sealed unsafe class TupleBlocks : IDisposable
{
    // From this length on a larger transfer gains nothing measurable.
    private const int TransferBytes = 256 << 10;
    private const int BlockBytesMax = 128 << 10;
    private const int MemoryBytesMin = 64 << 10;
    private const int BlocksWanted = 64;
    private const int BlocksMin = 8;
    private const int RingMax = 64;
    private const int RunBlocks = 64;

    private readonly AioContext _context;
    private readonly TempOwner _owner;
    private readonly CancellationToken _cancellationToken;
    private readonly SpillMemory _memory;
    private readonly BlockMap _map = new();
    private readonly List<TupleWindow> _windows = [];
    private readonly List<int> _ring = [];
    private readonly int _ringTarget;
    private readonly int _groupMax;
    private readonly int[] _pending;
    private readonly int[] _reading;
    private readonly IoVector[] _vectors;
    private Place[] _places = new Place[16];
    private int _placeCount;
    private long _first;
    private Frame[] _frames = [];
    private BufFile? _file;
    private bool _isSpilling;
    private int _keptCount;
    private int _pendingCount;
    private long _runBlock;
    private int _runLeft;
    private long _bytesWritten;
    private long _bytesRead;
    private long _writes;
    private long _reads;
    private long _writeStalls;
    private long _readStalls;
    private bool _isDisposed;

    internal TupleBlocks(AioContext context, TempOwner owner, TupleStoreOptions options, CancellationToken cancellationToken)
    {
        _context = context;
        _owner = owner;
        _cancellationToken = cancellationToken;
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.MemoryBytes, nameof(options));
        ArgumentOutOfRangeException.ThrowIfNegative(options.BlockBytes, nameof(options));
        long memory = Math.Max(options.MemoryBytes, MemoryBytesMin);
        int block = options.BlockBytes;
        if (block == 0) block = 1 << BitOperations.Log2((ulong)Math.Clamp(memory / BlocksWanted, BufFile.AlignmentBytes, BlockBytesMax));
        if (block % BufFile.AlignmentBytes != 0 || !BitOperations.IsPow2(block) || memory / block < BlocksMin)
        {
            throw new ArgumentOutOfRangeException(
                nameof(options), block,
                $"The size of a block is a power of two from {BufFile.AlignmentBytes}, and the memory has {BlocksMin} of them at least.");
        }

        int count = (int)Math.Min(memory / block, int.MaxValue / 2);
        _memory = new SpillMemory(context.System, new SpillPlan(block, count, 0, 0, 0));
        _ringTarget = Math.Clamp(count / 4, 4, RingMax);
        _groupMax = Math.Clamp(Math.Min(TransferBytes / block, _ringTarget / 4), 1, Limits.VectorsMax);
        _pending = new int[_groupMax];
        _reading = new int[_groupMax];
        _vectors = new IoVector[_groupMax];
    }

    private enum FrameState : byte
    {
        // Of no block.
        Free,

        // In memory only.
        Kept,

        // On its way to the file, or about to be sent there.
        Writing,

        // In memory and in the file.
        Clean,

        // On its way from the file.
        Reading,
    }

    internal int BlockBytes => _memory.BlockBytes;

    /// <summary>The first block that was not trimmed.</summary>
    internal long First => _first;

    /// <summary>One more than the last block.</summary>
    internal long End => _first + _placeCount;

    internal TupleStoreStatistics Statistics =>
        new(_bytesWritten, _bytesRead, _writes, _reads, _writeStalls, _readStalls, _memory.PeakBytes);

    /// <summary>How many blocks of the file are in use.</summary>
    internal long FileBlocksInUse => _map.InUse - _runLeft;

    internal void Add(TupleWindow window) => _windows.Add(window);

    internal void Remove(TupleWindow window) => _windows.Remove(window);

    /// <summary>Begins the next block, to be filled; the one before is complete.</summary>
    internal byte* Append()
    {
        if (_placeCount > 0) CompleteLast();
        int slot = Take();
        if (_placeCount == _places.Length) Array.Resize(ref _places, _placeCount * 2);
        Enter(slot, End, FrameState.Kept);
        _places[_placeCount++] = new Place { Slot = slot, FileBlock = -1 };
        _keptCount++;
        return (byte*)_memory.AddressOf(slot);
    }

    /// <summary>Where a block is in memory, after waiting for it if need be. Valid until the next call of any kind.</summary>
    internal byte* Get(long ordinal, TupleWindow window, int direction)
    {
        int slot = _places[ordinal - _first].Slot;
        if (slot >= 0 && window.Current == ordinal && _frames[slot].State != FrameState.Reading) return (byte*)_memory.AddressOf(slot);
        _cancellationToken.ThrowIfCancellationRequested();
        bool isAhead = window.Direction == direction && window.Wants(ordinal);
        window.Current = ordinal;
        window.Direction = direction;
        if (!isAhead)
        {
            window.AheadTo = ordinal;
            window.Distance = Math.Max(1, window.Distance / 2);
        }

        if (slot < 0)
        {
            Span<long> one = [ordinal];
            int taken = Take();
            _reading[0] = taken;
            StartRead(one, 1);
            slot = taken;
        }

        ReadAhead(window);
        if (_frames[slot].State == FrameState.Reading)
        {
            if (!TransferOf(_frames[slot].Leader).IsDone)
            {
                _readStalls++;
                window.Distance = Math.Min(window.Distance * 2, Math.Max(1, (_ringTarget / _windows.Count) - 2));
            }

            Settle(slot);
        }

        return (byte*)_memory.AddressOf(slot);
    }

    /// <summary>Forgets the blocks before a block.</summary>
    internal void Trim(long ordinal)
    {
        int count = (int)(Math.Min(ordinal, End - 1) - _first);
        if (count <= 0) return;
        for (int index = 0; index < count; index++)
        {
            ref Place place = ref _places[index];
            if (place.Slot >= 0)
            {
                if (_frames[place.Slot].State == FrameState.Kept) _keptCount--;
                else LeaveRing(place.Slot);
                _frames[place.Slot].State = FrameState.Free;
                _memory.Return(place.Slot);
            }

            if (place.FileBlock >= 0) _map.Return(place.FileBlock);
        }

        _places.AsSpan(count, _placeCount - count).CopyTo(_places);
        _placeCount -= count;
        _first += count;
    }

    /// <summary>Waits for what is on its way, removes the file, frees the memory.</summary>
    public void Dispose()
    {
        if (_isDisposed) return;
        _isDisposed = true;
        foreach (Frame frame in _frames) frame.Transfer?.Quiesce();
        _file?.Dispose();
        _memory.Dispose();
    }

    private BufFileTransfer TransferOf(int slot) => _frames[slot].Transfer ??= new BufFileTransfer(_context);

    private void Enter(int slot, long ordinal, FrameState state)
    {
        if (slot >= _frames.Length) Array.Resize(ref _frames, Math.Max(slot + 1, _memory.MadeCount));
        ref Frame frame = ref _frames[slot];
        frame.Ordinal = ordinal;
        frame.State = state;
        frame.Leader = slot;
    }

    // The last block is full: it stays if there is room for one more that stays.
    private void CompleteLast()
    {
        _cancellationToken.ThrowIfCancellationRequested();
        if (_isSpilling && _keptCount > _memory.Plan.BlockCount - _ringTarget) Write(_places[_placeCount - 1].Slot);
    }

    private int Take()
    {
        int slot = _memory.TryTake();
        if (slot >= 0) return slot;
        _isSpilling = true;
        FillRing();
        int victim = FindVictim(isForAhead: false);
        if (victim < 0) return _memory.Take();
        Evict(victim);
        return victim;
    }

    // Sends the latest of the blocks that stay to the file, until the ring has its size.
    private void FillRing()
    {
        int missing = _ringTarget - _ring.Count;
        if (missing <= 0) return;
        int from = _placeCount - 1;
        for (int found = 0; from > 0 && found < missing;)
        {
            from--;
            int slot = _places[from].Slot;
            if (slot >= 0 && _frames[slot].State == FrameState.Kept) found++;
        }

        for (int index = from; index < _placeCount - 1; index++)
        {
            int slot = _places[index].Slot;
            if (slot >= 0 && _frames[slot].State == FrameState.Kept) Write(slot);
        }

        FlushPending();
    }

    private void Write(int slot)
    {
        ref Frame frame = ref _frames[slot];
        if (_runLeft == 0) _runBlock = _map.Take(RunBlocks, out _runLeft);
        long block = _runBlock++;
        _runLeft--;
        if (_pendingCount > 0 && block != FileBlockOf(_pending[0]) + _pendingCount) FlushPending();
        ref Place place = ref _places[frame.Ordinal - _first];
        place.FileBlock = checked((int)block);
        frame.State = FrameState.Writing;
        _keptCount--;
        _ring.Add(slot);
        _pending[_pendingCount++] = slot;
        frame.Leader = _pending[0];
        if (_pendingCount == _groupMax) FlushPending();
    }

    private int FileBlockOf(int slot) => _places[_frames[slot].Ordinal - _first].FileBlock;

    private void FlushPending()
    {
        int count = _pendingCount;
        if (count == 0) return;
        _pendingCount = 0;
        for (int index = 0; index < count; index++) _vectors[index] = new IoVector(_memory.AddressOf(_pending[index]), (nuint)BlockBytes);
        _file ??= _owner.Space.CreateFile(_owner);
        _file.StartWrite(TransferOf(_pending[0]), (long)FileBlockOf(_pending[0]) * BlockBytes, _vectors.AsSpan(0, count));
        _writes++;
        _bytesWritten += (long)count * BlockBytes;
    }

    // The frames of the transfer are settled together: afterwards each stands for itself.
    private void Settle(int slot)
    {
        ref Frame frame = ref _frames[slot];
        if (frame.State is not (FrameState.Writing or FrameState.Reading)) return;
        int leader = frame.Leader;
        if (_pendingCount > 0 && leader == _pending[0]) FlushPending();
        BufFileTransfer transfer = TransferOf(leader);
        if (frame.State == FrameState.Writing)
        {
            if (!transfer.IsDone) _writeStalls++;
            BufFile.WaitForWrite(transfer, _cancellationToken);
        }
        else
        {
            BufFile.WaitForRead(transfer, _cancellationToken);
        }

        foreach (int other in _ring)
        {
            ref Frame settled = ref _frames[other];
            if (settled.Leader != leader || settled.State is not (FrameState.Writing or FrameState.Reading)) continue;
            settled.State = FrameState.Clean;
            settled.Leader = other;
        }
    }

    // The oldest in the ring that nobody will read soon; else one that was read ahead, but not one that somebody reads.
    private int FindVictim(bool isForAhead)
    {
        int unsettled = -1;
        int wanted = -1;
        foreach (int slot in _ring)
        {
            ref Frame frame = ref _frames[slot];
            bool isWanted = false;
            bool isCurrent = false;
            foreach (TupleWindow window in _windows)
            {
                isWanted |= window.Wants(frame.Ordinal);
                isCurrent |= window.Current == frame.Ordinal;
            }

            if (isCurrent) continue;
            if (isWanted) wanted = slot;
            else if (frame.State == FrameState.Clean || IsOver(frame.Leader)) return slot;
            else if (unsettled < 0) unsettled = slot;
        }

        if (isForAhead) return -1;
        return unsettled >= 0 ? unsettled : wanted;
    }

    // Settling it does not wait. A group of writes that was not sent yet has nothing on its way, and is not over.
    private bool IsOver(int leader) => !(_pendingCount > 0 && leader == _pending[0]) && TransferOf(leader).IsDone;

    private void Evict(int slot)
    {
        LeaveRing(slot);
        _places[_frames[slot].Ordinal - _first].Slot = -1;
        _frames[slot].State = FrameState.Free;
    }

    private void LeaveRing(int slot)
    {
        Settle(slot);
        _ring.Remove(slot);
    }

    private void ReadAhead(TupleWindow window)
    {
        int direction = window.Direction;
        long asked = Math.Abs(window.AheadTo - window.Current);

        // Asked for in groups, so that blocks that follow each other are read together.
        if (asked > 0 && window.Distance - asked < Math.Min(_groupMax, Math.Max(1, window.Distance / 2))) return;
        Span<long> ordinals = stackalloc long[Limits.VectorsMax];
        while (Math.Abs(window.AheadTo - window.Current) < window.Distance)
        {
            int count = 0;
            while (count < _groupMax && Math.Abs(window.AheadTo - window.Current) < window.Distance)
            {
                long ordinal = window.AheadTo + direction;
                if (ordinal < _first || ordinal >= End) break;
                ref Place place = ref _places[ordinal - _first];
                if (place.Slot < 0)
                {
                    if (count > 0 && place.FileBlock != _places[ordinals[count - 1] - _first].FileBlock + direction) break;
                    int slot = TakeForAhead();
                    if (slot < 0) break;
                    _reading[count] = slot;
                    ordinals[count++] = ordinal;
                }
                else if (count > 0)
                {
                    break;
                }

                window.AheadTo = ordinal;
            }

            if (count == 0) return;
            if (direction < 0)
            {
                _reading.AsSpan(0, count).Reverse();
                ordinals[..count].Reverse();
            }

            StartRead(ordinals, count);
        }
    }

    private int TakeForAhead()
    {
        int slot = _memory.TryTake();
        if (slot >= 0) return slot;
        int victim = FindVictim(isForAhead: true);
        if (victim >= 0) Evict(victim);
        return victim;
    }

    // Into the slots of the group, which follow each other in the file.
    private void StartRead(ReadOnlySpan<long> ordinals, int count)
    {
        int leader = _reading[0];
        for (int index = 0; index < count; index++)
        {
            int slot = _reading[index];
            Enter(slot, ordinals[index], FrameState.Reading);
            _frames[slot].Leader = leader;
            _places[ordinals[index] - _first].Slot = slot;
            _ring.Add(slot);
            _vectors[index] = new IoVector(_memory.AddressOf(slot), (nuint)BlockBytes);
        }

        _file!.StartRead(TransferOf(leader), (long)FileBlockOf(leader) * BlockBytes, _vectors.AsSpan(0, count));
        _reads++;
        _bytesRead += (long)count * BlockBytes;
    }

    private struct Place
    {
        internal int Slot;
        internal int FileBlock;
    }

    private struct Frame
    {
        internal long Ordinal;
        internal BufFileTransfer? Transfer;
        internal int Leader;
        internal FrameState State;
    }
}
