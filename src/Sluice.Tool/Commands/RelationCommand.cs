using System.CommandLine;
using System.Text.Json;
using Sluice.Storage;
using Sluice.Tool.Infrastructure;
using Sluice.Tool.Storage;

namespace Sluice.Tool.Commands;

/// <summary><c>sluice relation</c>: the page headers of one relation file.</summary>
internal static class RelationCommand
{
    private const int SegmentBlocksMax = (int)StorageLimits.SegmentBlocks;

    internal static Command Create()
    {
        Argument<string> file = new("FILE")
        {
            Description = "A relation's file: PGDATA/base/5/16384, a fork (…_fsm), or a segment (….1)",
        };
        Option<string> method = ToolOptions.Method();
        Option<long> from = new("--from")
        {
            Description = "The first block to show, counted in the file; 0 unless given",
            HelpName = "block",
        };
        Option<long> count = new("--count")
        {
            Description = "How many blocks to show; all unless given",
            HelpName = "blocks",
            DefaultValueFactory = static _ => long.MaxValue,
        };
        Option<int> segmentBlocks = ToolOptions.Number(
            "--segment-blocks", SegmentBlocksMax, 1, SegmentBlocksMax, "Blocks of a full segment, as the server was built");
        Option<bool> json = new("--json") { Description = "One object of JSON instead of a table" };
        Command command = new("relation", "Show the page headers and the free space of one relation file")
        {
            file, method, from, count, segmentBlocks, json,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            string path = parsed.GetValue(file)!;
            string methodName = parsed.GetValue(method)!;
            MethodChoice.RequireReal(methodName);
            if (parsed.GetValue(from) < 0) throw new UsageException($"--from is '{parsed.GetValue(from)}': give a block number from 0.");
            if (parsed.GetValue(count) < 1)
            {
                throw new UsageException($"--count is '{parsed.GetValue(count)}': give a number of blocks from 1.");
            }

            if (!RelationPaths.TryParse(Path.GetFileName(path), out RelationFileName name))
            {
                throw new UsageException(
                    $"{path} is not named as a relation's file is (16384, 16384_fsm, 16384.1, t3_16384): block numbers, and so "
                        + $"checksums, depend on it.");
            }

            AioSystemOptions options = new()
            {
                Method = methodName,
                SharedContexts = 1,
                ContextsMax = 4,
                HandlesPerContext = 8,
            };
            await using AioSystem system = await Task.Run(() => AioSystem.Start(options), cancellationToken);
            TextWriter output = parsed.InvocationConfiguration.Output;
            RelationTable table = new(name, (uint)parsed.GetValue(segmentBlocks), parsed.GetValue(json) ? null : output);
            await table.ReadAsync(system, path, parsed.GetValue(from), parsed.GetValue(count), cancellationToken);
            if (parsed.GetValue(json)) output.WriteLine(JsonSerializer.Serialize(table.ToJson(path), ToolJson.Options));
            return table.BadCount == 0 ? Program.Done : Program.Failed;
        });
        return command;
    }
}
