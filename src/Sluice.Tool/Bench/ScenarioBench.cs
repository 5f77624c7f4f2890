using Sluice.Plugins;
using Sluice.Tool.Infrastructure;
using Sluice.Tool.Methods;

namespace Sluice.Tool.Bench;

/// <summary>One scenario, as the command line asks for it, by one method or by all.</summary>
internal static class ScenarioBench
{
    private const long SizeBytesDefault = 1L << 30;
    private const long NullSizeBytesDefault = 64L << 20;
    private const double SecondsDefault = 5;

    /// <summary>Runs it. Blocks.</summary>
    /// <exception cref="UsageException">It cannot be done as asked.</exception>
    internal static BenchSection Run(BenchRequest request, TextWriter error, CancellationToken cancellationToken)
    {
        Scenario scenario = request.Scenario!.Value;
        if (Names.IsStorage(scenario)) return Storage.StorageBench.Run(request, error, cancellationToken);
        List<string> notes = [];
        List<string> methods = Methods(request, scenario, notes, cancellationToken);
        RequireBuffers(request);
        return BenchProgress.Run(error, progress =>
        {
            progress.Next(0, methods.Count + 1, "data file");
            using BenchFile file = Prepare(request, scenario, cancellationToken);
            long rangeBytes = RangeOf(request, file);
            bool isDirect = request.IsDirect && scenario != Scenario.Null;
            if (!isDirect && scenario is not (Scenario.LogWrite or Scenario.RandomWrite))
            {
                if (scenario != Scenario.Null)
                {
                    notes.Add("Page cache: the file was read before, no device is involved. --direct bypasses it.");
                }

                file.ReadIntoCache(rangeBytes, cancellationToken);
            }
            else if (!isDirect && scenario == Scenario.RandomWrite)
            {
                notes.Add("Page cache: the writes are in memory when they complete, not on the device. --direct bypasses it.");
            }

            Workload workload = ToWorkload(request, scenario, file.Path, rangeBytes) with { IsDirect = isDirect };
            List<BenchRow> rows = [];
            foreach (string method in methods)
            {
                PlannedRun run = Plan(workload, method, request.Mode ?? Mode.Blocking);
                progress.Next(rows.Count + 1, methods.Count + 1, run.Title);
                if (workload.IsDurable)
                {
                    DurableWriteForm form = request.Durable ?? DurableForms.Fastest(workload, method, cancellationToken);
                    run = run with { Workload = workload with { Durable = form } };
                }

                rows.Add(Make(run, scenario, cancellationToken));
            }

            if (scenario == Scenario.Null) notes.Add(NullNote(rows));
            return new BenchSection(Names.Of(scenario), Names.MeaningOf(scenario), rows, notes);
        });
    }

    /// <summary>Makes a run; the blocking read that the null scenario is compared with appears under its name.</summary>
    internal static BenchRow Make(PlannedRun run, Scenario scenario, CancellationToken cancellationToken)
    {
        BenchResult result = BenchRunner.Run(run.Workload, run.Method, run.Mode, cancellationToken);
        string command = (run with { Workload = run.Workload with { Scenario = scenario } }).Command;
        return new BenchRow(
            result with { Scenario = Names.Of(scenario) }, command, run.Workload.IsDurable ? Names.Of(run.Workload.Durable) : null);
    }

    /// <summary>The run of a method; in the null scenario <c>pread</c> reads from the page cache.</summary>
    internal static PlannedRun Plan(Workload workload, string method, Mode mode) =>
        workload.Scenario == Scenario.Null && method == Names.PreadMethod
            ? new PlannedRun(workload with { Scenario = Scenario.RandomRead }, method, mode)
            : new PlannedRun(workload, method, mode);

    /// <summary>
    /// What the null scenario says: the runtime's cost against that of a read from the page cache. By CPU time, of which both use one
    /// thread's: it says the same on a machine that has other work.
    /// </summary>
    internal static string NullNote(IReadOnlyList<BenchRow> rows)
    {
        double runtime = rows[0].Result.CpuMicrosecondsPerOperation;
        double read = rows[1].Result.CpuMicrosecondsPerOperation;
        string block = BenchText.Argument(rows[1].Result.BlockBytes);
        return $"The runtime takes {BenchText.Time(runtime)} per I/O; one {block} read from the page cache takes {BenchText.Time(read)}: "
            + $"{runtime / read * 100:0.0} % of it.";
    }

    private static Workload ToWorkload(BenchRequest request, Scenario scenario, string path, long rangeBytes)
    {
        double seconds = request.Seconds ?? SecondsDefault;
        return new Workload
        {
            Scenario = scenario,
            Path = path,
            RangeBytes = rangeBytes,
            BlockBytes = request.BlockBytes,
            Depth = request.Depth,
            Threads = request.Threads,
            IsRegistered = request.IsRegistered,
            Duration = TimeSpan.FromSeconds(seconds),
            WarmUp = WarmUpFor(seconds),
        };
    }

    /// <summary>How long to warm up: long enough for the compiler to finish, short beside what is measured.</summary>
    internal static TimeSpan WarmUpFor(double seconds) => TimeSpan.FromSeconds(Math.Clamp(seconds / 4, 0.05, 1));

