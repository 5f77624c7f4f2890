namespace Sluice.Storage.Simulation;

/// <summary>Relations grow over several segments.</summary>
[Scenario("storage-extend", "Relations that grow: what a checkpoint saw is as long as it was, and nothing but zeros or its pages is behind", Operations = 150)]
public class ExtendScenario : StorageScenario
{
    /// <inheritdoc/>
    protected override Weights Mix => new(Change: 4, Extend: 20, Bulk: 0, Create: 4, Drop: 1, Read: 2);
}
