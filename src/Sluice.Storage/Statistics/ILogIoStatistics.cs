namespace Sluice.Storage;

/// <summary>
/// A log that counts its I/O, so that <see cref="BufferPool.ReadStatistics()"/> has it beside that of relations. The pool asks its
/// <see cref="BufferPoolOptions.LogFlusher"/>, if that is one.
/// </summary>
public interface ILogIoStatistics
{
    /// <summary>
    /// What was done since the log was opened: rows about <see cref="IoObject.Log"/>, one at most for each context and action. Any thread,
    /// while the log is in use and after it was closed; waits for nothing but short locks, and throws nothing.
    /// </summary>
    IReadOnlyList<IoStatisticsRow> ReadIoStatistics();
}
