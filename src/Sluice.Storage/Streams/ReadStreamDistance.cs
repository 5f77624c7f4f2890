namespace Sluice.Storage;

/// <summary>
/// How far a read stream looks ahead and how much it reads at once: two distances with different signals. A wait says that the reads came
/// too late, so only a wait lets the stream look further ahead. Any I/O at all says that pages are not cached, and then larger reads save
/// system calls whether somebody waited or not. Hits let both shrink, but not before a whole window of them went by without an I/O.
/// </summary>
/// <remarks>
/// <para>The algorithm is that of PostgreSQL 19's read stream. Plain arithmetic without I/O, so that it can be tested alone.</para>
/// <para>
/// Invariants: 0 &lt;= <see cref="ReadAhead"/> &lt;= <see cref="PinnedMax"/>; 0 &lt;= <see cref="Combine"/> &lt;= min(combine limit,
/// <see cref="PinnedMax"/>); both are 0 together, and that means that nothing more is looked for: the stream has ended or is paused.
/// </para>
/// </remarks>
internal struct ReadStreamDistance
{
    private readonly int _combineMax;
    private readonly int _startAt;
    private int _resumeReadAhead;
    private int _resumeCombine;

    /// <summary>Makes the distances of a new stream.</summary>
    /// <param name="pinnedMax">How many buffers may be pinned at once; at least 1.</param>
    /// <param name="combineMax">How many blocks one I/O may have; at least 1.</param>
    /// <param name="ioMax">How many I/Os may be in progress; at least 1.</param>
    /// <param name="isFull">Whether everything will be read: then there is no reason to begin carefully.</param>
    internal ReadStreamDistance(int pinnedMax, int combineMax, int ioMax, bool isFull)
    {
        StorageInvariant.Check(
            pinnedMax >= 1 && combineMax >= 1 && ioMax >= 1, "A read stream pins, combines and reads at least one block.");
        PinnedMax = pinnedMax;
        IoMax = ioMax;
        _combineMax = Math.Min(combineMax, pinnedMax);
        _startAt = isFull ? _combineMax : 1;
        ReadAhead = _startAt;
        Combine = _startAt;
    }

    /// <summary>How many buffers may be pinned at once.</summary>
    internal int PinnedMax { get; }

    /// <summary>How many I/Os may be in progress.</summary>
    internal int IoMax { get; }

    /// <summary>How many blocks may be pinned and pending together; 0 when nothing more is looked for.</summary>
    internal int ReadAhead { get; private set; }

    /// <summary>How large a read may grow before it is issued, in blocks; 0 when nothing more is looked for.</summary>
    internal int Combine { get; private set; }

    /// <summary>How many hits are still forgiven before the distances shrink.</summary>
    internal int HoldOff { get; private set; }

    /// <summary>Whether nothing more is looked for: the stream has ended or is paused.</summary>
    internal readonly bool IsEnded => ReadAhead == 0;

    /// <summary>Whether both distances are at their least, where the path for cached pages may be taken.</summary>
    internal readonly bool IsShortest => ReadAhead == 1 && Combine == 1;

    /// <summary>An I/O was consumed.</summary>
    /// <param name="waited">Whether the consumer had to wait for it; an I/O done synchronously always counts as a wait.</param>
    internal void IoConsumed(bool waited)
    {
        if (IsEnded) return;
        if (waited) ReadAhead = Math.Min(ReadAhead * 2, PinnedMax);
        Combine = Math.Min(Combine * 2, _combineMax);
        HoldOff = PinnedMax;
    }

    /// <summary>A read was started and turned out to be a hit.</summary>
    /// <param name="iosInProgress">How many I/Os of the stream are in progress: while there are any, a hit says nothing.</param>
    internal void Hit(int iosInProgress)
    {
        if (iosInProgress != 0 || IsEnded) return;
        if (HoldOff > 0)
        {
            HoldOff--;
            return;
        }

        if (ReadAhead > 1) ReadAhead--;
        if (Combine > 1) Combine--;
    }

    /// <summary>The limit of pins was met: looking further ahead than what may be pinned is of no use.</summary>
    /// <param name="blocks">How many may be pinned now.</param>
    internal void LimitReadAhead(int blocks)
    {
        if (!IsEnded) ReadAhead = Math.Clamp(blocks, 1, ReadAhead);
    }

    /// <summary>No more blocks: what is pending is issued, what is pinned handed out.</summary>
    internal void End() => ReadAhead = Combine = 0;

    /// <summary>No more blocks for now; the distances are kept for <see cref="Resume"/>.</summary>
    internal void Pause()
    {
        if (IsEnded) return;
        (_resumeReadAhead, _resumeCombine) = (ReadAhead, Combine);
        End();
    }

    /// <summary>Goes on where <see cref="Pause"/> was called.</summary>
    internal void Resume()
    {
        if (!IsEnded || _resumeReadAhead == 0) return;
        (ReadAhead, Combine) = (_resumeReadAhead, _resumeCombine);
        _resumeReadAhead = _resumeCombine = 0;
    }

    /// <summary>Begins anew, carefully: the blocks to come need not be like those before.</summary>
    internal void Reset()
    {
        ReadAhead = Combine = 1;
        HoldOff = 0;
        _resumeReadAhead = _resumeCombine = 0;
    }

    /// <summary>Whether to ask for another block.</summary>
    /// <param name="pinned">Buffers that are pinned.</param>
    /// <param name="pending">Blocks of the read that is being put together.</param>
    /// <param name="iosInProgress">I/Os in progress.</param>
    internal readonly bool LooksAhead(int pinned, int pending, int iosInProgress)
    {
        if (IsEnded || iosInProgress >= IoMax) return false;

        // The read that somebody needs at once is made as large as it may be, even beyond the other distance.
        if (pending > 0 && pinned == 0 && pending < Combine) return true;
        return pinned + pending < ReadAhead;
    }

    /// <summary>Whether to issue the read that was put together, instead of letting it grow.</summary>
    /// <param name="pinned">Buffers that are pinned.</param>
    /// <param name="pending">Blocks of that read.</param>
    /// <param name="iosInProgress">I/Os in progress.</param>
    internal readonly bool Issues(int pinned, int pending, int iosInProgress)
    {
        if (pending == 0 || iosInProgress >= IoMax) return false;
        return IsEnded || pending >= Combine || (pinned == 0 && !LooksAhead(pinned, pending, iosInProgress));
    }
}
