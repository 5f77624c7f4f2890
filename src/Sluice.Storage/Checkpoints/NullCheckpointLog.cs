namespace Sluice.Storage;

/// <summary>No log: a checkpoint is paced by time alone and leaves no record.</summary>
public sealed class NullCheckpointLog : ICheckpointLog
{
    private NullCheckpointLog()
    {
    }

    /// <summary>The one there is.</summary>
    public static NullCheckpointLog Instance { get; } = new();

    /// <inheritdoc/>
    public LogPosition InsertedUpTo => default;

    /// <inheritdoc/>
    public ValueTask<LogPosition> BeginCheckpointAsync(CancellationToken cancellationToken = default) =>
        ValueTask.FromResult(default(LogPosition));

    /// <inheritdoc/>
    public ValueTask CompleteCheckpointAsync(LogPosition redo, CancellationToken cancellationToken = default) => ValueTask.CompletedTask;
}
