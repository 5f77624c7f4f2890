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
/// <para>The other way round, <c>RWF_NOWAIT</c> makes a small read of cached data about 5 % dearer than a plain one. So after
/// <see cref="HitsBeforeTrust"/> hits in a row reads of at most <see cref="TrustedBytesMax"/> bytes are executed by the issuer outright,
/// all but each <see cref="TrustPeriod"/>th, which is tried and ends the trust when it misses. What that can cost: at most 7 reads
/// that wait for the device in the issuer, once, when a workload that never missed begins to miss.</para>
/// Direct files never come here. One per context, used by its issuer only.
/// </remarks>
internal struct NoWaitTrial
{
    internal const int MissesBeforeSparse = 8;
    internal const int SparsePeriod = 16;

    internal const int HitsBeforeTrust = 128;
    internal const int TrustPeriod = 8;
    internal const int TrustedBytesMax = 16 << 10;
    internal const int HitsBeforeSharing = 8;

    private int _missesInARow;
    private int _hitsInARow;
    private int _trusted;
    private int _skipped;

    /// <summary>Whether the data is cached, as it seems, so that reading it is a copy.</summary>
    internal readonly bool IsCached => _hitsInARow >= HitsBeforeSharing;

    internal bool ShouldTry()
    {
        if (_missesInARow < MissesBeforeSparse) return true;
        if (++_skipped < SparsePeriod) return false;
        _skipped = 0;
        return true;
    }

    /// <summary>Whether the read is executed outright, because its data is cached by all experience.</summary>
    internal bool ShouldTrust(long lengthBytes)
    {
        if (_hitsInARow < HitsBeforeTrust || lengthBytes > TrustedBytesMax) return false;
        if (++_trusted < TrustPeriod) return true;
        _trusted = 0;
        return false;
    }

    internal void Hit()
    {
        if (_hitsInARow < HitsBeforeTrust) _hitsInARow++;
        _missesInARow = 0;
        _skipped = 0;
    }

    internal void Missed()
    {
        _hitsInARow = 0;
        if (_missesInARow < MissesBeforeSparse) _missesInARow++;
    }
}
