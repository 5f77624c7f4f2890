namespace Sluice.Storage.Tests.Buffers.Support;

/// <summary>A log that remembers what was asked of it.</summary>
internal sealed class ScriptedLog : ILogFlusher
{
    public LogPosition FlushedUpTo { get; set; }

    internal List<LogPosition> Flushes { get; } = [];

    internal Action? Flushing { get; set; }

    public ValueTask FlushAsync(LogPosition upTo, CancellationToken cancellationToken = default)
    {
        lock (Flushes) Flushes.Add(upTo);
        Flushing?.Invoke();
        FlushedUpTo = LogPosition.Max(FlushedUpTo, upTo);
        return ValueTask.CompletedTask;
    }
}
