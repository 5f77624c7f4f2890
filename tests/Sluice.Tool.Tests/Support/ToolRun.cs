namespace Sluice.Tool.Tests.Support;

/// <summary>One command line, run in this process.</summary>
internal sealed record ToolRun(int ExitCode, string Output, string Error)
{
    private static readonly TimeSpan s_watchdog = TimeSpan.FromMinutes(2);

    internal static ToolRun Of(params string[] arguments) => Of(CancellationToken.None, arguments);

    internal static ToolRun Of(CancellationToken cancellationToken, params string[] arguments)
    {
        using StringWriter output = new();
        using StringWriter error = new();
        Task<int> run = Task.Run(() => Program.RunAsync(arguments, output, error, cancellationToken), CancellationToken.None);
        Assert.True(run.Wait(s_watchdog), $"'sluice {string.Join(' ', arguments)}' did not end.");
        return new ToolRun(run.Result, output.ToString(), error.ToString());
    }

    /// <summary>Nothing on stderr but one line, which has all of the texts; the exit code is as said; nothing on stdout.</summary>
    internal void HasOneLine(int exitCode, params string[] texts)
    {
        Assert.True(exitCode == ExitCode, $"Exit code {ExitCode}, expected {exitCode}; stderr: {Error}");
        string line = Assert.Single(Error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        foreach (string text in texts) Assert.Contains(text, line, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", Error, StringComparison.Ordinal);
        Assert.DoesNotContain("unexpected", Error, StringComparison.Ordinal);
        Assert.Empty(Output);
    }

    internal ToolRun Succeeds()
    {
        Assert.True(ExitCode == 0, $"Exit code {ExitCode}; stderr: {Error}");
        Assert.Empty(Error);
        return this;
    }
}
