namespace Sluice.Methods.Simulated;

/// <summary>What an event of the queue is about.</summary>
internal abstract class EventTarget
{
    /// <summary>The time has come. Under the gate of the time.</summary>
    /// <param name="slot">As it was given when the event was scheduled.</param>
    /// <param name="ticket">As it was given when the event was scheduled: tells an event from an outdated one.</param>
    internal abstract void Fire(int slot, long ticket);
}
