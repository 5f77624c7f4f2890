namespace Sluice.Storage;

/// <summary>
/// One read of neighbouring blocks, from <see cref="BufferSession.StartReadBuffers"/> to the end of
/// <see cref="BufferSession.WaitReadBuffers"/>. Made once and used again; belongs to one flow.
/// </summary>
/// <remarks>
/// The pins stand in the caller's array, which the operation uses until it is over: those of the blocks that it reads, and after them
/// those it pinned and does not read (forwarded). Forwarded ones are to be left in place and offered to the next start, or released.
/// </remarks>
public sealed class ReadOperation
{
    private AioReturn _return = new();

    internal ReadOperation(BufferSession session) => Session = session;

    /// <summary>The session it belongs to.</summary>
    public BufferSession Session { get; }

    /// <summary>The first block.</summary>
    public uint Block { get; internal set; }

    /// <summary>How many blocks it covers, from <see cref="Block"/> on.</summary>
    public int BlockCount { get; internal set; }

    /// <summary>How many of them are done.</summary>
    public int BlocksDone { get; internal set; }

    /// <summary>Whether it needs <see cref="BufferSession.WaitReadBuffers"/> still.</summary>
    public bool IsPending { get; internal set; }

    /// <summary>Whether it only waits for what another began.</summary>
    public bool IsForeign { get; internal set; }

    /// <summary>Whether the start found the first block in memory, so that there was nothing to do.</summary>
    public bool WasHit { get; internal set; }

    /// <summary>How many I/Os it started: more than one when an I/O was short or another's failed.</summary>
    public int IoCount { get; internal set; }

    /// <summary>What it waits for; invalid when it waits for nothing.</summary>
    public WaitReference Reference { get; internal set; }

    internal AioReturn Return => _return;

    internal Relation Relation { get; set; } = null!;

    internal RelationFork Fork { get; set; }

    internal AccessRing? Ring { get; set; }

    internal ReadFlags Flags { get; set; }

    internal BufferFrames Frames { get; set; } = null!;

    internal BufferPin[] Buffers { get; set; } = [];

    internal int Offset { get; set; }

    /// <summary>How many blocks are asked for, as far as one operation can have them.</summary>
    internal int Wanted { get; set; }

    /// <summary>How many were looked at and pinned, in the phase of pinning.</summary>
    internal int Pinned { get; set; }

    internal bool HasStarted { get; set; }

    internal ref BufferPin PinAt(int block) => ref Buffers[Offset + block];

    internal ReadOperation? NextInPool { get; set; }

    /// <summary>
    /// Gives the operation up without waiting: the I/O goes on by itself, and its pages stay in memory until it has ended. The caller
    /// releases the pins in the array.
    /// </summary>
    public void Abandon()
    {
        IsPending = false;
        Reference = default;

        // The I/O in flight fills the old one when its handle is taken back.
        if (_return.IsPending) _return = new AioReturn();
    }
}
