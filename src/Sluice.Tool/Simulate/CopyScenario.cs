using Sluice.Methods.Simulated;
using Sluice.Simulation;
using Sluice.Tool.Copy;
using Sluice.Tool.Infrastructure;

namespace Sluice.Tool.Simulate;

/// <summary>
/// <c>sluice copy --fsync</c>, killed anywhere: the target has the content it had or that of a whole copy, and a copy that was reported as
/// done is there. A copy that failed leaves nothing behind.
/// </summary>
/// <param name="isDurable">Whether --fsync is given. Without it the promise does not hold, which a test wants to see.</param>
[Scenario("copy", "sluice copy --fsync killed anywhere: the old target or a whole copy", Operations = 150)]
internal sealed class CopyScenario(bool isDurable) : Scenario
{
    private const string Folder = "/data";
    private const string Target = Folder + "/target";
    private const string TemporaryPrefix = ".copy-";
    private const int Sources = 4;
    private const int LengthMaximum = 200_000;
    private const int BlockBytes = 8192;

    private readonly byte[][] _contents = new byte[Sources][];
    private readonly HashSet<int> _possible = [];
    private int _copies;

    /// <summary>With --fsync.</summary>
    public CopyScenario()
        : this(isDurable: true)
    {
    }

    /// <inheritdoc/>
    public override FaultPlan PlanFaults(SimulatedRandom random) => FaultPlan.None
        .With(FaultKind.ShortRead, 0.05)
        .With(FaultKind.ShortWrite, 0.05)
        .With(FaultKind.TransientError, 0.005)
        .With(FaultKind.NoSpace, 0.005)
        .With(FaultKind.FlushFailure, 0.2)
        .With(FaultKind.Again, 0.05)
        .With(FaultKind.Reorder, 0.5);

    /// <inheritdoc/>
    public override async Task SetUpAsync(SimulationRun run)
    {
        run.System.FileSystem.CreateDirectory(Folder);
        run.System.FileSystem.SyncDirectory("/");
        for (int number = 0; number < Sources; number++)
        {
            _contents[number] = new byte[1 + run.Random.Next(LengthMaximum)];
            run.Random.Fill(_contents[number]);
            await using AioFile file = await AioFile.CreateDurableAsync(run.System, SourceOf(number));
            await file.WriteAsync(_contents[number], 0, AioDurability.FlushAfter);
        }
    }

    /// <inheritdoc/>
    public override async Task CheckAsync(SimulationRun run)
    {
        foreach (IoFileEntry entry in run.System.FileSystem.List(Folder))
        {
            if (entry.Name.StartsWith(TemporaryPrefix, StringComparison.Ordinal)) run.System.FileSystem.Remove($"{Folder}/{entry.Name}");
        }

        if (!run.System.FileSystem.Exists(Target))
        {
            run.Expect(_possible.Count == 0 || _possible.Contains(-1), "A copy was reported as done and the target is not there.");
            return;
        }

        await using AioFile file = await AioFile.OpenAsync(run.System, Target);
        byte[] content = new byte[file.GetLength()];
        await file.ReadAsync(content, 0);
        int found = Array.FindIndex(_contents, source => source.AsSpan().SequenceEqual(content));
        run.Expect(found >= 0, $"The target has {content.Length} bytes and is no whole copy of anything.");
        run.Expect(_possible.Contains(found), $"The target is a copy of source {found}, which a later copy had replaced.");
    }

    /// <inheritdoc/>
    public override async Task WorkAsync(SimulationRun run)
    {
        if (_possible.Count == 0) _possible.Add(-1);
        while (run.HasMoreWork)
        {
            int number = run.Random.Next(Sources);
            _possible.Add(number);
            if (!await TryCopyAsync(run, number)) continue;

            // From now on it is this one, whatever happens.
            _possible.Clear();
            _possible.Add(number);
        }
    }

    private static string SourceOf(int number) => $"{Folder}/source-{number}";

    private async Task<bool> TryCopyAsync(SimulationRun run, int number)
    {
        FileStatus source = new(
            FileStatus.Kinds.File, _contents[number].Length, _contents[number].Length, UnixFileMode.UserRead | UnixFileMode.UserWrite, "");
        CopyPlan plan = new(SourceOf(number), Target, Folder, source) { TemporaryName = $"{TemporaryPrefix}{_copies++}" };
        CopyOptions options = new(Depth: 4, BlockBytes, IsDirect: false, IsDurable: isDurable, Force: false);
        try
        {
            await FileCopy.RunAsync(run.System, plan, options, progress: null, CancellationToken.None);
            return true;
        }
        catch (Exception exception) when (exception is AioException or FailureException && !run.IsDead)
        {
            run.Expect(
                !run.System.FileSystem.Exists($"{Folder}/{plan.TemporaryName}"), "A copy that failed left its temporary file behind.");
            return false;
        }
    }
}
