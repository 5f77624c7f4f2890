namespace Sluice.Methods;

/// <summary>
/// One I/O as a method sees it. Belongs to a handle, is made at start and used again and again: between submission and
/// completion the method may read it, before and after it must not touch it.
/// </summary>
public sealed unsafe class IoRequest
{
    private readonly IoVector* _vectors;

    internal IoRequest(int slot, IoVector* vectors)
    {
        Slot = slot;
        _vectors = vectors;
    }

    /// <summary>
    /// The number of the request within its context, below <see cref="IoMethodContextOptions.HandleCount"/>: an index for a method's own
    /// per-request state.
    /// </summary>
    public int Slot { get; }

    /// <summary>
    /// Names this I/O: handle and generation. To be given back at completion. The top four bits are zero and the method's own
    /// to use on the way (they must be zero again in the completion).
    /// </summary>
    public ulong Token { get; internal set; }

    /// <summary>What to do.</summary>
    public IoOperation Operation { get; internal set; }

    /// <summary>How to do it.</summary>
    public IoRequestFlags Flags { get; internal set; }

    /// <summary>The number of vectors; 0 for operations without memory.</summary>
    public int VectorCount { get; internal set; }

    /// <summary>Where in the file, in bytes.</summary>
    public long OffsetBytes { get; internal set; }

    /// <summary>
    /// The sum of the vectors' lengths, or the length of the range. Never 0 for a read or write: the runtime completes those itself.
    /// </summary>
    public long LengthBytes { get; internal set; }

    /// <summary>The file; held open until the completion was delivered.</summary>
    public IoFile File { get; internal set; } = null!;

    /// <summary>The vectors, in native memory laid out as the system's <c>iovec[]</c>; valid until the completion was delivered.</summary>
    public IoVector* Vectors => _vectors;

    /// <summary>The vectors as a span.</summary>
    public ReadOnlySpan<IoVector> VectorSpan => new(_vectors, VectorCount);

    /// <summary>Whether all of <paramref name="flag"/> is set.</summary>
    /// <param name="flag">The flags to look for.</param>
    public bool Has(IoRequestFlags flag) => (Flags & flag) == flag;
}
