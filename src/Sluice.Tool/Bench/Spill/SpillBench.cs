using System.CommandLine;
using Sluice.TempFiles;
using Sluice.Tool.Infrastructure;

namespace Sluice.Tool.Bench.Spill;

/// <summary><c>sluice bench spill</c>: a temporary file written and read in order, and a hash join that spills.</summary>
internal static class SpillBench
{
    private const int BlockBytes = 128 << 10;
    private const int Depth = 16;
    private const int ShareThatFits = 4;

    internal static Command Create()
    {
        Command command = new(
            "spill",
            "Measure a temporary file written and read in order, or a hash join whose table is four times its memory");
        SpillOptions options = new(command);
        Option<string> phase = new("--phase")
        {
            Description = "file (written, then read, 128 KiB at a time) or join",
            DefaultValueFactory = static _ => "file"
        };
        command.Options.Add(phase);
        command.SetAction((parsed, cancellationToken) => Task.Factory.StartNew(
            () =>
            {
                options.Read(parsed);
                using AioSystem system = options.StartSystem();
                using TempSpace space = options.OpenSpace(system);
                IReadOnlyList<BenchResult> results = parsed.GetValue(phase) switch
                {
                    "file" => RunFile(system, space, options, cancellationToken),
                    "join" => [RunJoin(system, space, options, cancellationToken)],
                    var other => throw new UsageException($"--phase is '{other}': give file or join."),
                };
                SpillRun.Print(results, options.IsJson, parsed.InvocationConfiguration.Output);
                return Program.Done;
            },
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default));
        return command;
    }

    private static IReadOnlyList<BenchResult> RunFile(AioSystem system, TempSpace space, SpillOptions options,
        CancellationToken cancellationToken)
    {
        using AioContext context = system.CreateContext("bench spill");
        using BufFile file = space.CreateFile(space.CreateOwner("bench spill"));
        long blocks = options.SizeBytes / BlockBytes;
        BenchResult written = SpillRun.Measure("spill write", system, options, BlockBytes, Depth, () =>
        {
            using BufFileWriter writer = new(context, file, 0, BlockBytes, Depth, cancellationToken);
            for (long block = 0; block < blocks; block++)
            {
                writer.GetSpan()[0] = (byte)block;
                writer.Advance(BlockBytes);
            }

            writer.Flush();
            return blocks;
        });
        BenchResult read = SpillRun.Measure("spill read", system, options, BlockBytes, Depth, () =>
        {
            using BufFileReader reader = new(context, file, 0, BlockBytes, Depth, cancellationToken);
            long count = 0;
            for (; reader.Peek() is { IsEmpty: false } there; count++)
            {
                if (there[0] != (byte)count) throw new FailureException($"Block {count} came back as another.");
                reader.Advance(there.Length);
            }

            return count;
        });
        return [written, read];
    }

    private static BenchResult RunJoin(AioSystem system, TempSpace space, SpillOptions options, CancellationToken cancellationToken)
    {
        // The table is as long as was asked for, and the memory a quarter of that.
        long records = options.SizeBytes / PayloadCodec.RecordBytes;
        HashOperatorOptions joinOptions = new()
        {
            MemoryBytes = Math.Max(options.SizeBytes / ShareThatFits,
            HashOperatorOptions.MemoryBytesMin)
        };
        return SpillRun.Measure("hash join", system, options, PayloadCodec.RecordBytes, 1, () =>
        {
            long pairs = 0;
            PayloadCodec codec = new();
            using HashJoin<PayloadCodec.Row, PayloadCodec.Row, ulong> join = new(
                space, codec, static row => row.High, codec, static row => row.High, (_, _) => pairs++, null, joinOptions, null,
                    "bench join", cancellationToken);
            for (long number = 0; number < records; number++) join.AddBuild(
                new PayloadCodec.Row(PayloadCodec.Mix((ulong)number), (ulong)number));
            for (long number = 0; number < records; number++) join.Probe(
                new PayloadCodec.Row(PayloadCodec.Mix((ulong)number), (ulong)number));
            join.Finish();
            return pairs == records ? 2 * records : throw new FailureException($"The join gave {pairs} pairs and should give {records}.");
        });
    }
}