    internal static List<string> Methods(BenchRequest request, Scenario scenario, List<string> notes, CancellationToken cancellationToken)
    {
        string method = request.Method ?? (scenario == Scenario.Null ? Names.NullMethod : IoMethodSelector.Auto);
        if (scenario == Scenario.Null)
        {
            if (method != Names.NullMethod) throw new UsageException($"the scenario null has the method null only, not '{method}'.");
            return [Names.NullMethod, Names.PreadMethod];
        }

        if (method == Names.NullMethod)
        {
            throw new UsageException("the method null does no I/O and is measured by the scenario null: sluice bench null.");
        }

        if (method == Names.SimulatedMethod)
        {
            throw new UsageException(
                "the method simulated has a disk in memory and a clock of its own, and is measured by: sluice simulate --benchmark.");
        }

        if (scenario == Scenario.Spill && method is Names.RandomAccessMethod or Names.PreadMethod)
        {
            throw new UsageException($"the scenario spill is done by io_methods only, not by '{method}'.");
        }

        if (method is Names.RandomAccessMethod or Names.PreadMethod)
        {
            RequireMode(method, request.Mode, method == Names.PreadMethod ? Mode.Blocking : Mode.Await);
            return [method];
        }

        if (method != Names.AllMethods)
        {
            RequireKnown(method);
            return [method];
        }

        List<string> all = Available(notes, cancellationToken);
        return scenario == Scenario.Spill ? all : [.. all, Names.RandomAccessMethod, Names.PreadMethod];
    }

    /// <summary>The io_methods that work here, best first; why the others do not goes to the notes.</summary>
    internal static List<string> Available(List<string> notes, CancellationToken cancellationToken)
    {
        MethodSurvey survey = MethodSurvey.Make(cancellationToken);
        List<string> available = [];
        foreach (MethodRow row in survey.Rows.Where(static row => row.Name is not (Names.NullMethod or Names.SimulatedMethod)))
        {
            if (row.IsAvailable) available.Add(row.Name);
            else notes.Add($"{row.Name} is not available: {row.Reason}");
        }

        foreach (string missing in IoMethodSelector.AutoOrder.Where(name => survey.Rows.All(row => row.Name != name)))
        {
            notes.Add($"{missing} is not available: there is no such plugin in {survey.SearchedDirectory}");
        }

        List<string> order = [.. IoMethodSelector.AutoOrder];
        return
        [
            .. available.OrderBy(name => order.IndexOf(name) is >= 0 and int place ? place : order.Count)
                .ThenBy(static name => name, StringComparer.Ordinal),
        ];
    }

    private static void RequireKnown(string method)
    {
        try
        {
            MethodChoice.Require(method);
        }
        catch (UsageException exception)
        {
            string others = string.Join(", ", IoMethodSelector.Auto, Names.AllMethods, Names.RandomAccessMethod, Names.PreadMethod);
            throw new UsageException($"{exception.Message.TrimEnd('.')}; beside these: {others}.");
        }
    }

    private static void RequireMode(string method, Mode? asked, Mode only)
    {
        if (asked is not { } mode || mode == only) return;
        throw new UsageException($"the method {method} has the mode {Names.Of(only)} only: leave --mode {Names.Of(mode)} out.");
    }

    private static void RequireBuffers(BenchRequest request)
    {
        long bytes = (long)request.BlockBytes * request.Depth * request.Threads;
        if (bytes <= BenchLimits.BuffersBytesMax) return;
        throw new UsageException(
            $"--block, --depth and --threads together need {ByteSize.Format(bytes)} of buffers "
            + $"and there may be {ByteSize.Format(BenchLimits.BuffersBytesMax)}: make one of them smaller.");
    }

    private static BenchFile Prepare(BenchRequest request, Scenario scenario, CancellationToken cancellationToken)
    {
        long sizeBytes = request.SizeBytes ?? (scenario == Scenario.Null ? NullSizeBytesDefault : SizeBytesDefault);
        if (sizeBytes < request.BlockBytes)
        {
            throw new UsageException(
                $"--size {BenchText.Argument(sizeBytes)} is less than one block of {BenchText.Argument(request.BlockBytes)}.");
        }


        if (request.File is not { } path) return BenchFile.MakeTemporary(Path.GetTempPath(), sizeBytes, cancellationToken);
        if (Directory.Exists(path)) throw new UsageException($"--file {path} is a folder: name a file.");
        bool isWriting = scenario is Scenario.RandomWrite or Scenario.LogWrite;
        if (!File.Exists(path))
        {
            if (request.Overwrites) return BenchFile.MakeNamed(path, sizeBytes, cancellationToken);
            throw new UsageException(
                $"--file {path} does not exist: leave --file out for a temporary file, or add --overwrite to make this one.");
        }

        if (isWriting && !request.Overwrites)
        {
            throw new UsageException(
                $"--file {path} exists and {Names.Of(scenario)} would overwrite its content: add --overwrite if that is meant.");
        }

        return BenchFile.Existing(path);
    }

    private static long RangeOf(BenchRequest request, BenchFile file)
    {
        long rangeBytes = Math.Min(file.LengthBytes, request.SizeBytes ?? long.MaxValue);
        if (rangeBytes >= request.BlockBytes) return rangeBytes;
        throw new UsageException(
            $"--file {file.Path} has {file.LengthBytes} bytes, less than one block of {BenchText.Argument(request.BlockBytes)}.");
    }
}
