using System.CommandLine;
using System.Text.Json;
using Sluice.Storage;
using Sluice.Tool.Infrastructure;
using Sluice.Tool.Storage;
using Spectre.Console;

namespace Sluice.Tool.Commands;

/// <summary><c>sluice verify</c>: checks every page checksum of a PostgreSQL cluster that is shut down.</summary>
internal static class VerifyCommand
{
    private const int DepthDefault = 16;
    private const int DepthMax = 128;
    private static readonly TimeSpan s_progressInterval = TimeSpan.FromMilliseconds(100);

    internal static Command Create()
    {
        Argument<string> folder = new("DATADIR")
        {
            Description = "The data directory (PGDATA) of a PostgreSQL server, 13 to 18, that is shut down",
        };
        Option<string> method = ToolOptions.Method();
        Option<int> depth = ToolOptions.Number("--depth", DepthDefault, 1, DepthMax, "Reads in flight per thread");
        Option<bool> direct = new("--direct")
        {
            Description = "Past the system's cache: what is on the disk, and what others have cached stays cached",
        };
        Option<bool> json = new("--json") { Description = "One object of JSON instead of text" };
        Command command = new("verify", "Verify every page checksum of a PostgreSQL cluster that is shut down; exits 1 if a block is bad")
        {
            folder, method, depth, direct, json,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            string methodName = parsed.GetValue(method)!;
            MethodChoice.RequireReal(methodName);
            VerifyReport report = new(Path.GetFullPath(parsed.GetValue(folder)!));
            AioSystemOptions options = new()
            {
                Method = methodName,
                SharedContexts = 1,
                ContextsMax = 80,
                HandlesPerContext = DepthMax,
            };
            ClusterVerifierOptions how = new()
            {
                Depth = parsed.GetValue(depth),
                Direct = parsed.GetValue(direct),
                OnBadBlock = report.Add,
                OnProblem = report.Add,
            };
            await RunAsync(options, how, report, parsed.InvocationConfiguration.Error, cancellationToken);
            TextWriter output = parsed.InvocationConfiguration.Output;
            if (parsed.GetValue(json)) output.WriteLine(JsonSerializer.Serialize(report.ToJson(), ToolJson.Options));
            else report.WriteText(output);
            return report.Outcome.IsSound ? Program.Done : Program.Failed;
        });
        return command;
    }

    private static async Task RunAsync(
        AioSystemOptions options, ClusterVerifierOptions how, VerifyReport report, TextWriter error, CancellationToken cancellationToken)
    {
        if (!Directory.Exists(report.Folder))
        {
            throw new UsageException($"There is no folder {report.Folder}: name the data directory (PGDATA) of a server.");
        }

        await using AioSystem system = await Task.Run(() => AioSystem.Start(options), cancellationToken);
        report.MethodName = system.MethodName;
        ClusterVerifier verifier = new(system, report.Folder, how);
        try
        {
            report.Control = await verifier.PrepareAsync(cancellationToken);
        }
        catch (StorageException refusal)
        {
            throw new UsageException(refusal.Message);
        }

        Task<ClusterVerification> work = Task.Run(() => verifier.VerifyAsync(cancellationToken), CancellationToken.None);
        if (ToolConsole.IsTerminal(error)) await ShowProgressAsync(verifier, work, error);
        report.Outcome = await work;
    }

    private static async Task ShowProgressAsync(ClusterVerifier verifier, Task work, TextWriter error)
    {
        await ToolConsole.ByteProgressOn(error).StartAsync(async context =>
        {
            ProgressTask bar = context.AddTask("verify");

            // The flows only count: the bar looks at their counts as often as eyes follow.
            using Timer timer = new(
                _ =>
                {
                    bar.MaxValue = Math.Max(1, verifier.BytesTotal);
                    bar.Value = verifier.BytesDone;
                },
                null,
                TimeSpan.Zero,
                s_progressInterval);
            await Task.WhenAny(work);
        });
    }
}
