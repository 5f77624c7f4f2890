using System.CommandLine;
using Sluice.Tool.Infrastructure;
using Sluice.Tool.Probe;
using Spectre.Console;

namespace Sluice.Tool.Commands;

/// <summary><c>sluice probe</c>: which durable write is fastest on a file system, and what to begin with.</summary>
internal static class ProbeCommand
{
    internal static Command Create()
    {
        Option<DirectoryInfo> path = new("--path")
        {
            Description = "A folder on the file system to measure; the temporary folder unless given",
            HelpName = "folder",
            DefaultValueFactory = static _ => new DirectoryInfo(Path.GetTempPath()),
        };
        Option<string> method = ToolOptions.Method();
        Option<long> block = ToolOptions.Size("--block", 8 << 10, 512, 1 << 20, "Size of each write and read; 8k unless given");
        Option<int> milliseconds = ToolOptions.Number("--milliseconds", 1500, 0, 600_000, "How long to measure");
        Option<bool> json = new("--json") { Description = "Print one JSON object" };
        Command command = new(
            "probe", "Measure the durable-write forms of a file system: which is fastest, what it must be aligned to, what to begin with")
        {
            path, method, block, milliseconds, json,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            long blockBytes = parsed.GetValue(block);
            if (blockBytes % 512 != 0) throw new UsageException($"--block is {blockBytes}: give a multiple of 512.");
            string methodName = parsed.GetValue(method)!;
            MethodChoice.RequireReal(methodName);
            string folder = parsed.GetValue(path)!.FullName;
            if (File.Exists(folder)) throw new FailureException($"{folder} is a file: give a folder on the file system to measure.");
            if (!Directory.Exists(folder))
            {
                throw new FailureException($"The folder {folder} does not exist: give one on the file system to measure.");
            }

            AioSystemOptions options = new() { Method = methodName, SharedContexts = 1 };
            await using AioSystem system = await Task.Run(() => AioSystem.Start(options), cancellationToken);
            DurabilityProbeOptions probe = new()
            {
                BlockBytes = (int)blockBytes,
                Budget = TimeSpan.FromMilliseconds(parsed.GetValue(milliseconds)),
            };
            DurabilityReport report = await RunAsync(system, folder, probe, parsed.InvocationConfiguration.Error, cancellationToken);
            TextWriter output = parsed.InvocationConfiguration.Output;
            if (parsed.GetValue(json)) output.WriteLine(ProbeText.ToJson(report));
            else ProbeText.Write(report, ToolConsole.On(output));
            return Program.Done;
        });
        return command;
    }

    private static async Task<DurabilityReport> RunAsync(
        AioSystem system, string folder, DurabilityProbeOptions options, TextWriter error, CancellationToken cancellationToken)
    {
        if (!ToolConsole.IsTerminal(error)) return await DurabilityProbe.MeasureAsync(system, folder, options, null, cancellationToken);
        DurabilityReport? report = null;
        await ToolConsole.On(error).Progress().AutoClear(true).StartAsync(async context =>
        {
            ProgressTask bar = context.AddTask("measuring", maxValue: 1);
            ProbeProgress progress = new(bar);
            report = await DurabilityProbe.MeasureAsync(system, folder, options, progress, cancellationToken);
        });
        return report!;
    }

    private sealed class ProbeProgress(ProgressTask bar) : IProgress<DurabilityProgress>
    {
        public void Report(DurabilityProgress value)
        {
            bar.Description = Markup.Escape(value.Step);
            bar.Value = value.Fraction;
        }
    }
}
