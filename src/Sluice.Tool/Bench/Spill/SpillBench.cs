using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using Sluice.TempFiles;
using Sluice.Tool.Infrastructure;

namespace Sluice.Tool.Bench.Spill;

/// <summary>
/// The spill scenario: hash joins whose build side is four times their memory, one after the other, or a temporary file that is written
/// and read in order.
/// </summary>
internal static class SpillBench
{
    private const long SizeBytesDefault = 1L << 30;
    private const double SecondsDefault = 5;

    // Two sides, of which one is so often the memory.
    private const int SizeOverMemory = 2 * BuildOverMemory;
    private const int BuildOverMemory = 4;
    private const long SizeBytesMin = 1 << 20;
    private const long WarmUpBytes = 32 << 20;

    /// <summary>Runs it by one method or by all. Blocks.</summary>
    /// <exception cref="UsageException">It cannot be done as asked.</exception>
    /// <returns>A section for each thing that was measured; the notes are those of the last.</returns>
    internal static IReadOnlyList<BenchSection> Run(BenchRequest request, TextWriter error, CancellationToken cancellationToken)
    {
        List<string> notes = [];
        List<string> methods = ScenarioBench.Methods(request, Scenario.Spill, notes, cancellationToken);
        long sizeBytes = request.SizeBytes ?? SizeBytesDefault;
        if (sizeBytes < SizeBytesMin)
        {
            throw new UsageException(
                $"--size {BenchText.Argument(sizeBytes)} is too little to spill: give {BenchText.Argument(SizeBytesMin)} or more.");
        }

        if (request.IsSpillOfFile) SpillFile.Require(request, sizeBytes);
        else if (request.IsBlockGiven) RequireBlock(request.BlockBytes, sizeBytes / SizeOverMemory);
        string directory = Path.GetTempPath();
        long space = BenchFile.SpaceIn(directory);
        if (sizeBytes > space)
        {
            throw new FailureException(
                $"{directory} has {ByteSize.Format(space)} to spare and up to {ByteSize.Format(sizeBytes)} are written: "
                + "make it smaller with --size, or set TMPDIR.");
        }

        if (!request.IsDirect) notes.Add("Page cache: the temporary files may never reach the device. --direct bypasses it.");
        string what = request.IsSpillOfFile
            ? $"Writes and reads {ByteSize.Format(sizeBytes)} in order."
            : $"Joins two sides of {ByteSize.Format(sizeBytes / 2)} with {ByteSize.Format(sizeBytes / SizeOverMemory)} of memory.";
        notes.Add(what);
        return BenchProgress.Run(error, progress =>
        {
            List<BenchRow> rows = [];
            foreach (string method in methods)
            {
                progress.Next(methods.IndexOf(method), methods.Count, $"spill {method}{(request.IsDirect ? ", direct" : "")}");
                foreach (BenchResult result in Measure(request, method, directory, sizeBytes, cancellationToken))
                {
                    rows.Add(new BenchRow(result, CommandOf(request, method, sizeBytes)));
                }
            }

            List<BenchSection> sections = [];
            string meaning = request.IsSpillOfFile
                ? "A temporary file from its beginning to its end: what sorts and joins do with theirs."
                : Names.MeaningOf(Scenario.Spill);
            string[] scenarios = [.. rows.Select(static row => row.Result.Scenario).Distinct()];
            foreach (string scenario in scenarios)
            {
                List<BenchRow> own = [.. rows.Where(row => row.Result.Scenario == scenario)];
                sections.Add(new BenchSection(scenario, meaning, own, scenario == scenarios[^1] ? notes : []));
            }

            return sections;
        });
    }

    private static void RequireBlock(int blockBytes, long memoryBytes)
    {
        try
        {
            SpillPlan.For(memoryBytes, blockBytes);
        }
        catch (ArgumentOutOfRangeException)
        {
            throw new UsageException(
                $"--block {BenchText.Argument(blockBytes)} does not go with a join that has {ByteSize.Format(memoryBytes)} of memory: "
                + "give a power of two from 4k, and a larger --size if need be.");
        }
    }

    private static BenchResult[] Measure(
        BenchRequest request, string method, string directory, long sizeBytes, CancellationToken cancellationToken)
    {
        GC.Collect();
        using AioSystem system = AioSystem.Start(Options(request, method));
        using TempSpace space = TempSpace.Open(system, new TempSpaceOptions { Directories = [directory], Direct = request.IsDirect });
        using AioContext context = system.CreateContext("spill");
        TempOwner owner = space.CreateOwner("sluice bench spill");
        double seconds = request.Seconds ?? SecondsDefault;
        return request.IsSpillOfFile
            ? SpillFile.Measure(context, owner, request, method, sizeBytes, seconds, cancellationToken)
            : [MeasureJoin(context, owner, request, method, sizeBytes, seconds, cancellationToken)];
    }

