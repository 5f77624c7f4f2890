using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Sluice.Tool.Copy;
using Sluice.Tool.Infrastructure;
using Spectre.Console;

namespace Sluice.Tool.Commands;

/// <summary><c>sluice copy</c>: a file copy with reads and writes in flight together.</summary>
internal static class CopyCommand
{
    private const int DepthDefault = 16;
    private const int DepthMax = 256;

    internal static Command Create()
    {
        Argument<string> source = new("SRC") { Description = "The file to copy" };
        Argument<string> target = new("DST")
        {
            Description = "The copy's name, or a folder to copy into; a file of that name is replaced when the copy is whole",
        };
        Option<string> method = ToolOptions.Method();
        Option<int> depth = ToolOptions.Number("--depth", DepthDefault, 1, DepthMax, "Blocks on their way at once");
        Option<long> block = ToolOptions.Size("--block", 1 << 20, 512, 64 << 20, "Size of a block; 1M unless given");
        Option<bool> direct = new("--direct") { Description = "Past the system's cache, on both sides" };
        Option<bool> fsync = new("--fsync")
        {
            Description = "The copy and its name survive a crash when the command ends; written past the cache where that can be done",
        };
        Option<bool> force = new("--force") { Description = "Replace a write-protected file as well" };
        Command command = new(
            "copy", "Copy a file with many reads and writes in flight; holes stay holes, and the name appears when the copy is whole")
        {
            source, target, method, depth, block, direct, fsync, force,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            long blockBytes = parsed.GetValue(block);
            CopyOptions options = new(
                parsed.GetValue(depth), (int)blockBytes, parsed.GetValue(direct), parsed.GetValue(fsync), parsed.GetValue(force));
            string methodName = parsed.GetValue(method)!;
            MethodChoice.RequireReal(methodName);
            AioSystemOptions systemOptions = new()
            {
                Method = methodName,
                SharedContexts = 1,
                ContextsMax = 4,
                HandlesPerContext = Math.Max(options.Depth, 8),
            };
            CopyPlan plan = CopyPlan.Make(parsed.GetValue(source)!, parsed.GetValue(target)!, options.Force);
            Stopwatch watch = Stopwatch.StartNew();
            CopyOutcome outcome = await RunAsync(systemOptions, plan, options, parsed.InvocationConfiguration.Error, cancellationToken);
            parsed.InvocationConfiguration.Output.WriteLine(Summary(outcome, options, watch.Elapsed));
            return Program.Done;
        });
        return command;
    }

    private static async Task<CopyOutcome> RunAsync(
        AioSystemOptions systemOptions, CopyPlan plan, CopyOptions options, TextWriter error, CancellationToken cancellationToken)
    {
        await using AioSystem system = await Task.Run(() => AioSystem.Start(systemOptions), cancellationToken);
        if (!ToolConsole.IsTerminal(error))
        {
            return await Task.Run(() => FileCopy.Run(system, plan, options, null, cancellationToken), CancellationToken.None);
        }

        CopyOutcome? outcome = null;
        long dataBytes = Math.Max(1, Math.Min(plan.Source.LengthBytes, plan.Source.AllocatedBytes));
        await ToolConsole.ByteProgressOn(error).StartAsync(async context =>
        {
            ProgressTask bar = context.AddTask(Markup.Escape(Path.GetFileName(plan.SourcePath)), maxValue: dataBytes);
            BarProgress progress = new(bar);
            outcome = await Task.Run(() => FileCopy.Run(system, plan, options, progress, cancellationToken), CancellationToken.None);
        });
        return outcome!;
    }

    private static string Summary(CopyOutcome outcome, CopyOptions options, TimeSpan elapsed)
    {
        string rate = ByteSize.Format(outcome.DataBytes / Math.Max(elapsed.TotalSeconds, 1e-6));
        string holes = outcome.DataBytes < outcome.LengthBytes ? $" ({ByteSize.Format(outcome.DataBytes)} of it data, the rest holes)" : "";
        string durable = options.IsDurable ? ", durable" : "";
        string seconds = elapsed.TotalSeconds.ToString("0.00", CultureInfo.InvariantCulture);
        return $"{outcome.TargetPath}: {ByteSize.Format(outcome.LengthBytes)}{holes} in {seconds} s, {rate}/s, io_method "
            + $"{outcome.MethodName}{durable}";
    }

    private sealed class BarProgress(ProgressTask bar) : IProgress<long>
    {
        public void Report(long value) => bar.Value = value;
    }
}
