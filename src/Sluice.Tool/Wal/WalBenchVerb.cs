using System.CommandLine;
using System.Globalization;
using Sluice.Tool.Bench;
using Sluice.Tool.Infrastructure;
using Sluice.Wal;

namespace Sluice.Tool.Wal;

/// <summary><c>sluice bench wal</c>: what a write-ahead log does on this machine.</summary>
internal static class WalBenchVerb
{
    internal static Command Create()
    {
        Option<string> what =
            new("--what") { Description = "commit, append, bulk, recover or replay", DefaultValueFactory = static _ => "commit" };
        Option<string> method = ToolOptions.Method();
        Option<string> mode =
            new("--mode") { Description = "blocking, await or loop: how clients wait", DefaultValueFactory = static _ => "await" };
        Option<int> clients = ToolOptions.Number("--clients", 1, 1, 1024, "Clients at once; threads when blocking or appending");
        Option<long> record = ToolOptions.Size("--record", 128, 0, 1 << 30, "Bytes of content of each record");
        string forms = string.Join(", ", Enum.GetNames<WalSyncForm>().Select(static name => name.ToLowerInvariant()));
        Option<string> form =
            new("--sync-form") { Description = $"How a commit becomes durable: {forms}", DefaultValueFactory = static _ => "auto" };
        Option<int> seconds = ToolOptions.Number("--seconds", 5, 1, 3600, "How long is measured");
        Option<long> size = ToolOptions.Size("--size", 1L << 30, 1 << 20, 1L << 40, "How much log recover and replay read");
        Option<int> pages = ToolOptions.Number(
            "--pages", 32768, 64, 1 << 24, "Pages that the records of replay are about; there is memory for an eighth of them");
        Option<int> reads = ToolOptions.Number(
            "--reads", 32, 0, 1000, "Reads of pages in flight ahead of replay; 0 for each page when its record comes");
        Option<int> flushes = ToolOptions.Number("--flushes", 2, 1, 16, "Flushes, and writes of commits, in flight at most");
        Option<int> seal = ToolOptions.Number("--seal", 8, 1, 1 << 20, "From how many waiting clients on a block is given up half filled");
        Option<long> segment = ToolOptions.Size("--segment", 16 << 20, 1 << 20, 1 << 30, "Size of a segment");
        Option<long> block = ToolOptions.Size("--block", 4096, 512, 8192, "The smallest piece of the log that is written");
        Option<bool> allocate =
            new("--allocate") { Description = "Segments are reserved instead of filled with zeros: what unwritten blocks cost" };
        Option<bool> fresh =
            new("--fresh") { Description = "Old segments are removed and not used again, so that every segment is a new one" };
        Option<bool> buffered = new("--buffered") { Description = "Through the system's cache" };
        Option<string> folder = new("--dir")
        {
            Description = "A folder on the device to measure (the temporary folder)",
            DefaultValueFactory = static _ => Path.GetTempPath(),
        };
        Option<bool> json = new("--json") { Description = "Print a JSON array with one object" };
        Command command = new("wal", "Measure a write-ahead log: commits, insertion, bulk writing, recovery")
        {
            what, method, mode, clients, record, form, seconds, size, pages, reads, flushes, seal, segment, block, allocate, fresh,
            buffered, folder, json,
        };
        command.SetAction((parsed, cancellationToken) =>
        {
            string methodName = parsed.GetValue(method)!;
            MethodChoice.RequireReal(methodName);
            string modeName = parsed.GetValue(mode)!;
            if (modeName is not ("blocking" or "await" or "loop"))
            {
                throw new UsageException($"--mode is '{modeName}': give blocking, await or loop.");
            }

            WalBenchRequest request = new()
            {
                Workload = Parse<WalWorkload>("--what", parsed.GetValue(what)!),
                Method = methodName,
                Mode = modeName,
                Clients = parsed.GetValue(clients),
                RecordBytes = (int)parsed.GetValue(record),
                Seconds = parsed.GetValue(seconds),
                Folder = parsed.GetValue(folder)!,
                SizeBytes = parsed.GetValue(size),
                Pages = parsed.GetValue(pages),
                Options = new WalOptions
                {
                    SyncForm = Parse<WalSyncForm>("--sync-form", parsed.GetValue(form)!),
                    FlushesInFlight = parsed.GetValue(flushes),
                    SealWaiters = parsed.GetValue(seal),
                    ReplayReads = parsed.GetValue(reads),
                    SegmentBytes = (int)parsed.GetValue(segment),
                    BlockBytes = (int)parsed.GetValue(block),
                    Fill = parsed.GetValue(allocate) ? SegmentFill.Allocate : SegmentFill.Zeros,
                    RecycledSegmentsMax = parsed.GetValue(fresh) ? 0 : new WalOptions().RecycledSegmentsMax,
                    Direct = parsed.GetValue(buffered) ? false : null,
                },
            };
            if (request.Options.Validate() is { Count: > 0 } mistakes) throw new UsageException(mistakes[0]);
            return Task.Factory.StartNew(
                () => Print(WalBench.Run(request, cancellationToken), parsed.GetValue(json), parsed.InvocationConfiguration.Output),
                CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        });
        return command;
    }

    private static T Parse<T>(string option, string text)
        where T : struct, Enum
    {
        if (Enum.TryParse(text, ignoreCase: true, out T value) && Enum.IsDefined(value)) return value;
        throw new UsageException(
            $"{option} is '{text}': give {string.Join(", ", Enum.GetNames<T>().Select(static name => name.ToLowerInvariant()))}.");
    }

    private static int Print(WalBenchResult result, bool isJson, TextWriter output)
    {
        if (isJson)
        {
            output.WriteLine(result.ToJson());
            return Program.Done;
        }

        WalBenchRequest request = result.Request;
        string what = request.Workload.ToString().ToLowerInvariant();
        output.WriteLine(
            $"wal {what}: {result.Method}, {request.Mode}, {request.Clients} clients, records of {BenchText.Argument(request.RecordBytes)} "
                + $"bytes, {result.Form}");
        output.WriteLine(
            string.Create(CultureInfo.InvariantCulture, $"  {BenchText.Count(result.PerSecond)} a second, "
                + $"{BenchText.MebibytesPerSecond(result.Bytes / result.Seconds)} MiB/s, "
                + $"{BenchText.Time(1e6 * result.Seconds / Math.Max(1, result.Operations))} each"));
        if (result.Flushes != 0)
        {
            output.WriteLine(
                $"  {BenchText.Count(result.Flushes / result.Seconds)} flushes a second, "
                    + $"{BenchText.Number((double)result.Operations / result.Flushes)} records for each");
        }

        output.WriteLine(
            $"  latency: p50 {BenchText.Time(result.P50)}, p99 {BenchText.Time(result.P99)}, p99.9 {BenchText.Time(result.P999)}, slowest "
                + $"{BenchText.Time(result.Max)}");
        if (result.SegmentSwitches != 0)
        {
            output.WriteLine(
                $"  {result.SegmentSwitches} commits saw the log go on to another segment, the slowest of them "
                    + $"{BenchText.Time(result.SlowestAtSwitch)}");
        }

        output.WriteLine(
            $"  CPU {BenchText.Time(result.CpuMicroseconds / Math.Max(1, result.Operations))} each, "
                + $"{BenchText.Number((double)result.AllocatedBytes / Math.Max(1, result.Operations))} bytes allocated each, "
                + $"{result.SegmentStalls} waits for segments, {result.BufferFullWaits} for room");
        return Program.Done;
    }
}
