namespace Sluice.Simulation.Scenarios;

/// <summary>
/// A file that is replaced by renaming: after any crash old or new content, never half, never none; nothing acknowledged is lost.
/// </summary>
[Scenario("atomic-file", "A file replaced by renaming: old or new content, never half, never none")]
public class AtomicFileScenario : Scenario
{
    private const string Path = "/etc/settings";
    private const int PayloadMaximum = 20_000;

    private long _submitted;
    private long _acknowledged;

    /// <summary>Makes the code under test.</summary>
    protected virtual AtomicFile CreateFile(AioSystem system, string path) => new(system, path);

    /// <inheritdoc/>
    public override FaultPlan PlanFaults(SimulatedRandom random) => FaultPlan.None
        .With(FaultKind.ShortWrite, 0.1)
        .With(FaultKind.ShortRead, 0.1)
        .With(FaultKind.TransientError, 0.02)
        .With(FaultKind.FlushFailure, 0.05)
        .With(FaultKind.NoSpace, 0.02)
        .With(FaultKind.Reorder, 0.3);

    /// <inheritdoc/>
    public override Task SetUpAsync(SimulationRun run)
    {
        ArgumentNullException.ThrowIfNull(run);
        run.System.FileSystem.CreateDirectory("/etc");
        run.System.FileSystem.SyncDirectory("/");
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public override async Task CheckAsync(SimulationRun run)
    {
        ArgumentNullException.ThrowIfNull(run);
        AtomicFile file = CreateFile(run.System, Path);
        long version = await file.ReadAsync();
        run.Expect(version != -1, "The file is there and not whole.");
        run.Expect(version >= _acknowledged, $"Version {_acknowledged} was acknowledged and version {version} is there.");
        run.Expect(version <= _submitted, $"Version {version} is there and was never written.");
        file.CleanUp();
    }

    /// <inheritdoc/>
    public override async Task WorkAsync(SimulationRun run)
    {
        ArgumentNullException.ThrowIfNull(run);
        AtomicFile file = CreateFile(run.System, Path);
        while (run.HasMoreWork)
        {
            byte[] payload = new byte[run.Random.Next(PayloadMaximum)];
            run.Random.Fill(payload);
            await file.ReplaceAsync(++_submitted, payload);
            _acknowledged = _submitted;
        }
    }
}
