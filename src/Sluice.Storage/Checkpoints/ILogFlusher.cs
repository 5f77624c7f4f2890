namespace Sluice.Storage;

/// <summary>
/// The write-ahead log as far as writers of pages need it: a page may be written only after the log up to the page's position is durable.
/// </summary>
public interface ILogFlusher
{
    /// <summary>Up to where the log is durable. Any thread; only ever grows.</summary>
    LogPosition FlushedUpTo { get; }

    /// <summary>Makes the log durable up to a position. Any thread, many at once.</summary>
    /// <param name="upTo">The position; <see cref="FlushedUpTo"/> is that or later when this has completed.</param>
    /// <param name="cancellationToken">Ends the wait, not the flush.</param>
    ValueTask FlushAsync(LogPosition upTo, CancellationToken cancellationToken = default);
}
