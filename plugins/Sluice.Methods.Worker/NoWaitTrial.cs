namespace Sluice.Methods.Worker;

/// <summary>
/// Decides whether a buffered read is first tried without blocking. A hit saves the whole hand-over to a worker; a miss costs one
/// system call for nothing, so a context whose data is not cached stops paying for it.
/// </summary>
/// <remarks>
/// Rule: every read is tried until <see cref="MissesBeforeSparse"/> trials in a row found nothing. From then on only each
/// <see cref="SparsePeriod"/>th read is tried, until one trial finds its data: then every read is tried again. A workload without
/// a hit thus pays for 1 of 16 reads; one whose data has become cached notices after at most 16 reads. Eight misses in a row
/// happen by chance once in 256 runs when half of the data is cached, and then cost at most 16 hand-overs.
/// Direct files never come here. One per context, used by its submitter only.
/// </remarks>
internal struct NoWaitTrial
{
    internal const int MissesBeforeSparse = 8;
    internal const int SparsePeriod = 16;

    private int _missesInARow;
    private int _skipped;

    internal bool ShouldTry()
    {
        if (_missesInARow < MissesBeforeSparse) return true;
        if (++_skipped < SparsePeriod) return false;
        _skipped = 0;
        return true;
    }

    internal void Hit()
    {
        _missesInARow = 0;
        _skipped = 0;
    }

    internal void Missed()
    {
        if (_missesInARow < MissesBeforeSparse) _missesInARow++;
    }
}
