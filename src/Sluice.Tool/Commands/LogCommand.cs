using System.CommandLine;
using Sluice.Storage;
using Sluice.Tool.Infrastructure;
using Sluice.Tool.Wal;
using Sluice.Wal;

namespace Sluice.Tool.Commands;

/// <summary><c>sluice log</c>: the records of a write-ahead log.</summary>
internal static class LogCommand
{
    internal static Command Create()
    {
        Argument<string> folder = new("DIR") { Description = "The folder of a log" };
        Option<string> method = ToolOptions.Method();
        Option<string?> from = new("--from")
        {
            Description = "The position of the first record to show; the oldest segment unless given",
            HelpName = "position",
        };
        Option<long> count = new("--count")
        {
            Description = "How many records to show; all unless given",
            HelpName = "records",
            DefaultValueFactory = static _ => long.MaxValue,
        };
        Option<bool> all = new("--all") { Description = "Also what the log wrote for itself: openings, checkpoints and padding" };
        Option<bool> json = new("--json") { Description = "One object of JSON per line, the last one about the end" };
        Command command = new("log", "List the records of a write-ahead log, and say how far it can be read and why")
        {
            folder, method, from, count, all, json,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            string methodName = parsed.GetValue(method)!;
            MethodChoice.RequireReal(methodName);
            if (parsed.GetValue(count) < 1)
            {
                throw new UsageException($"--count is '{parsed.GetValue(count)}': give a number of records from 1.");
            }

            LogPosition first = parsed.GetValue(from) is { } text ? LogListing.ParsePosition("--from", text) : default;
            AioSystemOptions options = new() { Method = methodName, SharedContexts = 1, ContextsMax = 4 };
            await using AioSystem system = await Task.Run(() => AioSystem.Start(options), cancellationToken);
            WalReaderOptions reading = new() { From = first, IncludesInternal = parsed.GetValue(all), ReadAheadBytes = 4 << 20 };
            return await LogListing.WriteAsync(
                system,
                parsed.GetValue(folder)!,
                reading,
                parsed.GetValue(count),
                parsed.GetValue(json),
                parsed.InvocationConfiguration.Output,
                cancellationToken);
        });
        return command;
    }
}
