using System.CommandLine;
using System.Net;
using System.Text.RegularExpressions;

namespace Sluice.Tool.Tests.Bench;

/// <summary>What <c>sluice bench</c> does by itself, as a process: the table, the page, and nothing left behind.</summary>
[Collection("bench in this process")]
public sealed partial class StandardProgrammeTests
{
    private static readonly HashSet<string> s_voidElements = ["meta", "rect", "br", "hr", "img", "link", "input"];

    [Fact]
    public void TheProgrammePrintsATableWritesAPageThatNeedsNothingElseAndRemovesItsFile()
    {
        using BenchProcess tool = new("bench", "--size", "8M", "--seconds", "0.05");
        (int exitCode, string output, string error) = tool.WaitForExit();
        Assert.True(exitCode == 0, error);
        Assert.Empty(tool.FilesLeft);
        Assert.Contains("Operations/s", output, StringComparison.Ordinal);
        Assert.Contains("RandomAccess", output, StringComparison.Ordinal);

        string page = File.ReadAllText(tool.InCurrentFolder("sluice-report.html"));
        Assert.DoesNotContain("http://", page, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("https://", page, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("@import", page, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("<script", page, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain(" src=", page, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotMatch(@"url\((?!#)", page);
        Assert.Contains("<meta name=\"viewport\" content=\"width=device-width", page, StringComparison.Ordinal);
        Assert.Contains("prefers-color-scheme: dark", page, StringComparison.Ordinal);
        Assert.Contains("<html lang=\"en\">", page, StringComparison.Ordinal);
        Assert.DoesNotContain(tool.TemporaryFolder, page, StringComparison.Ordinal);
        AssertElementsAreClosed(page);
        AssertEveryPictureIsExplained(page);
        AssertCommandsAreUnderstood(page);
    }

    [Fact]
    public void AnInterruptEndsARunAndRemovesItsFile()
    {
        using BenchProcess tool = new("bench", "randread", "--method", "sync", "--size", "8M", "--seconds", "3000");
        tool.WaitForError("[2/2]");
        Assert.NotEmpty(tool.FilesLeft);
        tool.Interrupt();
        (int exitCode, _, string error) = tool.WaitForExit();
        Assert.Equal(1, exitCode);
        Assert.Contains("Stopped.", error, StringComparison.Ordinal);
        Assert.Empty(tool.FilesLeft);
    }

    [Fact]
    public async Task BeingStoppedJustBeforeTheFileIsOpenedIsNoFailure()
    {
        using CancellationTokenSource stop = new();
        using StringWriter output = new();
        using StoppingWriter error = new(stop, "[2/2]");
        int exitCode = await Program.RunAsync(
            ["bench", "randread", "--method", "sync", "--size", "1M", "--seconds", "3000"], output, error, stop.Token);
        Assert.Equal(1, exitCode);
        Assert.EndsWith("Stopped." + Environment.NewLine, error.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("sluice:", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void AnInterruptEndsTheProgrammeAndRemovesItsFile()
    {
        using BenchProcess tool = new("bench", "--size", "8M", "--seconds", "3000");
        tool.WaitForError("randread");
        tool.Interrupt();
        (int exitCode, _, _) = tool.WaitForExit();
        Assert.Equal(1, exitCode);
        Assert.Empty(tool.FilesLeft);
        Assert.False(File.Exists(tool.InCurrentFolder("sluice-report.html")));
    }

    private static void AssertElementsAreClosed(string page)
    {
        Stack<string> open = new();
        foreach (Match tag in Tag().Matches(page[page.IndexOf("<html", StringComparison.Ordinal)..]))
        {
            string name = tag.Groups["name"].Value;
            if (s_voidElements.Contains(name) || tag.Value.EndsWith("/>", StringComparison.Ordinal)) continue;
            if (!tag.Value.StartsWith("</", StringComparison.Ordinal)) open.Push(name);
            else Assert.Equal(name, open.TryPop(out string? last) ? last : "nothing");
        }

        Assert.Empty(open);
    }

    private static void AssertEveryPictureIsExplained(string page)
    {
        Assert.NotEmpty(Picture().Matches(page));
        foreach (Match picture in Picture().Matches(page))
        {
            Assert.Contains("role=\"img\"", picture.Value, StringComparison.Ordinal);
            Assert.Contains("<title", picture.Value, StringComparison.Ordinal);
            Assert.Contains("<desc", picture.Value, StringComparison.Ordinal);
        }
    }

    private static void AssertCommandsAreUnderstood(string page)
    {
        Command root = CommandLine.Build();
        MatchCollection commands = CommandInPage().Matches(page);
        Assert.NotEmpty(commands);
        foreach (Match match in commands)
        {
            string[] arguments = WebUtility.HtmlDecode(match.Groups["command"].Value).Split(' ')[1..];
            Assert.Null(CommandLine.FindMistake(root, root.Parse(arguments, CommandLine.ParserConfiguration)));
        }
    }

    /// <summary>Stops when a line with a text is written.</summary>
    private sealed class StoppingWriter(CancellationTokenSource stop, string text) : StringWriter
    {
        public override void WriteLine(string? value)
        {
            base.WriteLine(value);
            if (value?.Contains(text, StringComparison.Ordinal) == true) stop.Cancel();
        }
    }

    [GeneratedRegex(@"</?(?<name>[a-z][a-z0-9]*)[^>]*>")]
    private static partial Regex Tag();

    [GeneratedRegex("<svg.*?</svg>", RegexOptions.Singleline)]
    private static partial Regex Picture();

    [GeneratedRegex("<code>(?<command>sluice bench[^<]*)</code>")]
    private static partial Regex CommandInPage();
}
