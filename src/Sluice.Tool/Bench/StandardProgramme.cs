using Sluice.Methods;
using Sluice.Tool.Infrastructure;

namespace Sluice.Tool.Bench;

/// <summary>What <c>sluice bench</c> does without a scenario: the standard scenarios by every method there is, and by .NET's own.</summary>
internal static class StandardProgramme
{
    private const long SizeBytesMax = 1L << 30;
    private const long SizeBytesMin = 64L << 20;
    private const long SizeUnitBytes = 1L << 20;
    private const double SecondsDefault = 2;
    private const int NullDepth = 32;

    /// <summary>Runs it. Blocks, with the usual settings for less than two minutes.</summary>
    /// <param name="request">A size and a time, when they were asked for.</param>
    /// <param name="error">Gets progress.</param>
    /// <param name="cancellationToken">Stops and removes the file.</param>
    internal static BenchReport Run(BenchRequest request, TextWriter error, CancellationToken cancellationToken) =>
        BenchProgress.Run(error, progress => Run(request, progress, cancellationToken));

    private static BenchReport Run(BenchRequest request, BenchProgress progress, CancellationToken cancellationToken)
    {
        string directory = Path.GetTempPath();
        long sizeBytes = request.SizeBytes ?? SizeFor(directory);
        progress.Next(0, 1, $"data file of {ByteSize.Format(sizeBytes)} in {directory}");
        using BenchFile file = BenchFile.MakeTemporary(directory, sizeBytes, cancellationToken);
        List<string> notes = [];
        List<string> methods = ScenarioBench.Available(notes, cancellationToken);
        bool isDirectPossible = IsDirectPossible(file.Path, notes);
        MachineFacts facts = MachineFacts.Read(file.Path);
        var plan = Plan(file, methods, isDirectPossible, request.Seconds ?? SecondsDefault);
        int count = plan.Sum(static section => section.Runs.Count);
        int done = 0;
        List<BenchSection> sections = [];
        foreach ((string title, Scenario scenario, List<PlannedRun> runs) in plan)
        {
            if (!runs[0].Workload.IsDirect && !runs[0].Workload.IsWriting) file.ReadIntoCache(file.LengthBytes, cancellationToken);
            List<BenchRow> rows = [];
            List<string> sectionNotes = [];
            foreach (PlannedRun run in runs)
            {
                progress.Next(done++, count, run.Title);
                Make(run, scenario, rows, sectionNotes, cancellationToken);
            }

            if (scenario == Scenario.Null && rows.Count == 2) sectionNotes.Add(ScenarioBench.NullNote(rows));
            sections.Add(new BenchSection(title, Names.MeaningOf(scenario), rows, sectionNotes));
        }

        return new BenchReport(sections, notes, facts, sizeBytes);
    }

    // One method that fails in one scenario does not take the rest of the programme with it: the report says so.
    private static void Make(
        PlannedRun run, Scenario scenario, List<BenchRow> rows, List<string> notes, CancellationToken cancellationToken)
    {
        try
        {
            if (run.Workload.IsDurable)
            {
                DurableWriteForm form = DurableForms.Fastest(run.Workload, run.Method, cancellationToken);
                run = run with { Workload = run.Workload with { Durable = form } };
            }

            rows.Add(ScenarioBench.Make(run, scenario, cancellationToken));
        }
        catch (Exception exception)
            when (!cancellationToken.IsCancellationRequested
                && exception is IoMethodException or AioException or IOException or FailureException)
        {
            notes.Add($"{run.Method} failed: {Failure.Describe(exception)}");
        }
    }

    private static long SizeFor(string directory)
    {
        long space = BenchFile.SpaceIn(directory);

        // The page-cache scenarios are about a file that fits in memory.
        long memory = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        long sizeBytes = Math.Min(SizeBytesMax, Math.Min(space / 2, memory / 4)) / SizeUnitBytes * SizeUnitBytes;
        if (sizeBytes >= SizeBytesMin) return sizeBytes;
        throw new FailureException(space / 2 < SizeBytesMin
            ? $"{directory} has {ByteSize.Format(space)} to spare and the benchmark needs {ByteSize.Format(2 * SizeBytesMin)}: "
                + "free some space, or set TMPDIR to a folder that has it."
            : $"there is too little memory to keep a file of {ByteSize.Format(SizeBytesMin)} cached.");
    }

