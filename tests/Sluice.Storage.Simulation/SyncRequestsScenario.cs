namespace Sluice.Storage.Simulation;

/// <summary>Files are asked to be synced, forgotten, dropped and made, with hardly a descriptor to open them.</summary>
[Scenario("sync-requests", "Requests to sync of files that come, go and are closed meanwhile: a checkpoint covers each that was asked for", Operations = 150)]
public class SyncRequestsScenario : StorageScenario
{
    /// <inheritdoc/>
    protected override Weights Mix => new(Change: 12, Extend: 6, Bulk: 2, Create: 5, Drop: 5, Read: 0);

    /// <inheritdoc/>
    protected override int OpenFilesMax => 4;

    /// <inheritdoc/>
    protected override double CheckpointShare => 0.5;
}
