using System.CommandLine;
using System.Diagnostics;
using Sluice.TempFiles;
using Sluice.Tool.Infrastructure;

namespace Sluice.Tool.Bench.Spill;

/// <summary><c>sluice bench sort</c>: an external sort through the API, and its merge alone.</summary>
internal static class SortBench
{
    private const int MergeRuns = 256;
    private const double WarmUpSeconds = 1;
    private const long WarmUpBytes = 32 << 20;

    internal static Command Create()
    {
        Command command = new("sort", "Measure an external sort of 100-byte records with 16-byte keys, or the merge of 256 runs alone");
        SpillOptions options = new(command);
        Option<string> phase = new("--phase")
        {
            Description = "api (the whole sort) or merge (the merge of 256 runs alone)",
            DefaultValueFactory = static _ => "api"
        };
        Option<bool> noAhead = new("--no-ahead")
        {
            Description = "Merge with one block per run, read when it is needed: what to compare with",
        };
        Option<long> block = ToolOptions.Size("--block", 64 << 10, 4096, 1 << 20, "Size of a block of the merge; 64K unless given");
        command.Options.Add(phase);
        command.Options.Add(noAhead);
        command.Options.Add(block);
        command.SetAction((parsed, cancellationToken) => Task.Factory.StartNew(
            () =>
            {
                options.Read(parsed);
                using AioSystem system = options.StartSystem();
                using TempSpace space = options.OpenSpace(system);
                BenchResult result = parsed.GetValue(phase) switch
                {
                    "api" => RunApi(system, space, options, cancellationToken),
                    "merge" => RunMerge(system, space, options, (int)parsed.GetValue(block) / 4096 * 4096, parsed.GetValue(noAhead),
                        cancellationToken),
                    var other => throw new UsageException($"--phase is '{other}': give api or merge."),
                };
                SpillRun.Print([result], options.IsJson, parsed.InvocationConfiguration.Output);
                return Program.Done;
            },
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default));
        return command;
    }

    // The same code at a smaller size, until the compiler has made its best of it.
    private static void WarmUp(Action work)
    {
        long startedAt = Stopwatch.GetTimestamp();
        do work();
        while (Stopwatch.GetElapsedTime(startedAt).TotalSeconds < WarmUpSeconds);
    }

    private static BenchResult RunApi(AioSystem system, TempSpace space, SpillOptions options, CancellationToken cancellationToken)
    {
        WarmUp(() => Sort(space, Math.Min(options.SizeBytes, WarmUpBytes), WarmUpBytes / 8, cancellationToken));
        return SpillRun.Measure("sort", system, options, PayloadCodec.RecordBytes, 1,
            () => Sort(space, options.SizeBytes, options.MemoryBytes, cancellationToken));
    }

    private static long Sort(TempSpace space, long sizeBytes, long memoryBytes, CancellationToken cancellationToken)
    {
        long records = sizeBytes / PayloadCodec.RecordBytes;
        ExternalSortOptions sortOptions = new() { MemoryBytes = memoryBytes };
        using ExternalSorter<PayloadCodec.Row> sorter = new(
            space, new PayloadCodec(), SortOrder.LeadingBytes(PayloadCodec.KeyBytes), sortOptions, "bench sort", cancellationToken);
        for (long number = 0; number < records; number++) sorter.Add(
            new PayloadCodec.Row(PayloadCodec.Mix((ulong)number), (ulong)number));
        using SortedRecords<PayloadCodec.Row> result = sorter.Finish();
        long count = 0;
        while (result.MoveNext()) count++;
        return count == records ? count : throw new FailureException($"{records} records went in and {count} came out.");
    }

    private static BenchResult RunMerge(AioSystem system, TempSpace space, SpillOptions options, int blockBytes, bool noAhead,
        CancellationToken cancellationToken)
    {
        using AioContext context = system.CreateContext("bench merge");
        int buffers = noAhead ? MergeRuns : (int)Math.Max(MergeRuns * 2, options.MemoryBytes / blockBytes);
        WarmUp(() =>
        {
            using LogicalTapeSet few = new(space.CreateOwner("bench merge warm-up"), blockBytes);
            LogicalTape[] runs = WriteRuns(context, few, Math.Min(options.SizeBytes, WarmUpBytes), cancellationToken);
            Merge(context, few, runs, buffers, cancellationToken);
        });
        using LogicalTapeSet set = new(space.CreateOwner("bench merge"), blockBytes);
        LogicalTape[] tapes = WriteRuns(context, set, options.SizeBytes, cancellationToken);
        return SpillRun.Measure("merge", system, options, PayloadCodec.RecordBytes, buffers / MergeRuns,
            () => Merge(context, set, tapes, buffers, cancellationToken));
    }

    private static unsafe LogicalTape[] WriteRuns(AioContext context, LogicalTapeSet set, long sizeBytes,
        CancellationToken cancellationToken)
    {
        long perRun = sizeBytes / PayloadCodec.RecordBytes / MergeRuns;
        LogicalTape[] tapes = new LogicalTape[MergeRuns];
        PayloadCodec codec = new();
        byte[] record = new byte[PayloadCodec.RecordBytes];
        using LogicalTapeWriter writer = new(context, set, 8, cancellationToken);
        for (int run = 0; run < MergeRuns; run++)
        {
            // Keys of a run ascend by steps that look random, so that the runs are used evenly.
            tapes[run] = set.CreateTape();
            writer.Begin(tapes[run]);
            ulong step = ulong.MaxValue / (ulong)(perRun + 1);
            for (long number = 0; number < perRun; number++)
            {
                ulong key = ((ulong)number * step) + (PayloadCodec.Mix((ulong)(number * MergeRuns) + (ulong)run) % step);
                codec.Encode(new PayloadCodec.Row(key, (ulong)number), record);
                fixed (byte* at = record) writer.WriteRecord(at, record.Length);
            }

            writer.Finish();
        }

        return tapes;
    }

    private static long Merge(AioContext context, LogicalTapeSet set, LogicalTape[] tapes, int buffers,
        CancellationToken cancellationToken)
    {
        TapeMergeReader reader = new(context, set, tapes, buffers, cancellationToken);
        RecordSource[] sources = new RecordSource[tapes.Length];
        for (int run = 0; run < tapes.Length; run++) sources[run] = new TapeRecordSource(reader.Cursors[run]);
        using MergedRecords<BytesOrder> merged = new(sources, reader, new BytesOrder(PayloadCodec.KeyBytes), isUnique: false,
            long.MaxValue);
        long count = 0;
        while (merged.MoveNext()) count++;
        return count;
    }
}
