namespace Sluice.Wal;

/// <summary>The log cannot do what was asked. The message is one line that says why and what to do.</summary>
/// <param name="message">The line.</param>
/// <param name="innerException">What it comes from; null when there is nothing.</param>
public sealed class WalException(string message, Exception? innerException = null) : IOException(message, innerException)
{
    /// <summary>Whether the log is at an end: nothing more becomes durable before it is opened again and recovered.</summary>
    public bool IsLogFailed { get; init; }
}
