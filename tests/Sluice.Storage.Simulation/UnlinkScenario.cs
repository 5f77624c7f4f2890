namespace Sluice.Storage.Simulation;

/// <summary>Relations come and go, and their names go after a checkpoint.</summary>
[Scenario("unlink-after-checkpoint", "Dropped relations: the name stays until a checkpoint has completed; what is not dropped is never lost", Operations = 150)]
public class UnlinkScenario : StorageScenario
{
    /// <inheritdoc/>
    protected override Weights Mix => new(Change: 6, Extend: 4, Bulk: 2, Create: 8, Drop: 8, Read: 1);
}
