using System.CommandLine;
using Sluice.TempFiles;
using Sluice.Tool.Infrastructure;

namespace Sluice.Tool.Bench.Spill;

/// <summary><c>sluice bench sort</c>: an external sort through the API, and its merge alone.</summary>
internal static class SortBench
{
    private const int MergeRuns = 256;

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

    private static BenchResult RunApi(AioSystem system, TempSpace space, SpillOptions options, CancellationToken cancellationToken)
    {
        long records = options.SizeBytes / PayloadCodec.RecordBytes;
        return SpillRun.Measure("sort", system, options, PayloadCodec.RecordBytes, 1, () =>
        {
            ExternalSortOptions sortOptions = new() { MemoryBytes = options.MemoryBytes };
            using ExternalSorter<PayloadCodec.Row> sorter = new(
                space, new PayloadCodec(), SortOrder.LeadingBytes(PayloadCodec.KeyBytes), sortOptions, "bench sort", cancellationToken);
            for (long number = 0; number < records; number++) sorter.Add(
                new PayloadCodec.Row(PayloadCodec.Mix((ulong)number), (ulong)number));
            using SortedRecords<PayloadCodec.Row> result = sorter.Finish();
            long count = 0;
            while (result.MoveNext()) count++;
            return count == records ? count : throw new FailureException($"{records} records went in and {count} came out.");
        });
    }

    private static unsafe BenchResult RunMerge(AioSystem system, TempSpace space, SpillOptions options, int blockBytes, bool noAhead,
        CancellationToken cancellationToken)
    {
        using AioContext context = system.CreateContext("bench merge");
        using LogicalTapeSet set = new(space.CreateOwner("bench merge"), blockBytes);
        long perRun = options.SizeBytes / PayloadCodec.RecordBytes / MergeRuns;
        LogicalTape[] tapes = new LogicalTape[MergeRuns];
        PayloadCodec codec = new();
        byte[] record = new byte[PayloadCodec.RecordBytes];
        using (LogicalTapeWriter writer = new(context, set, 8, cancellationToken))
        {
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
        }

        int buffers = noAhead ? MergeRuns : (int)Math.Max(MergeRuns * 2, options.MemoryBytes / blockBytes);
        return SpillRun.Measure("merge", system, options, PayloadCodec.RecordBytes, buffers / MergeRuns, () =>
        {
            TapeMergeReader reader = new(context, set, tapes, buffers, cancellationToken);
            RecordSource[] sources = new RecordSource[MergeRuns];
            for (int run = 0; run < MergeRuns; run++) sources[run] = new TapeRecordSource(reader.Cursors[run]);
            using MergedRecords<BytesOrder> merged = new(sources, reader, new BytesOrder(PayloadCodec.KeyBytes), isUnique: false,
                long.MaxValue);
            long count = 0;
            while (merged.MoveNext()) count++;
            return count;
        });
    }
}
