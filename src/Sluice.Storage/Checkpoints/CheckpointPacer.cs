namespace Sluice.Storage;

/// <summary>
/// Whether a paced checkpoint is ahead of its schedule, and for how long it may rest: it has to be done when its share of the time between
/// checkpoints is over, and when its share of the log that may be written between checkpoints is written, whichever comes first.
/// </summary>
/// <remarks>Plain arithmetic, like PostgreSQL's: progress is a share of the pages; both schedules are stretched by the completion
/// target.</remarks>
internal readonly struct CheckpointPacer
{
    private readonly double _intervalSeconds;
    private readonly double _completionTarget;
    private readonly double _logBytesMax;

    /// <summary>Makes the schedule of one checkpoint.</summary>
    /// <param name="interval">The time between checkpoints.</param>
    /// <param name="completionTarget">The share of it that the writes are spread over, above 0 and up to 1.</param>
    /// <param name="logBytesMax">How much log may be written between checkpoints, in bytes; 0 when the log does not matter.</param>
    internal CheckpointPacer(TimeSpan interval, double completionTarget, long logBytesMax)
    {
        StorageInvariant.Check(interval > TimeSpan.Zero, "The time between checkpoints is positive.");
        StorageInvariant.Check(completionTarget is > 0 and <= 1, "The completion target is above 0 and at most 1.");
        _intervalSeconds = interval.TotalSeconds;
        _completionTarget = completionTarget;
        _logBytesMax = logBytesMax;
    }

    /// <summary>How long the checkpoint may rest now; zero when it is on or behind its schedule.</summary>
    /// <param name="progress">The share of its pages that is done, 0 to 1.</param>
    /// <param name="elapsed">Time since it began.</param>
    /// <param name="logBytes">Log written since it began.</param>
    internal TimeSpan RestFor(double progress, TimeSpan elapsed, long logBytes)
    {
        double due = progress * _completionTarget;
        if (_logBytesMax > 0 && logBytes / _logBytesMax >= due) return TimeSpan.Zero;
        double aheadSeconds = (due * _intervalSeconds) - elapsed.TotalSeconds;
        return aheadSeconds > 0 ? TimeSpan.FromSeconds(aheadSeconds) : TimeSpan.Zero;
    }
}
