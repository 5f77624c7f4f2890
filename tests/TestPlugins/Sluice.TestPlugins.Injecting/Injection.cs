using Sluice.Methods;

namespace Sluice.TestPlugins.Injecting;

/// <summary>Something that is to be done to the completions that match, until it is ended.</summary>
public sealed class Injection : IDisposable
{
    private readonly InjectionControl _control;
    private readonly Predicate<IoRequest> _matches;
    private readonly List<Action> _stalled = [];
    private readonly ManualResetEventSlim _hasStalled = new();
    private int _remaining;
    private bool _isReleased;

    internal Injection(
        InjectionControl control,
        InjectionKind kind,
        Predicate<IoRequest> matches,
        int times,
        Func<int, int>? replace,
        IoOutcomeDetail detail)
    {
        _control = control;
        Kind = kind;
        _matches = matches;
        _remaining = times;
        Replace = replace;
        Detail = detail;
    }

    internal InjectionKind Kind { get; }

    internal Func<int, int>? Replace { get; }

    internal IoOutcomeDetail Detail { get; }

    /// <summary>How often it was done.</summary>
    public int Count { get; private set; }

    /// <summary>Blocks until so many completions are held back. False when that takes too long.</summary>
    public bool WaitUntilStalled(int count, TimeSpan timeout)
    {
        long until = Environment.TickCount64 + (long)timeout.TotalMilliseconds;
        while (true)
        {
            lock (_stalled)
            {
                if (_stalled.Count >= count) return true;
                _hasStalled.Reset();
            }

            long remaining = until - Environment.TickCount64;
            if (remaining <= 0 || !_hasStalled.Wait((int)remaining)) return false;
        }
    }

    /// <summary>Ends it; what is held back is delivered.</summary>
    public void Release()
    {
        _control.Remove(this);
        Action[] held;
        lock (_stalled)
        {
            _isReleased = true;
            held = [.. _stalled];
            _stalled.Clear();
        }

        foreach (Action deliver in held) deliver();
    }

    public void Dispose() => Release();

    internal bool TryTake(IoRequest request)
    {
        if (!_matches(request)) return false;
        lock (_stalled)
        {
            if (_isReleased || _remaining == 0) return false;
            if (_remaining > 0) _remaining--;
            Count++;
            return true;
        }
    }

    /// <summary>Keeps a completion. False when it was released in the meantime.</summary>
    internal bool Hold(Action deliver)
    {
        lock (_stalled)
        {
            if (_isReleased) return false;
            _stalled.Add(deliver);
            _hasStalled.Set();
            return true;
        }
    }
}
