namespace Sluice.Storage;

/// <summary>
/// One write of neighbouring dirty pages, from <see cref="BufferSession.TryStartWriteBuffers"/> to its outcome. Made once and used again;
/// belongs to one flow. The write itself needs it no more once it was started.
/// </summary>
public sealed class WriteOperation
{
    private readonly BufferSlot[] _slots;

    internal WriteOperation(BufferSession session, AioReturnQueue? queue, int tag)
    {
        Session = session;
        Return = new AioReturn(queue, tag);
        _slots = new BufferSlot[session.CombineMax];
    }

    /// <summary>The session it belongs to.</summary>
    public BufferSession Session { get; }

    /// <summary>Where the I/O's own outcome arrives; for a caller that collects them in a queue.</summary>
    public AioReturn Return { get; }

    /// <summary>Whether it was started and its outcome not yet taken.</summary>
    public bool IsPending { get; internal set; }

    /// <summary>The I/O; invalid before the first start.</summary>
    public WaitReference Reference { get; internal set; }

    /// <summary>How many pages are, or were, written together.</summary>
    public int BlockCount { get; internal set; }

    /// <summary>The pages.</summary>
    public ReadOnlySpan<BufferSlot> Slots => _slots.AsSpan(0, BlockCount);

    /// <summary>How many of them are written, from the first on; the others are dirty as before and can be offered again.</summary>
    public int BlocksWritten { get; internal set; }

    /// <summary>Why the write failed; null when it did not. The pages that were not written stay dirty.</summary>
    public Exception? Failure { get; internal set; }

    /// <summary>The latest log position of its pages.</summary>
    internal LogPosition Log { get; set; }

    internal RelationKey Relation { get; set; }

    internal BufferFrames Frames { get; set; } = null!;

    internal void Reset()
    {
        BlockCount = 0;
        BlocksWritten = 0;
        Failure = null;
        Log = default;
    }

    internal void Add(in BufferSlot slot) => _slots[BlockCount++] = slot;

    internal void RemoveLast() => BlockCount--;

    /// <summary>Throws when the write failed.</summary>
    public void ThrowIfFailed()
    {
        if (Failure is not null) throw Failure;
    }
}
