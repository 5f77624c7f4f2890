namespace Sluice.Tool.Bench;

/// <summary>The command line asks for what cannot be; the message is one line that says what to do.</summary>
/// <param name="message">The line.</param>
internal sealed class BenchUsageException(string message) : Exception(message);

/// <summary>A run cannot be made or failed; the message is one line.</summary>
/// <param name="message">The line.</param>
/// <param name="cause">What made it fail; null when there is no more to it.</param>
internal sealed class BenchFailureException(string message, Exception? cause = null) : Exception(message, cause);
