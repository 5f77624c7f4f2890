namespace Sluice.TempFiles;

/// <summary>One tape of a merge: the block at hand, and the queue of those that are read or on their way.</summary>
internal sealed unsafe class TapeCursor
{
    private readonly TapeMergeReader _merge;
    private readonly int[] _queue;
    private int _head;

    internal TapeCursor(TapeMergeReader merge, LogicalTape tape, int queueLength)
    {
        _merge = merge;
        Tape = tape;
        _queue = new int[queueLength];
    }

    internal LogicalTape Tape { get; }

    /// <summary>The bytes not yet taken of the block at hand.</summary>
    internal byte* Current { get; set; }

    /// <summary>Where the block at hand ends.</summary>
    internal byte* End { get; private set; }

    /// <summary>How many buffers it has, the one at hand among them.</summary>
    internal int Held { get; private set; }

    /// <summary>How many buffers it should have, by how fast it was read lately.</summary>
    internal int Target { get; set; } = 2;

    /// <summary>How much it was read lately.</summary>
    internal int Weight { get; set; } = 1;

    /// <summary>The first block that was not yet asked for.</summary>
    internal long NextBlock { get; set; }

    /// <summary>The block at hand; -1 before the first.</summary>
    internal long BlockAtHand { get; private set; } = -1;

    internal bool IsAllAsked => NextBlock >= Tape.BlockCount;

    /// <summary>Goes to the next block, giving the one at hand back. Waits if it is not yet read.</summary>
    /// <returns>False at the end of the tape.</returns>
    internal bool MoveNext()
    {
        if (BlockAtHand >= 0) Leave();
        if (BlockAtHand + 1 >= Tape.BlockCount) return false;
        int slot = _merge.Arrive(this);
        BlockAtHand++;
        Current = _merge.AddressOf(slot);
        End = Current + Math.Min(Tape.Set.BlockBytes, Tape.LengthBytes - (BlockAtHand * Tape.Set.BlockBytes));
        return true;
    }

    /// <summary>A buffer that comes next, or after the next.</summary>
    internal int Peek(int ahead = 0)
    {
        int index = _head + ahead;
        return _queue[index < _queue.Length ? index : index - _queue.Length];
    }

    internal void Enqueue(int slot)
    {
        int tail = _head + Held;
        if (tail >= _queue.Length) tail -= _queue.Length;
        _queue[tail] = slot;
        Held++;
    }

    private void Leave()
    {
        if (Held == 0) return;
        int slot = _queue[_head];
        if (++_head == _queue.Length) _head = 0;
        Held--;
        Current = End = null;
        _merge.Leave(this, slot);
    }
}
