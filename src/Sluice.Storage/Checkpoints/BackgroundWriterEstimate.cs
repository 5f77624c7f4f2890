namespace Sluice.Storage;

/// <summary>
/// How many buffers the background writer should make clean ahead of the clock hand: as many as will be wanted before its next round, by
/// the pace at which buffers were taken and by how many buffers the hand had to look at for each.
/// </summary>
/// <remarks>
/// <para>
/// PostgreSQL's estimate. The pace follows a rise at once and a fall slowly (16 samples); the density, buffers looked at per buffer that
/// could be taken, is a moving average over 16 samples that starts at 10. At least so much is looked at that the whole pool is covered in
/// two minutes. The cleaner never laps the hand: beyond it lie buffers whose usage is still being counted down.
/// </para>
/// <para>Plain arithmetic without I/O. Use per round: <see cref="BeginRound"/>, then <see cref="Visited"/> while <see cref="WantsMore"/>,
/// then <see cref="EndRound"/>.</para>
/// </remarks>
internal struct BackgroundWriterEstimate
{
    /// <summary>Over how many rounds averages go.</summary>
    internal const int SmoothingSamples = 16;

    /// <summary>The density that is assumed before anything is known.</summary>
    internal const double DensityAtStart = 10.0;

    /// <summary>In which time the whole pool is covered at least.</summary>
    internal const double WholePoolSeconds = 120;

    private readonly int _bufferCount;
    private readonly double _multiplier;
    private readonly int _minimumScan;
    private bool _knowsHand;
    private int _handBefore;
    private long _passesBefore;
    private long _cleanerPass;
    private double _smoothedAllocations;
    private int _toLap;
    private int _toScan;
    private int _reusableAtStart;
    private int _reusable;
    private int _wanted;
    private int _recentAllocations;

    /// <summary>Makes an estimate that knows nothing yet.</summary>
    /// <param name="bufferCount">The size of the pool.</param>
    /// <param name="multiplier">How many times the expected demand is made clean.</param>
    /// <param name="roundsPerSecond">How often rounds are made.</param>
    internal BackgroundWriterEstimate(int bufferCount, double multiplier, double roundsPerSecond)
    {
        _bufferCount = bufferCount;
        _multiplier = multiplier;

        // At least one, so that a small pool is covered as well.
        _minimumScan = (int)Math.Ceiling(bufferCount / (WholePoolSeconds * roundsPerSecond));
        Density = DensityAtStart;
    }

    /// <summary>The buffer that is looked at next.</summary>
    internal int Cleaner { get; private set; }

    /// <summary>Buffers looked at per buffer that could be taken.</summary>
    internal double Density { get; private set; }

    /// <summary>Buffers taken per round, smoothed.</summary>
    internal readonly double Allocations => _smoothedAllocations;

    /// <summary>How many clean buffers are wanted ahead of the hand in this round.</summary>
    internal readonly int Wanted => _wanted;

    /// <summary>Whether the round should look at another buffer.</summary>
    internal readonly bool WantsMore => _toScan > 0 && _reusable < _wanted;

    /// <summary>Takes note of what happened since the last round, and plans this one.</summary>
    /// <param name="hand">Where the clock hand is.</param>
    /// <param name="passes">How often the hand went round the pool.</param>
    /// <param name="recentAllocations">How many buffers were taken since the last round.</param>
    internal void BeginRound(int hand, long passes, int recentAllocations)
    {
        long moved = 0;
        if (_knowsHand)
        {
            moved = hand - _handBefore + ((passes - _passesBefore) * _bufferCount);
            PlaceCleaner(hand, passes);
        }
        else
        {
            CatchUp(hand, passes);
            _knowsHand = true;
        }

        (_handBefore, _passesBefore, _recentAllocations) = (hand, passes, recentAllocations);
        if (moved > 0 && recentAllocations > 0) NoteDensity((double)moved / recentAllocations);
        _reusableAtStart = (int)((_bufferCount - _toLap) / Density);
        _smoothedAllocations = recentAllocations >= _smoothedAllocations
            ? recentAllocations
            : _smoothedAllocations + ((recentAllocations - _smoothedAllocations) / SmoothingSamples);
        int upcoming = (int)(_smoothedAllocations * _multiplier);

        // Otherwise a long idle time would leave ever smaller numbers.
        if (upcoming == 0) _smoothedAllocations = 0;
        _wanted = Math.Max(upcoming, _minimumScan + _reusableAtStart);
        _toScan = _toLap;
        _reusable = _reusableAtStart;
    }

    /// <summary>The buffer at <see cref="Cleaner"/> was looked at.</summary>
    /// <param name="isReusable">Whether the hand could take it: unpinned, unused, and clean or being written now.</param>
    internal void Visited(bool isReusable)
    {
        StorageInvariant.Check(_toScan > 0, "The background writer never laps the clock hand.");
        if (++Cleaner == _bufferCount)
        {
            Cleaner = 0;
            _cleanerPass++;
        }

        _toScan--;
        if (isReusable) _reusable++;
    }

    /// <summary>Takes note of what the round found.</summary>
    /// <returns>Whether nothing is to do until somebody takes a buffer again: all was looked at, and nothing was taken.</returns>
    internal bool EndRound()
    {
        int scanned = _toLap - _toScan;
        int found = _reusable - _reusableAtStart;
        if (scanned > 0 && found > 0) NoteDensity((double)scanned / found);
        return _toLap == 0 && _recentAllocations == 0;
    }

    private void PlaceCleaner(int hand, long passes)
    {
        if (_cleanerPass > passes)
        {
            // One pass ahead: only what is between here and the hand is left.
            _toLap = hand - Cleaner;
            if (_toLap >= 0) return;
        }
        else if (_cleanerPass == passes && Cleaner >= hand)
        {
            _toLap = _bufferCount - (Cleaner - hand);
            return;
        }

        CatchUp(hand, passes);
    }

    // Behind the hand nothing is worth cleaning: begin at the hand.
    private void CatchUp(int hand, long passes)
    {
        Cleaner = hand;
        _cleanerPass = passes;
        _toLap = _bufferCount;
    }

    private void NoteDensity(double sample) => Density += (sample - Density) / SmoothingSamples;
}
