namespace Sluice.Storage;

/// <summary>
/// A few buffers that one flow uses over and over, so that reading or writing much does not push everything else out of the pool:
/// PostgreSQL's buffer access strategy. Belongs to one flow.
/// </summary>
public sealed class AccessRing
{
    private readonly int[] _buffers;

    private AccessRing(IoContext kind, int count)
    {
        Kind = kind;
        _buffers = new int[count];
        Array.Fill(_buffers, -1);
    }

    /// <summary>In which kind of access its I/O is counted.</summary>
    public IoContext Kind { get; }

    /// <summary>How many buffers it uses at most.</summary>
    public int BufferCount => _buffers.Length;

    /// <summary>
    /// How many pages a flow should keep pinned at most, so that the ring can go round: all of it for reading, half for others, whose pages
    /// have to be written before they can be used again.
    /// </summary>
    public int PinMax => Kind == IoContext.BulkRead ? _buffers.Length : Math.Max(1, _buffers.Length / 2);

    internal int Position { get; private set; }

    /// <summary>For reading a large relation once: 256 KiB, and room for what is read ahead.</summary>
    /// <param name="pool">The pool.</param>
    /// <param name="blocksInFlight">How many blocks are read ahead at most.</param>
    public static AccessRing ForBulkRead(BufferPool pool, int blocksInFlight) => Make(pool, IoContext.BulkRead, (256 << 10) / StorageLimits.PageBytes, blocksInFlight);

    /// <summary>For writing a large relation: 16 MiB.</summary>
    /// <param name="pool">The pool.</param>
    public static AccessRing ForBulkWrite(BufferPool pool) => Make(pool, IoContext.BulkWrite, (16 << 20) / StorageLimits.PageBytes, 0);

    /// <summary>For vacuuming: 2 MiB unless said otherwise.</summary>
    /// <param name="pool">The pool.</param>
    /// <param name="bytes">How much memory it may use.</param>
    public static AccessRing ForVacuum(BufferPool pool, int bytes = 2 << 20) => Make(pool, IoContext.Vacuum, bytes / StorageLimits.PageBytes, 0);

    /// <summary>Moves on to the next place.</summary>
    /// <returns>The buffer that stands there; -1 for none yet.</returns>
    internal int Advance()
    {
        Position = Position + 1 == _buffers.Length ? 0 : Position + 1;
        return _buffers[Position];
    }

    /// <summary>Puts the place back, because what stands there is wanted and not ready.</summary>
    internal void StepBack() => Position = Position == 0 ? _buffers.Length - 1 : Position - 1;

    /// <summary>The buffer so many places ahead.</summary>
    internal int Ahead(int places) => _buffers[(Position + places) % _buffers.Length];

    /// <summary>Puts a buffer into the place.</summary>
    internal void Put(int index) => _buffers[Position] = index;

    // An eighth of the pool at most: what is used once may not push out what is used often.
    private static AccessRing Make(BufferPool pool, IoContext kind, int count, int more) =>
        new(kind, Math.Max(1, (int)Math.Min((long)count + more, pool.BufferCount / 8)));
}
