namespace Sluice;

/// <summary>
/// Filled returns in the order in which they were filled, for an issuer with many I/Os in flight: wait for any, take what is
/// there, issue the next. Belongs to one flow, like the context whose returns it collects.
/// </summary>
public sealed class AioReturnQueue
{
    private AioReturn? _first;
    private AioReturn? _last;

    /// <summary>How many filled returns wait to be taken.</summary>
    public int Count { get; private set; }

    /// <summary>Takes the return that was filled first.</summary>
    /// <param name="filled">The return.</param>
    /// <returns>False when there is none.</returns>
    public bool TryTake([System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out AioReturn? filled)
    {
        filled = _first;
        if (filled is null) return false;
        _first = filled.Next;
        if (_first is null) _last = null;
        filled.Next = null;
        filled.IsQueued = false;
        Count--;
        return true;
    }

    internal void Add(AioReturn filled)
    {
        filled.IsQueued = true;
        if (_last is null) _first = filled;
        else _last.Next = filled;
        _last = filled;
        Count++;
    }
}
