namespace Sluice.Storage;

/// <summary>
/// Counts of one session, or a sum. One flow writes, with plain stores; anybody reads, word by word and so never torn, perhaps a little old.
/// </summary>
/// <remarks>Each session has its own, so that counting touches no line that another core writes.</remarks>
internal sealed class IoCounters
{
    private const int Contexts = 4;
    private const int Actions = 8;
    private const int Cells = 3 * Contexts * Actions;

    private readonly long[] _counts = new long[Cells];
    private readonly long[] _bytes = new long[Cells];
    private readonly long[] _ticks = new long[Cells];

    internal void Add(IoObject kind, IoContext context, IoAction action, long count, long bytes = 0, long ticks = 0)
    {
        int cell = CellOf(kind, context, action);
        _counts[cell] += count;
        _bytes[cell] += bytes;
        _ticks[cell] += ticks;
    }

    /// <summary>Counts a hit: what happens most.</summary>
    internal void AddHit(IoObject kind, IoContext context) => _counts[CellOf(kind, context, IoAction.Hit)]++;

    internal (long Count, long Bytes, long Ticks) Read(IoObject kind, IoContext context, IoAction action)
    {
        int cell = CellOf(kind, context, action);
        return (Volatile.Read(ref _counts[cell]), Volatile.Read(ref _bytes[cell]), Volatile.Read(ref _ticks[cell]));
    }

    internal void AddTo(IoCounters sum)
    {
        for (int cell = 0; cell < Cells; cell++)
        {
            sum._counts[cell] += Volatile.Read(ref _counts[cell]);
            sum._bytes[cell] += Volatile.Read(ref _bytes[cell]);
            sum._ticks[cell] += Volatile.Read(ref _ticks[cell]);
        }
    }

    private static int CellOf(IoObject kind, IoContext context, IoAction action) => ((((int)kind * Contexts) + (int)context) * Actions) + (int)action;
}
