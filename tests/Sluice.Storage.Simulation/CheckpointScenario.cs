namespace Sluice.Storage.Simulation;

/// <summary>Pages change all the time, and checkpoints promise them.</summary>
[Scenario("checkpoint", "Checkpoints: every page is as it was when the last one began, or newer, and never half without a trace", Operations = 150)]
public class CheckpointScenario : StorageScenario
{
    /// <inheritdoc/>
    protected override Weights Mix => new(Change: 20, Extend: 2, Bulk: 0, Create: 0, Drop: 0, Read: 4);
}
