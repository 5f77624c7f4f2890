namespace Sluice.Wal;

/// <summary>
/// A log while it is being replayed, as far as those need it who write pages: a page that was changed by replay may be written only when the log that
/// says so is durable, and what replay has read may stand in caches only.
/// </summary>
/// <remarks>
/// Most of the time nothing is to be done: pages of the log say which position was durable when they were first written, and replay is behind what was
/// read. Whatever lies between is written again, as it stands there, and flushed. No byte more than once.
/// </remarks>
internal sealed class RecoveringLog(AioSystem system) : IDisposable
{
    private readonly SemaphoreSlim _turn = new(1);
    private Func<ulong, string>? _pathOf;
    private WalIdentity _identity;
    private ulong _durable;
    private ulong _read;

    /// <summary>Up to where the log is durable for certain. Any thread.</summary>
    internal ulong Durable => Volatile.Read(ref _durable);

    public void Dispose() => _turn.Dispose();

    /// <summary>Reading begins.</summary>
    /// <param name="pathOf">The file of a segment.</param>
    /// <param name="identity">Which log it is.</param>
    /// <param name="durable">Everything before it is durable.</param>
    internal void Begin(Func<ulong, string> pathOf, WalIdentity identity, ulong durable)
    {
        _pathOf = pathOf;
        _identity = identity;
        Raise(durable);
    }

    /// <summary>A record was read and verified. By the flow that reads.</summary>
    /// <param name="end">Where it ends.</param>
    /// <param name="durable">What is known to be durable by now.</param>
    internal void Note(ulong end, ulong durable)
    {
        Volatile.Write(ref _read, end);
        if (durable > Volatile.Read(ref _durable)) Raise(durable);
    }

    /// <summary>Makes durable what was read. Any thread, many at once.</summary>
    /// <param name="upTo">At most what was read.</param>
    /// <param name="cancellationToken">Ends the wait for others.</param>
    /// <exception cref="AioException">When awaited: it cannot be written or flushed.</exception>
    internal async ValueTask FlushAsync(LogPosition upTo, CancellationToken cancellationToken)
    {
        if (upTo.Value <= Durable) return;
        await _turn.WaitAsync(cancellationToken);
        try
        {
            if (upTo.Value <= Durable) return;
            ulong stop = Volatile.Read(ref _read);
            if (_pathOf is null || upTo.Value > stop)
            {
                throw new WalException($"A page to be written is of {upTo}, and the log was read up to {new LogPosition(stop)} only: the page is of another log, or the log has lost its end. Restore both from one backup.");
            }

            // Past no cache: what is read for it is what replay has seen, or what replaced it with the same bytes.
            await LogTail.WriteAgainAsync(system, _pathOf, _identity, Durable, stop, direct: false, alignment: 1);
            Raise(stop);
        }
        finally
        {
            _turn.Release();
        }
    }

    private void Raise(ulong durable)
    {
        ulong seen = Volatile.Read(ref _durable);
        while (seen < durable)
        {
            ulong found = Interlocked.CompareExchange(ref _durable, durable, seen);
            if (found == seen) return;
            seen = found;
        }
    }
}
