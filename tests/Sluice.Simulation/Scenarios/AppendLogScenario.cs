namespace Sluice.Simulation.Scenarios;

/// <summary>A log with acknowledged flushes: nothing acknowledged is lost, nothing torn is accepted.</summary>
[Scenario("append-log", "An append log with acknowledged flushes: nothing acknowledged is lost, nothing torn is accepted")]
public class AppendLogScenario : Scenario
{
    private const string Path = "/log/records";
    private const int PayloadMaximum = 6000;
    private const int BatchMaximum = 4;

    // What was ever given to the log under each number; a crash may leave any of them, whole.
    private readonly List<List<byte[]>> _submitted = [];
    private AppendLog _log = null!;
    private long _acknowledged;

    /// <summary>Makes the code under test.</summary>
    protected virtual AppendLog CreateLog(AioSystem system, string path) => AppendLog.Of(system, path);

    /// <inheritdoc/>
    public override FaultPlan PlanFaults(SimulatedRandom random)
    {
        ArgumentNullException.ThrowIfNull(random);
        return FaultPlan.None
            .With(FaultKind.ShortWrite, 0.05)
            .With(FaultKind.ShortRead, 0.05)
            .With(FaultKind.TransientError, 0.02)
            .With(FaultKind.NoSpace, 0.01)
            .With(FaultKind.FlushFailure, 0.05)
            .With(FaultKind.Again, 0.02)
            .With(FaultKind.Stall, 0.005)
            .With(new FaultRule(FaultKind.Reorder, 0.3) { LatencyMaximum = TimeSpan.FromMilliseconds(random.Between(1, 20)) });
    }

    /// <inheritdoc/>
    public override async Task SetUpAsync(SimulationRun run)
    {
        ArgumentNullException.ThrowIfNull(run);
        run.System.FileSystem.CreateDirectory("/log");
        run.System.FileSystem.SyncDirectory("/");
        await AppendLog.CreateAsync(run.System, Path);
    }

    /// <inheritdoc/>
    public override async Task CheckAsync(SimulationRun run)
    {
        ArgumentNullException.ThrowIfNull(run);
        AppendLog log = CreateLog(run.System, Path);
        await AppendLog.OpenAsync(log);
        run.Expect(
            log.Recovered.Count >= _acknowledged,
            $"{log.Recovered.Count} records were found and {_acknowledged} were acknowledged: some are lost.");
        for (int index = 0; index < log.Recovered.Count; index++)
        {
            bool isKnown = index < _submitted.Count
                && _submitted[index].Exists(payload => payload.AsSpan().SequenceEqual(log.Recovered[index]));
            run.Expect(isKnown, $"Record {index} was accepted and never written like this: it is torn or made up.");
        }

        _acknowledged = log.Recovered.Count;
        _log = log;
    }

    /// <inheritdoc/>
    public override async Task WorkAsync(SimulationRun run)
    {
        ArgumentNullException.ThrowIfNull(run);
        while (run.HasMoreWork)
        {
            int count = run.Random.Between(1, BatchMaximum);
            long first = _log.NextSequence;
            long offset = _log.End;
            List<byte[]> payloads = [];
            for (int index = 0; index < count; index++) payloads.Add(Submit(run, first + index));
            await _log.AppendAsync(payloads);
            await _log.CommitAsync();
            _acknowledged = first + count;

            if (run.Random.Chance(0.2))
            {
                byte[] back = await _log.ReadBackAsync(offset, payloads[0].Length);
                run.Expect(back.AsSpan().SequenceEqual(payloads[0]), $"Record {first} reads back differently.");
            }

            if (run.Random.Chance(0.05)) await run.Time.DelayAsync(TimeSpan.FromMilliseconds(run.Random.Between(1, 50)));
            await OnCommittedAsync(run, _log);
        }

        await _log.CloseAsync();
    }

    /// <summary>After each batch.</summary>
    protected virtual Task OnCommittedAsync(SimulationRun run, AppendLog log) => Task.CompletedTask;

    private byte[] Submit(SimulationRun run, long sequence)
    {
        byte[] payload = new byte[1 + run.Random.Next(run.Random.Chance(0.7) ? 400 : PayloadMaximum)];
        run.Random.Fill(payload);
        while (_submitted.Count <= sequence) _submitted.Add([]);
        _submitted[(int)sequence].Add(payload);
        return payload;
    }
}
