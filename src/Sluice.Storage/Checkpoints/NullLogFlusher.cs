namespace Sluice.Storage;

/// <summary>No log: every page may be written at any time.</summary>
public sealed class NullLogFlusher : ILogFlusher
{
    private NullLogFlusher()
    {
    }

    /// <summary>The one there is.</summary>
    public static NullLogFlusher Instance { get; } = new();

    /// <inheritdoc/>
    public LogPosition FlushedUpTo => new(ulong.MaxValue);

    /// <inheritdoc/>
    public ValueTask FlushAsync(LogPosition upTo, CancellationToken cancellationToken = default) => ValueTask.CompletedTask;
}
