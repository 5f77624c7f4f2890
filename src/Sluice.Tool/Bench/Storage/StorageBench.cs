using System.Diagnostics;
using Sluice.Plugins;
using Sluice.Storage;
using Sluice.Tool.Infrastructure;

namespace Sluice.Tool.Bench.Storage;

/// <summary>One scenario on a relation, by one method or by all.</summary>
internal static class StorageBench
{
    private const double SecondsDefault = 5;

    // A scan does not need more than its ring; 32 MiB leave room for a bulk write's.
    private const int BufferCountDefault = 8192;

    /// <summary>Runs it. Blocks.</summary>
    /// <exception cref="UsageException">It cannot be done as asked.</exception>
    internal static BenchSection Run(BenchRequest request, TextWriter error, CancellationToken cancellationToken)
    {
        Scenario scenario = request.Scenario!.Value;
        StorageRefusals.Require(request);
        List<string> notes = [];
        List<string> methods = Methods(request, notes, cancellationToken);
        uint blocks = (uint)(StorageRefusals.SizeBytes(request) / StorageLimits.PageBytes);
        string directory = request.DataDirectory is { } named
            ? Directory.CreateDirectory(named).FullName
            : Directory.CreateTempSubdirectory("sluice-bench-").FullName;
        try
        {
            return BenchProgress.Run(error, progress =>
            {
                List<BenchRow> rows = [];
                foreach (string method in methods)
                {
                    progress.Next(rows.Count, methods.Count, $"{Names.Of(scenario)} {method}");
                    rows.Add(RunOne(request, scenario, method, directory, blocks, cancellationToken));
                }

                return new BenchSection(Names.Of(scenario), Names.MeaningOf(scenario), rows, notes);
            });
        }
        finally
        {
            if (request.DataDirectory is null) Directory.Delete(directory, recursive: true);
        }
    }

    private static BenchRow RunOne(
        BenchRequest request, Scenario scenario, string method, string directory, uint blocks, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        string? resolved = method == IoMethodSelector.Auto ? null : method;
        int bufferCount = scenario == Scenario.Checkpoint ? request.Pages + Math.Max(1024, request.Pages / 16) : BufferCountDefault;
        using StorageHost host = new(resolved ?? IoMethodSelector.Auto, directory, request, bufferCount);
        StorageMeter meter = new();
        double seconds = request.Seconds ?? SecondsDefault;
        if (scenario is Scenario.Scan or Scenario.Bitmap or Scenario.Checkpoint) host.Fill(blocks, cancellationToken);
        switch (scenario)
        {
            case Scenario.Scan or Scenario.Bitmap:
                StorageRuns.Scan(host, request, blocks, meter, seconds, cancellationToken);
                break;
            case Scenario.Checkpoint:
                StorageRuns.Checkpoint(host, request, blocks, meter, seconds, cancellationToken);
                break;
            case Scenario.Extend:
                StorageRuns.Extend(host, request, blocks, meter, seconds, cancellationToken);
                break;
            default:
                StorageRuns.BulkWrite(host, request, blocks, meter, seconds, cancellationToken);
                break;
        }

        cancellationToken.ThrowIfCancellationRequested();
        BenchResult result = new()
        {
            Scenario = Names.Of(scenario),
            Method = host.System.MethodName,
            Mode = Names.Of(scenario == Scenario.Checkpoint ? Mode.Loop : Mode.Blocking),
            BlockBytes = StorageLimits.PageBytes,
            Depth = request.Depth,
            Threads = 1,
            IsDirect = request.IsDirect,
            Seconds = meter.Seconds,
            Operations = meter.Pages,
            Pages = meter.Pages,
            CpuMicroseconds = meter.CpuMicroseconds,
            AllocatedBytes = meter.AllocatedBytes,
            Latency = new LatencySummary(
                Microseconds(meter.Latencies.Percentile(0.5)),
                Microseconds(meter.Latencies.Percentile(0.99)),
                Microseconds(meter.Latencies.Percentile(0.999)),
                Microseconds(meter.Latencies.Max)),
        };
        return new BenchRow(result, CommandOf(request, scenario, host.System.MethodName, blocks));
    }

    private static string CommandOf(BenchRequest request, Scenario scenario, string method, uint blocks)
    {
        string size = BenchText.Argument((long)blocks * StorageLimits.PageBytes);
        string command = FormattableString.Invariant(
            $"sluice bench {Names.Of(scenario)} --method {method} --depth {request.Depth} --combine {request.CombinePages} --size {size}");
        if (scenario == Scenario.Checkpoint) command += FormattableString.Invariant($" --pages {request.Pages} --run {request.RunPages}");
        if (scenario == Scenario.Bitmap) command += FormattableString.Invariant($" --every {request.Every}");
        if (request.IsDirect) command += " --direct";
        if (request.IsCold) command += " --cold";
        return command + FormattableString.Invariant($" --seconds {request.Seconds ?? SecondsDefault}");
    }

    private static List<string> Methods(BenchRequest request, List<string> notes, CancellationToken cancellationToken)
    {
        string method = request.Method ?? IoMethodSelector.Auto;
        if (method == Names.AllMethods) return ScenarioBench.Available(notes, cancellationToken);
        if (method is Names.RandomAccessMethod or Names.PreadMethod or Names.NullMethod or Names.SimulatedMethod)
        {
            throw new UsageException(
                $"the method {method} cannot do {Names.Of(request.Scenario!.Value)}: take auto, an io_method, or all.");
        }

        if (method != IoMethodSelector.Auto) MethodChoice.Require(method);
        return [method];
    }

    private static double Microseconds(long ticks) => ticks * 1e6 / Stopwatch.Frequency;
}
