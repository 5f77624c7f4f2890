using Sluice.Conformance.Support;

namespace Sluice.Conformance.Layer;

/// <summary>Where a completion stands still until it is let through.</summary>
public sealed class Gate(byte number)
{
    private readonly ManualResetEventSlim _reached = new();
    private readonly ManualResetEventSlim _open = new();

    public byte Number { get; } = number;

    /// <summary>Whether a completion has come to the gate.</summary>
    public bool IsReached => _reached.IsSet;

    public void WaitUntilReached() => Watchdog.Wait(_reached, "the completion reaches the gate");

    public void Open() => _open.Set();

    internal void Pass()
    {
        _reached.Set();
        Watchdog.Wait(_open, "the gate is opened");
    }
}