    private static bool IsDirectPossible(string path, List<string> notes)
    {
        try
        {
            using IoFile file = IoFileSystem.OperatingSystem.Open(path, new IoOpenOptions { Direct = true });
            return true;
        }
        catch (AioException exception)
        {
            notes.Add($"Only the page cache is measured: {Failure.Describe(exception)}");
            return false;
        }
    }

    private static List<(string Title, Scenario Scenario, List<PlannedRun> Runs)> Plan(
        BenchFile file, List<string> methods, bool isDirect, double seconds)
    {
        Workload reads = new()
        {
            Scenario = Scenario.RandomRead,
            Path = file.Path,
            RangeBytes = file.LengthBytes,
            IsDirect = isDirect,
            IsRegistered = true,
            Duration = TimeSpan.FromSeconds(seconds),
            WarmUp = TimeSpan.FromSeconds(Math.Min(0.5, seconds / 4)),
        };
        Workload cached = reads with { IsDirect = false };
        Workload scan = reads with { Scenario = Scenario.SequentialRead, BlockBytes = 128 << 10, Depth = 16 };
        Workload writes = reads with { Scenario = Scenario.RandomWrite };
        Workload log = reads with { Scenario = Scenario.LogWrite, IsDirect = false, Depth = 8 };
        Workload nothing = reads with { Scenario = Scenario.Null, IsDirect = false, Depth = NullDepth };
        List<(string, Scenario, List<PlannedRun>)> plan = [];
        if (isDirect) Add("Random reads from the device, 8 KiB, 32 in flight", AllModes(reads, methods), Systems(reads, withPread: true));
        Add("Random reads from the page cache, 8 KiB, 32 in flight", EachMethod(cached, methods), Systems(cached, withPread: true));
        if (isDirect)
        {
            Add("Sequential reads from the device, 128 KiB, 16 in flight", EachMethod(scan, methods), Systems(scan, withPread: false));
            Add("Random writes to the device, 8 KiB, 32 in flight", EachMethod(writes, methods), Systems(writes, withPread: false));
        }

        Add("Durable log appends, 8 KiB, 8 in flight", EachMethod(log, methods), Systems(log, withPread: true));
        Add(
            "The runtime's own cost, no I/O",
            [ScenarioBench.Plan(nothing, Names.NullMethod, Mode.Blocking)],
            [ScenarioBench.Plan(nothing, Names.PreadMethod, Mode.Blocking)]);
        return plan;

        void Add(string title, IEnumerable<PlannedRun> sluices, IEnumerable<PlannedRun> systems)
        {
            List<PlannedRun> runs = [.. sluices, .. systems];
            plan.Add((title, runs[0].Workload.Scenario, runs));
        }
    }

    // The best method is shown in each way of waiting, once.
    private static IEnumerable<PlannedRun> AllModes(Workload workload, List<string> methods) =>
        methods.SelectMany((method, index) => index == 0
            ? new[] { Mode.Blocking, Mode.Loop, Mode.Await }.Select(mode => new PlannedRun(workload, method, mode))
            : [new PlannedRun(workload, method, Mode.Blocking)]);

    private static IEnumerable<PlannedRun> EachMethod(Workload workload, List<string> methods) =>
        methods.Select(method => new PlannedRun(workload, method, Mode.Blocking));

    private static IEnumerable<PlannedRun> Systems(Workload workload, bool withPread)
    {
        yield return new PlannedRun(workload, Names.RandomAccessMethod, Mode.Await);
        if (withPread) yield return new PlannedRun(workload, Names.PreadMethod, Mode.Blocking);
    }
}
