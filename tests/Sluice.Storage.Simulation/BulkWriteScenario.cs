namespace Sluice.Storage.Simulation;

/// <summary>Relations are written past the pool while checkpoints go on.</summary>
[Scenario("bulk-write", "Bulk writes beside checkpoints: durable when the writer says so, or with the next checkpoint", Operations = 150)]
public class BulkWriteScenario : StorageScenario
{
    /// <inheritdoc/>
    protected override Weights Mix => new(Change: 4, Extend: 0, Bulk: 12, Create: 0, Drop: 6, Read: 4);
}
