namespace Sluice.Methods.IoUring;

/// <summary>
/// What a context keeps per request in flight, indexed by <see cref="IoRequest.Slot"/>. Written by the submitter before the
/// entry is published and by the reaper after its completion was seen; the ring's fences order the two (see <see cref="Ring"/>).
/// </summary>
internal struct SlotState
{
    /// <summary>The request, from submission to the last of its completions.</summary>
    internal IoRequest? Request;

    /// <summary>The request's token.</summary>
    internal ulong Token;

    /// <summary>Grows with each submission; its lower bits travel through the kernel, so that a stray completion is recognised.</summary>
    internal ulong Generation;

    /// <summary>How the write's flush is done.</summary>
    internal FlushMode Flush;

    /// <summary>Of a linked pair: whether the write's completion was seen.</summary>
    internal bool HasWriteResult;

    /// <summary>Of a linked pair: whether the flush's completion was seen.</summary>
    internal bool HasFlushResult;

    /// <summary>Of a linked pair: the write's result.</summary>
    internal int WriteResult;

    /// <summary>Of a linked pair: the flush's result.</summary>
    internal int FlushResult;
}

/// <summary>How the flush that belongs to a write is done.</summary>
internal enum FlushMode : byte
{
    /// <summary>There is none.</summary>
    None,

    /// <summary>By an entry linked to the write's.</summary>
    Linked,

    /// <summary>By the reaper, once the write has completed.</summary>
    ByReaper,
}
