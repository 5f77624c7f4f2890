using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Sluice.Tool.Tests.Bench;

/// <summary>The tool as a process of its own, with a temporary folder and a current folder of its own.</summary>
internal sealed partial class BenchProcess : IDisposable
{
    private const int InterruptSignal = 2;
    private static readonly TimeSpan s_watchdog = TimeSpan.FromMinutes(3);
    private readonly string _root = Directory.CreateTempSubdirectory("sluice-tool-tests-").FullName;
    private readonly Process _process;
    private readonly List<string> _errors = [];
    private readonly Task<string> _output;
    private readonly Task _reading;

    internal BenchProcess(params string[] arguments)
    {
        Directory.CreateDirectory(TemporaryFolder);
        ProcessStartInfo start = new("dotnet")
        {
            WorkingDirectory = _root,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "Sluice.Tool.dll"));
        foreach (string argument in arguments) start.ArgumentList.Add(argument);
        start.Environment["TMPDIR"] = TemporaryFolder;
        _process = Process.Start(start)!;
        _output = _process.StandardOutput.ReadToEndAsync();
        _reading = ReadErrorsAsync();
    }

    internal string TemporaryFolder => Path.Combine(_root, "tmp");

    /// <summary>Files of the tool's that are in its temporary folder; not those of the .NET runtime.</summary>
    internal string[] FilesLeft => Directory.GetFiles(TemporaryFolder, "sluice*", SearchOption.AllDirectories);

    internal string InCurrentFolder(string name) => Path.Combine(_root, name);

    /// <summary>Waits until a line that contains a text was written to stderr.</summary>
    internal void WaitForError(string text)
    {
        bool found = SpinWait.SpinUntil(() => Errors().Contains(text, StringComparison.Ordinal) || _process.HasExited, s_watchdog);
        Assert.True(found && Errors().Contains(text, StringComparison.Ordinal), $"'{text}' did not come; stderr: {Errors()}");
    }

    internal void Interrupt() => Assert.Equal(0, Kill(_process.Id, InterruptSignal));

    internal (int ExitCode, string Output, string Error) WaitForExit()
    {
        Assert.True(_process.WaitForExit(s_watchdog), "The tool did not end.");
        Assert.True(Task.WaitAll([_output, _reading], s_watchdog), "The tool's output did not end.");
        return (_process.ExitCode, _output.Result, Errors());
    }

    public void Dispose()
    {
        if (!_process.HasExited) _process.Kill(entireProcessTree: true);
        _process.Dispose();
        Directory.Delete(_root, recursive: true);
    }

    private string Errors()
    {
        lock (_errors) return string.Join('\n', _errors);
    }

    private async Task ReadErrorsAsync()
    {
        while (await _process.StandardError.ReadLineAsync() is { } line)
        {
            lock (_errors) _errors.Add(line);
        }
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);
}
