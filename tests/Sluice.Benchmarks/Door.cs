namespace Sluice.Benchmarks;

/// <summary>The states of the machine that is measured.</summary>
public enum DoorState
{
    /// <summary>Nobody goes through.</summary>
    Closed,

    /// <summary>Anybody goes through.</summary>
    Open,
}

/// <summary>A machine with a transition of each kind.</summary>
[AioStateMachine(typeof(DoorState))]
[AioTransition("Open", DoorState.Closed, DoorState.Open)]
[AioTransition("Close", DoorState.Open, DoorState.Closed, Ordering = AioTransitionOrdering.CompareExchange)]
internal partial struct Door;
