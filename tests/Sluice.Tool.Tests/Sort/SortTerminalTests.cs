using System.Diagnostics;
using Sluice.Tool.Tests.Support;

namespace Sluice.Tool.Tests.Sort;

/// <summary>How far a sort is stands on a terminal and nowhere else; and where its temporary files stand.</summary>
public sealed class SortTerminalTests
{
    private const string Erase = "\r\u001b[K";
    private static readonly string s_sort = $"dotnet {Path.Combine(AppContext.BaseDirectory, "Sluice.Tool.dll")} sort";

    // The line comes when a sort has taken a second: this one waits for its input as long as that, and longer.
    private static readonly string s_slow = $"(cat in; sleep 3) | {s_sort} -o out";

    // This one until it was seen.
    private static readonly string s_waiting = $"(cat in; until [ -e go ]; do sleep 0.1; done) | {s_sort} -o out";

    [Fact]
    public void ATerminalShowsHowFarASortIsAndIsCleanInTheEnd()
    {
        string shown = Run("script", until: "sorting: ", "-qec", s_waiting, "/dev/null");
        Assert.Contains($"{Erase}sorting: ", shown, StringComparison.Ordinal);
        Assert.Contains(" lines", shown, StringComparison.Ordinal);
        Assert.EndsWith(Erase, shown.TrimEnd('\n'), StringComparison.Ordinal);
    }

    [Fact]
    public void ATerminalThatGetsTheOutputShowsNothingElse() =>
        Assert.Equal("a\r\nb\r\n", Run("script", until: null, "-qec", $"(cat in; sleep 3) | {s_sort}", "/dev/null"));

    [Fact]
    public void NothingIsShownWhereErrorsGoElsewhere()
    {
        Assert.Equal("", Run("script", until: null, "-qec", $"{s_slow} 2> errors; cat errors", "/dev/null"));
        Assert.Equal("", Run("bash", until: null, "-c", $"{s_slow} 2>&1"));
    }

    [Fact]
    public void EveryDirectoryThatIsGivenGetsItsShareOfTheTemporaryFiles()
    {
        using TestFolder folder = new();
        string[] directories = [folder.PathOf("one"), folder.PathOf("two"), folder.PathOf("three")];
        foreach (string directory in directories) Directory.CreateDirectory(directory);
        folder.Make("input", 160 << 20);
        using (ToolProcess process = new(null, ["sort", "-S", "2M", .. directories.SelectMany(static path => (string[])["-T", path]),
            "-o", folder.PathOf("out"), folder.PathOf("input")]))
        {
            process.WaitUntil(() => directories.All(path => SortCrashTests.HasWrittenInside(process.Id, path)), "Writing in all of them");
            process.Send(ToolProcess.Terminate);
            process.WaitForExit();
        }

        foreach (string directory in directories) Assert.Empty(Directory.GetFileSystemEntries(directory));
        string nowhere = folder.PathOf("nowhere");
        ToolRun.Of("sort", "-T", directories[0], "-T", nowhere, folder.PathOf("input")).HasOneLine(2, nowhere);
    }

    private static string Run(string program, string? until, params string[] arguments)
    {
        using TestFolder folder = new();
        File.WriteAllText(folder.PathOf("in"), "b\na\n");
        ProcessStartInfo start = new(program, arguments)
        {
            WorkingDirectory = folder.Root,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        using Process process = Process.Start(start)!;
        process.StandardInput.Close();
        System.Text.StringBuilder read = new();
        while (process.StandardOutput.Read() is >= 0 and int character)
        {
            read.Append((char)character);
            if (until is not null && character == ' ' && read.ToString().Contains(until, StringComparison.Ordinal))
            {
                File.WriteAllText(folder.PathOf("go"), "");
            }
        }

        string output = read.ToString();
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
        Assert.True(File.Exists(folder.PathOf("out")) || output.Length > 0);
        return output;
    }
}
