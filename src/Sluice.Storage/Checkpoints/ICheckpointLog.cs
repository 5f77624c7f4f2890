namespace Sluice.Storage;

/// <summary>The write-ahead log as far as a checkpoint needs it: where recovery would begin, how fast the log grows, and the checkpoint's
/// own record.</summary>
public interface ICheckpointLog
{
    /// <summary>Up to where the log was inserted. Any thread; only ever grows. A paced checkpoint hurries by it.</summary>
    LogPosition InsertedUpTo { get; }

    /// <summary>A checkpoint begins: where recovery will begin when it has completed. Everything before that is in pages that it
    /// writes.</summary>
    /// <param name="cancellationToken">Ends the attempt.</param>
    ValueTask<LogPosition> BeginCheckpointAsync(CancellationToken cancellationToken = default);

    /// <summary>Every page is durable: makes the checkpoint's record durable. Recovery begins at its position from then on.</summary>
    /// <param name="redo">What <see cref="BeginCheckpointAsync"/> gave.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    ValueTask CompleteCheckpointAsync(LogPosition redo, CancellationToken cancellationToken = default);
}
