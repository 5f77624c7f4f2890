namespace Sluice;

/// <summary>
/// Where one thread sleeps until another wakes it: an event that resets itself and remembers one wake. Allocates nothing per use.
/// </summary>
internal sealed class Sleeper
{
    private readonly object _monitor = new();
    private bool _isSet;

    internal void Wake()
    {
        lock (_monitor)
        {
            _isSet = true;
            Monitor.Pulse(_monitor);
        }
    }

    /// <returns>False when the time was up first.</returns>
    internal bool Sleep(int timeoutMilliseconds)
    {
        lock (_monitor)
        {
            // A pulse without the flag cannot happen; a wait that returns early is looked at again by the caller, who keeps the deadline.
            if (!_isSet) Monitor.Wait(_monitor, timeoutMilliseconds);
            bool wasSet = _isSet;
            _isSet = false;
            return wasSet;
        }
    }
}
