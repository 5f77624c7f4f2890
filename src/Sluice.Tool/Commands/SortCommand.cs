using System.CommandLine;
using System.Globalization;
using Sluice.TempFiles;
using Sluice.Tool.Infrastructure;
using Sluice.Tool.Sort;

namespace Sluice.Tool.Commands;

/// <summary><c>sluice sort</c>: sorts lines as GNU sort does in the C locale.</summary>
internal static class SortCommand
{
    /// <summary>What GNU sort returns when lines are out of order, and when something went wrong.</summary>
    internal const int Disorder = 1;

    internal const int Trouble = 2;

    /// <summary>What a shell gives for a process that SIGPIPE ended.</summary>
    internal const int BrokenPipe = 128 + SignalHandling.BrokenPipeSignal;

    private const long MemoryBytesLeast = 64L << 20;
    private const long SharedPieceBytes = 32 << 20;
    private const long MemoryBytesMost = 4L << 30;
    private const int ThreadsMax = 8;
    private const int BrokenPipeErrno = 32;

    /// <summary>For the list of verbs and the help; the command line itself is read by <see cref="SortArguments"/>.</summary>
    internal static Command Create() => new(
        "sort",
        "Sort lines of text files as GNU sort does in the C locale, faster; see 'sluice sort --help'");

    internal static async Task<int> RunAsync(IReadOnlyList<string> args, TextWriter output, TextWriter error,
        CancellationToken cancellationToken)
    {
        try
        {
            SortArguments arguments = SortArguments.Parse(args);
            if (arguments.WantsHelp)
            {
                output.WriteLine(SortHelp.Text);
                return Program.Done;
            }

            if (arguments.WantsVersion)
            {
                output.WriteLine($"sluice sort {typeof(SortCommand).Assembly.GetName().Version?.ToString(3)}");
                return Program.Done;
            }

            // A thread of its own: the calling thread may be one that others' completions need.
            return await Task.Factory.StartNew(() => Run(arguments, error, cancellationToken), CancellationToken.None,
                TaskCreationOptions.LongRunning, TaskScheduler.Default);
        }
        catch (Exception exception)
        {
            return Report(exception, error, cancellationToken);
        }
    }

    // Several directories are several disks, which are to share the work: each gets a piece in turn, long before a piece of the usual
    // length would be full.
    private static TempSpaceOptions SpaceIn(IReadOnlyList<string> directories)
    {
        TempSpaceOptions options = new() { Directories = directories };
        return directories.Count == 1 ? options : options with { PieceBytes = SharedPieceBytes };
    }

    private static int Run(SortArguments arguments, TextWriter error, CancellationToken cancellationToken)
    {
        MethodChoice.RequireReal(arguments.Method);
        arguments.ReadFiles();
        RequireReadable(arguments.Files);
        int threads = Math.Clamp(arguments.Parallel == 0 ? Math.Min(Environment.ProcessorCount, ThreadsMax) : arguments.Parallel, 1, 64);
        using AioSystem system = AioSystem.Start(new AioSystemOptions
        {
            Method = arguments.Method,
            SharedContexts = 1,
            ContextsMax = threads + 8,
            HandlesPerContext = 128,
        });
        string? fallback = Environment.GetEnvironmentVariable("TMPDIR");
        IReadOnlyList<string> directories = arguments.Directories.Count != 0 ? arguments.Directories
            : [string.IsNullOrEmpty(fallback) ? "/tmp" : fallback];
        using TempSpace space = TempSpace.Open(system, SpaceIn(directories));
        using SortTarget? target = arguments.Checks ? null : SortTarget.Open(system, arguments.Output);
        SortReport report = new() { InputBytes = KnownLength(arguments.Files) };
        long memory = arguments.MemoryBytes != 0
            ? arguments.MemoryBytes
            : Math.Clamp(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 4, MemoryBytesLeast, MemoryBytesMost);
        using SortProgressLine? progress = SortProgressLine.TryStart(report, error, arguments);
        int result;
        if (!arguments.Order.IsOfBytes)
        {
            result = Run(new SortJob<KeyedOrder>(system, space, arguments, new KeyedOrder(arguments.Order), report, memory, threads,
                cancellationToken), arguments, target, error);
        }
        else
        {
            BytesOrder order = new(isReversed: arguments.Order.IsReversed);
            result = Run(new SortJob<BytesOrder>(system, space, arguments, order, report, memory, threads, cancellationToken), arguments,
                target, error);
        }

        progress?.Dispose();
        if (arguments.ShowsStatistics) error.WriteLine(report.Describe(system.MethodName, threads));
        return result;
    }

    private static int Run<TOrder>(SortJob<TOrder> job, SortArguments arguments, SortTarget? target, TextWriter error)
        where TOrder : struct, IRecordOrder
    {
        if (target is not null)
        {
            job.Run(target);
            return Program.Done;
        }

        if (job.Check() is not { } found) return Program.Done;
        if (!arguments.ChecksQuietly)
        {
            string number = found.Number.ToString(CultureInfo.InvariantCulture);
            WriteDisorder(error, $"sluice sort: {arguments.Files[0]}:{number}: disorder: ", [.. found.Line, arguments.Delimiter]);
        }

        return Disorder;
    }

    // The line is what it is, in whatever encoding.
    private static void WriteDisorder(TextWriter error, string beginning, byte[] line)
    {
        if (!ReferenceEquals(error, Console.Error))
        {
            error.Write(beginning + System.Text.Encoding.UTF8.GetString(line));
            return;
        }

        using Stream stream = Console.OpenStandardError();
        stream.Write([.. System.Text.Encoding.UTF8.GetBytes(beginning), .. line]);
    }

    // All of them before anything is done, as people expect of sort.
    private static void RequireReadable(List<string> files)
    {
        foreach (string file in files)
        {
            if (file == "-") continue;
            if (Directory.Exists(file)) throw new AioException($"read {file}", Errno.EISDIR, "it is a folder; name a file");
            if (Path.Exists(file)) continue;
            bool isOldKey = file is ['+', >= '0' and <= '9', ..];
            throw new AioException($"read {file}", Errno.ENOENT,
                isOldKey ? "there is no such file, and the old form of -k is not taken: give -k" : "there is no such file");
        }
    }

    private static long KnownLength(List<string> files)
    {
        long length = 0;
        foreach (string file in files)
        {
            if (file == "-" || !LineFile.IsRegularFile(file)) return 0;
            length += new FileInfo(file).Length;
        }

        return length;
    }

    private static int Report(Exception exception, TextWriter error, CancellationToken cancellationToken)
    {
        if (exception is AggregateException { InnerException: { } inner }) exception = inner;

        // Whoever reads the output wants no more of it: that is no failure to tell of, but the end that every filter then has.
        if (exception is AioException { Errno: BrokenPipeErrno }) return BrokenPipe;
        if (exception is OperationCanceledException && cancellationToken.IsCancellationRequested)
        {
            error.WriteLine("Stopped.");
            return Trouble;
        }

        error.WriteLine($"sluice sort: {Failure.Describe(exception)}");
        if (Environment.GetEnvironmentVariable("SLUICE_DEBUG") == "1") error.WriteLine(exception);
        return Trouble;
    }
}
