namespace Sluice;

/// <summary>
/// The owner of handles and returns: disposing it leaves nothing behind. A handle that was never started is given back, a staged
/// I/O is submitted, an I/O in flight goes on without its return. Belongs to the flow that uses the context.
/// </summary>
public sealed class AioScope : IDisposable
{
    private readonly AioContext _context;
    private AioHandle? _first;
    private bool _isDisposed;

    internal AioScope(AioContext context) => _context = context;

    /// <summary>How many handles it owns now.</summary>
    public int Count { get; private set; }

    /// <summary>
    /// Detaches everything. Never cancels I/O and never waits for it: memory belongs to whoever the stage callbacks gave it to.
    /// A handle that was acquired and neither started nor released is reported as leaked (<see cref="AioSystem.Warning"/>).
    /// </summary>
    public void Dispose()
    {
        if (_isDisposed) return;
        _isDisposed = true;
        using (_context.EnterOwner())
        {
            while (_first is { } handle)
            {
                switch (handle.State)
                {
                    case AioHandleState.HandedOut:
                        _context.Warn("A handle was acquired and neither started nor released when its scope ended; it was given back.");
                        _context.ReleaseCore(handle);
                        break;
                    case AioHandleState.Staged:
                        _context.Warn("A staged I/O was not submitted when its scope ended; it was submitted.");
                        Detach(handle);
                        _context.SubmitStaged(waitFollows: false);
                        break;
                    default:
                        Detach(handle);
                        break;
                }
            }
        }
    }

    internal void RequireOpen(AioContext context)
    {
        Invariant.Check(!_isDisposed, "The scope was disposed: it can own no more handles.");
        Invariant.Check(ReferenceEquals(context, _context), "The scope belongs to another context: it can own handles of its own only.");
    }

    internal void Add(AioHandle handle)
    {
        handle.Scope = this;
        handle.PreviousInScope = null;
        handle.NextInScope = _first;
        if (_first is not null) _first.PreviousInScope = handle;
        _first = handle;
        Count++;
    }

    internal void Remove(AioHandle handle)
    {
        if (handle.PreviousInScope is null) _first = handle.NextInScope;
        else handle.PreviousInScope.NextInScope = handle.NextInScope;
        if (handle.NextInScope is not null) handle.NextInScope.PreviousInScope = handle.PreviousInScope;
        handle.NextInScope = null;
        handle.PreviousInScope = null;
        handle.Scope = null;
        Count--;
    }

    private void Detach(AioHandle handle)
    {
        handle.Return?.Forget();
        handle.Return = null;
        Remove(handle);
    }
}
