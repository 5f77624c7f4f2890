using System.Threading.Tasks.Sources;

namespace Sluice.Wal;

/// <summary>A pooled object that is awaited as a <see cref="ValueTask"/>.</summary>
internal abstract class PooledAwaitable : IValueTaskSource
{
    private readonly AwaitedContinuation _awaited = new();

    internal ValueTask Task => new(this, Version);

    /// <summary>The token of the current use.</summary>
    protected short Version => _awaited.Version;

    /// <summary>Makes the object ready for another wait.</summary>
    protected void Recycle() => _awaited.Recycle();

    /// <summary>Ends the current use: its token is not accepted any more.</summary>
    protected void Expire() => _awaited.Expire();

    /// <summary>Lets the awaiting code go on. Once per use, on any thread; does not run that code here.</summary>
    internal void Signal() => _awaited.Signal();

    public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _awaited.OnCompleted(continuation, state, token, flags);

    public abstract ValueTaskSourceStatus GetStatus(short token);

    public abstract void GetResult(short token);

    protected bool IsDone(short token) => _awaited.IsDone(token);
}
