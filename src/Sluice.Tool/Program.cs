using System.CommandLine;
using Sluice.Tool.Infrastructure;

namespace Sluice.Tool;

/// <summary>
/// The <c>sluice</c> command. Exit codes: 0 done, 1 failed or stopped, 2 asked for wrongly. Whatever goes wrong is one line on stderr.
/// </summary>
internal static class Program
{
    internal const int Done = 0;
    internal const int Failed = 1;
    internal const int Misused = 2;

    private static async Task<int> Main(string[] args)
    {
        using CancellationTokenSource stop = new();
        using SignalHandling signals = new(stop);
        int result = await RunAsync(args, Console.Out, Console.Error, stop.Token);

        // A script that runs sort tells by how it ended whether to go on.
        if (args is ["sort", ..])
        {
            if (result == Commands.SortCommand.BrokenPipe) SignalHandling.EndBy(SignalHandling.BrokenPipeSignal);
            else if (result != Done && signals.Received != 0) SignalHandling.EndBy(signals.Received);
        }

        return result;
    }

    /// <summary>Runs one command line.</summary>
    /// <param name="args">The arguments.</param>
    /// <param name="output">Gets results.</param>
    /// <param name="error">Gets the one line when something goes wrong, and progress when it is a terminal.</param>
    /// <param name="cancellationToken">Stops the command cleanly.</param>
    /// <returns>The exit code.</returns>
    internal static async Task<int> RunAsync(
        string[] args, TextWriter output, TextWriter error, CancellationToken cancellationToken = default)
    {
        // Its command line is that of GNU sort, with attached values and exit codes of its own.
        if (args is ["sort", ..]) return await Commands.SortCommand.RunAsync(args[1..], output, error, cancellationToken);
        try
        {
            Command root = CommandLine.Build(args.FirstOrDefault());
            ParseResult parsed = root.Parse(args, CommandLine.ParserConfiguration);
            if (CommandLine.FindMistake(root, parsed) is { } mistake) throw new UsageException(mistake);
            InvocationConfiguration invocation = new()
            {
                Output = output,
                Error = error,
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = null,
            };
            return await parsed.InvokeAsync(invocation, cancellationToken);
        }
        catch (Exception exception)
        {
            return Report(exception, error, cancellationToken);
        }
    }

    private static int Report(Exception exception, TextWriter error, CancellationToken cancellationToken)
    {
        if (exception is AggregateException { InnerException: { } inner }) exception = inner;
        if (exception is OperationCanceledException && cancellationToken.IsCancellationRequested)
        {
            error.WriteLine("Stopped.");
            return Failed;
        }

        error.WriteLine($"sluice: {Failure.Describe(exception)}");
        if (Environment.GetEnvironmentVariable("SLUICE_DEBUG") == "1") error.WriteLine(exception);
        return exception is UsageException ? Misused : Failed;
    }
}
