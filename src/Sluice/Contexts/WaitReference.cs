namespace Sluice;

/// <summary>
/// Names one I/O: handle and generation. Copy it, keep it for ever, wait on it from anywhere, any number of times: once the I/O
/// has completed, or its handle serves another, the wait is over at once.
/// </summary>
public readonly struct WaitReference : IEquatable<WaitReference>
{
    private readonly AioHandle? _handle;
    private readonly ulong _generation;

    internal WaitReference(AioHandle handle, ulong generation)
    {
        _handle = handle;
        _generation = generation;
    }

    /// <summary>Whether it names an I/O at all.</summary>
    public bool IsValid => _handle is not null;

    /// <summary>Whether the I/O has completed, looking for its completion if need be. Does not block.</summary>
    public bool IsDone => _handle is null || _handle.Context.CheckForeign(_handle, _generation);

    internal AioHandle? Handle => _handle;

    internal ulong Generation => _generation;

    /// <summary>
    /// Blocks until the I/O has completed: all shared callbacks ran. Any thread. If it is not yet submitted, this submits it.
    /// </summary>
    /// <param name="timeoutMilliseconds">How long at most; -1 for ever. Ends the wait, not the I/O.</param>
    /// <param name="cancellationToken">Ends the wait, not the I/O.</param>
    /// <returns>False when the time was up first.</returns>
    /// <exception cref="OperationCanceledException">The wait was cancelled.</exception>
    public bool Wait(int timeoutMilliseconds = Timeout.Infinite, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(timeoutMilliseconds, Timeout.Infinite);
        return _handle is null || _handle.Context.WaitForeign(_handle, _generation, timeoutMilliseconds, cancellationToken);
    }

    /// <summary>Completes when the I/O has completed. Allocates nothing. Await it once.</summary>
    /// <param name="cancellationToken">Ends the wait, not the I/O.</param>
    public ValueTask WaitAsync(CancellationToken cancellationToken = default) =>
        _handle is null
            ? ValueTask.CompletedTask
            : _handle.Context.WaitForeignAsync(_handle, _generation, Timeout.InfiniteTimeSpan, cancellationToken);

    /// <summary>Completes when the I/O has completed or the time is up. Await it once.</summary>
    /// <param name="timeout">How long at most, by the system's clock. Ends the wait, not the I/O.</param>
    /// <param name="cancellationToken">Ends the wait, not the I/O.</param>
    /// <exception cref="TimeoutException">When awaited: the time was up first.</exception>
    public ValueTask WaitAsync(TimeSpan timeout, CancellationToken cancellationToken = default) =>
        _handle is null ? ValueTask.CompletedTask : _handle.Context.WaitForeignAsync(_handle, _generation, timeout, cancellationToken);

    /// <inheritdoc/>
    public bool Equals(WaitReference other) => ReferenceEquals(_handle, other._handle) && _generation == other._generation;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is WaitReference other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(_handle?.Index, _generation);

    /// <summary>Whether both name the same I/O.</summary>
    public static bool operator ==(WaitReference left, WaitReference right) => left.Equals(right);

    /// <summary>Whether they name different I/Os.</summary>
    public static bool operator !=(WaitReference left, WaitReference right) => !left.Equals(right);

    /// <inheritdoc/>
    public override string ToString() => _handle is null ? "none" : $"{_handle.Index}:{_generation}";
}
