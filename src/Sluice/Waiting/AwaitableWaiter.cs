using System.Threading.Tasks.Sources;

namespace Sluice;

/// <summary>A waiter that is awaited: its signal lets a continuation go on.</summary>
internal abstract class AwaitableWaiter : Waiter
{
    private readonly AwaitedContinuation _awaited = new();

    /// <summary>The token for the ValueTask of the current use.</summary>
    protected short Version => _awaited.Version;

    /// <summary>Makes the object ready for another wait. Tokens of earlier ones are no longer accepted.</summary>
    protected void Recycle() => _awaited.Recycle();

    /// <summary>Ends the current use: its token is not accepted any more.</summary>
    protected void Expire() => _awaited.Expire();

    /// <summary>Lets the awaiting code go on. Called once per use, on any thread; does not run that code here.</summary>
    protected void SignalAwaiter() => _awaited.Signal();

    /// <summary>Whether the result is there.</summary>
    protected bool IsAwaitDone(short token) => _awaited.IsDone(token);

    protected void RegisterContinuation(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _awaited.OnCompleted(continuation, state, token, flags);
}