    private static BenchResult MeasureJoin(
        AioContext context, TempOwner owner, BenchRequest request, string method, long sizeBytes, double seconds,
        CancellationToken cancellationToken)
    {
        // The same code at a smaller size, until the compiler has made its best of it.
        long warmUpUntil = Stopwatch.GetTimestamp() + (long)(ScenarioBench.WarmUpFor(seconds).TotalSeconds * Stopwatch.Frequency);
        do Join(context, owner, request, Math.Min(sizeBytes, WarmUpBytes), cancellationToken);
        while (Stopwatch.GetTimestamp() < warmUpUntil);

        LatencyHistogram latencies = new();
        long records = 0;
        long moved = 0;
        HashSpillStatistics statistics;
        long allocated = GC.GetTotalAllocatedBytes(precise: true);
        TimeSpan cpu = Environment.CpuUsage.TotalTime;
        long startedAt = Stopwatch.GetTimestamp();
        long until = startedAt + (long)(seconds * Stopwatch.Frequency);
        do
        {
            long joinStartedAt = Stopwatch.GetTimestamp();
            (long joined, statistics) = Join(context, owner, request, sizeBytes, cancellationToken);
            latencies.Record(Stopwatch.GetTimestamp() - joinStartedAt);
            records += joined;
            moved += statistics.BytesWritten + statistics.BytesRead;
        }
        while (Stopwatch.GetTimestamp() < until);

        int blockBytes = statistics.BlockBytes;
        return new BenchResult
        {
            Scenario = Names.Of(Scenario.Spill),
            Method = method,
            Mode = Names.Of(Mode.Blocking),
            BlockBytes = blockBytes,
            Depth = statistics.BlocksInFlightMax,
            Threads = 1,
            IsDirect = request.IsDirect,
            Seconds = Stopwatch.GetElapsedTime(startedAt).TotalSeconds,
            Operations = moved / blockBytes,
            CpuMicroseconds = (Environment.CpuUsage.TotalTime - cpu).TotalMicroseconds,
            AllocatedBytes = GC.GetTotalAllocatedBytes(precise: true) - allocated,
            Latency = new LatencySummary(
                Microseconds(latencies.Percentile(0.5)),
                Microseconds(latencies.Percentile(0.99)),
                Microseconds(latencies.Percentile(0.999)),
                Microseconds(latencies.Max)),
            Records = records,
        };
    }

    private static (long Records, HashSpillStatistics Statistics) Join(
        AioContext context, TempOwner owner, BenchRequest request, long sizeBytes, CancellationToken cancellationToken)
    {
        long each = sizeBytes / 2 / Unsafe.SizeOf<SpillRecord>();
        SpillKeys keys = new();
        HashSpillOptions options = new()
        {
            MemoryBytes = sizeBytes / SizeOverMemory,
            BlockBytes = request.IsBlockGiven ? request.BlockBytes : 0,
        };
        using HashJoin<SpillRecord, SpillRecord> join = new(
            context, owner, JoinKind.Inner, UnmanagedCodec<SpillRecord>.Instance, UnmanagedCodec<SpillRecord>.Instance, keys, keys,
            options, cancellationToken);
        SpillRecord record = default;
        for (long number = 0; number < each; number++)
        {
            SpillKeys.Make(ref record, number);
            join.AddBuild(record);
        }

        for (long number = 0; number < each; number++)
        {
            SpillKeys.Make(ref record, number);
            join.Probe(record);
        }

        join.Finish();
        if (keys.Pairs != each) throw new FailureException($"the join gave {keys.Pairs} pairs instead of {each}.");
        return (2 * each, join.Statistics);
    }

    private static AioSystemOptions Options(BenchRequest request, string method)
    {
        AioSystemOptions options = new() { Method = method, SharedContexts = 1 };
        options.MethodSettings["io_uring"] = new Dictionary<string, string>
        {
            ["registered_buffers"] = request.IsRegistered ? "true" : "false",
            ["registered_files"] = request.IsRegistered ? "1024" : "0",
        };
        return options;
    }

    private static string CommandOf(BenchRequest request, string method, long sizeBytes)
    {
        string command = $"sluice bench spill --method {method} --size {BenchText.Argument(sizeBytes)}";
        if (request.IsSpillOfFile) command += " --phase file";
        if (request.IsBlockGiven) command += $" --block {BenchText.Argument(request.BlockBytes)}";
        if (request.IsDirect) command += " --direct";
        if (request.IsRegistered) command += " --registered";
        return command + string.Create(CultureInfo.InvariantCulture, $" --seconds {request.Seconds ?? SecondsDefault}");
    }

    private static double Microseconds(long ticks) => ticks * 1e6 / Stopwatch.Frequency;
}
