namespace Sluice.TempFiles;

// One flow, and yet the device works while records are added and sorted. There are two runs, each with half of the memory: one is
// filled, then sorted, while the other is written. The room of the one that is filled is given to the producer a part at a time, and
// after each part some of the other run is written; so it is after each group of the one that is sorted. Writes are thus spread over the
// whole time in which the next run comes to be. Nothing is written before both are full: what fits in memory stays there.
internal sealed unsafe partial class RecordSorter<TOrder>
{
    private const int Parts = 64;
    private const int PartBytesMin = 4096;

    private readonly bool _takesTurns;
    private readonly long _partBytes;
    private readonly Action _drainBetweenGroups;
    private RunBuilder<TOrder>? _other;
    private byte* _partStart;
    private bool _hasBegunTurns;

    // The first n of all are kept in one run that never grows; a result with random access is one run when it fits.
    private static bool MayTakeTurns(ExternalSortOptions options) =>
        options is { Parallelism: 1, HasRandomAccess: false, Limit: long.MaxValue, MemoryBytes: >= 2 * SortPlan.MemoryBytesMin };

    // A part is full. A record longer than a part gets all the room there is.
    private void TakeTurns()
    {
        _withheldBytes = Tail == _partStart ? 0 : Math.Max(0, _withheldBytes - _partBytes);
        _partStart = Tail;

        // Half of the other run while this one is filled, half while it is sorted, which takes about as long.
        _other?.Drain(_partBytes / 2);
        GoOn(_current);
    }

    // The run is full: it is written next, and the one that was is filled.
    private void Exchange()
    {
        RunBuilder<TOrder> full = _current;
        if (_other is null)
        {
            _current = AddBuilder(_context.System);
        }
        else
        {
            if (!_hasBegunTurns) _other.BeginDrain();
            _hasBegunTurns = true;
            full.Sort(_drainBetweenGroups);
            _other.Drain(long.MaxValue);
            full.BeginDrain();
            _current = _other;
        }

        _other = full;
        _partStart = _current.Tail;
    }
}
