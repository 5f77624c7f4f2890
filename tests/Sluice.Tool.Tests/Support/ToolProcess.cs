using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Sluice.Tool.Tests.Support;

/// <summary>The tool as a process of its own, for what only a process can have: signals and limits.</summary>
internal sealed partial class ToolProcess : IDisposable
{
    internal const int Interrupt = 2;
    internal const int Kill = 9;
    internal const int Terminate = 15;

    private static readonly TimeSpan s_watchdog = TimeSpan.FromMinutes(2);
    private readonly Process _process;
    private readonly Task<string> _output;
    private readonly Task<string> _error;

    /// <param name="fileSizeLimitKibibytes">The longest file that it may write; null for no limit.</param>
    /// <param name="arguments">The command line.</param>
    internal ToolProcess(int? fileSizeLimitKibibytes, params string[] arguments)
    {
        ProcessStartInfo start = new(fileSizeLimitKibibytes is null ? "dotnet" : "bash")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        if (fileSizeLimitKibibytes is not null)
        {
            start.ArgumentList.Add("-c");
            start.ArgumentList.Add($"ulimit -f {fileSizeLimitKibibytes}; exec dotnet \"$@\"");
            start.ArgumentList.Add("bash");

            // The runtime maps its code through a large file in memory, which the limit would refuse.
            start.Environment["DOTNET_EnableWriteXorExecute"] = "0";
        }

        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "Sluice.Tool.dll"));
        foreach (string argument in arguments) start.ArgumentList.Add(argument);
        _process = Process.Start(start)!;
        _output = _process.StandardOutput.ReadToEndAsync();
        _error = _process.StandardError.ReadToEndAsync();
    }

    /// <summary>Waits for a condition, or the end of the process.</summary>
    internal void WaitUntil(Func<bool> condition, string what)
    {
        // What was seen once is not asked for again: it may be over by then.
        bool happened = false;
        SpinWait.SpinUntil(() => (happened = condition()) || _process.HasExited, s_watchdog);
        if (happened || condition()) return;
        if (!_process.HasExited) Assert.Fail($"{what} did not happen.");
        ToolRun run = WaitForExit();
        Assert.Fail($"{what} did not happen before the tool ended with {run.ExitCode}: {run.Error}{run.Output}");
    }

    internal int Id => _process.Id;

    /// <summary>Waits for the end.</summary>
    /// <returns>The most memory that it ever had resident, in bytes.</returns>
    internal long WaitForPeakResidentBytes()
    {
        long peak = 0;
        SpinWait.SpinUntil(
            () =>
            {
                peak = Math.Max(peak, ReadPeak());
                return _process.HasExited;
            },
            s_watchdog);
        return peak;
    }

    private long ReadPeak()
    {
        const string Name = "VmHWM:";
        try
        {
            string? line = File.ReadLines($"/proc/{_process.Id}/status").FirstOrDefault(static text =>
                text.StartsWith(Name, StringComparison.Ordinal));
            return line is null ? 0 : 1024 * long.Parse(line[Name.Length..^2].Trim(), System.Globalization.CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return 0;
        }
    }

    internal void Send(int signal) => Assert.Equal(0, SendSignal(_process.Id, signal));

    internal ToolRun WaitForExit()
    {
        Assert.True(_process.WaitForExit(s_watchdog), "The tool did not end.");
        Assert.True(Task.WaitAll([_output, _error], s_watchdog), "The tool's output did not end.");
        return new ToolRun(_process.ExitCode, _output.Result, _error.Result);
    }

    public void Dispose()
    {
        if (!_process.HasExited) _process.Kill(entireProcessTree: true);
        _process.Dispose();
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int SendSignal(int process, int signal);
}
