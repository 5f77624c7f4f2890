using System.Reflection;
using System.Text.RegularExpressions;

namespace Sluice.Testing.Tests;

/// <summary>Git and editors leave the bytes of snapshots alone.</summary>
public partial class RepositoryFilesTests
{
    private static readonly string s_root = typeof(RepositoryFilesTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(static attribute => attribute.Key == "RepositoryRoot").Value!;

    [Fact]
    public void GitKeepsLineFeedsInVerifiedFiles()
    {
        string[] lines = File.ReadAllLines(Path.Combine(s_root, ".gitattributes"));
        foreach (string extension in new[] { "txt", "cs", "json", "xml", "md" })
        {
            Assert.Contains($"*.verified.{extension} text eol=lf working-tree-encoding=UTF-8", lines);
        }
    }

    [Fact]
    public void GitIgnoresReceivedFiles()
    {
        string[] lines = File.ReadAllLines(Path.Combine(s_root, ".gitignore"));
        Assert.Contains("*.received.*", lines);
        Assert.Contains("*.received/", lines);
    }

    [Fact]
    public void EditorsKeepTheMarkAndAddNoNewLine()
    {
        string[] lines = File.ReadAllLines(Path.Combine(s_root, ".editorconfig"));
        int start = Array.IndexOf(lines, "[*.{received,verified}.{txt,cs,json,xml,md}]");
        Assert.True(start >= 0, "The section for snapshots is missing.");
        string[] section = [.. lines.Skip(start + 1).TakeWhile(static line => !line.StartsWith('[')).Where(static line => line.Length > 0)];
        Assert.Equal(
            [
                "charset = utf-8-bom", "end_of_line = lf", "indent_size = unset", "indent_style = unset", "insert_final_newline = false",
                "tab_width = unset", "trim_trailing_whitespace = false",
            ],
            section.Order(StringComparer.Ordinal));
    }

    /// <summary>Of all snapshots of the repository: the mark, line feeds alone, no newline at the end, and a test that is theirs.</summary>
    [Fact]
    public void VerifiedFilesHaveTheirBytes()
    {
        string[] files = [.. Directory.EnumerateFiles(Path.Combine(s_root, "tests"), "*.verified.*", SearchOption.AllDirectories)
            .Where(static path => !path.Split(Path.DirectorySeparatorChar).Any(static part => part is "bin" or "obj"))];
        Assert.NotEmpty(files);
        Assert.All(files, static path =>
        {
            byte[] bytes = File.ReadAllBytes(path);
            Assert.True(bytes.AsSpan().StartsWith(new byte[] { 0xEF, 0xBB, 0xBF }), $"{path} lacks the byte order mark.");
            Assert.False(bytes.Contains((byte)'\r'), $"{path} holds a carriage return.");
            Assert.NotEqual((byte)'\n', bytes[^1]);
        });
    }

    /// <summary>A renamed test leaves its old snapshot behind; nothing else would notice.</summary>
    [Fact]
    public void EveryVerifiedFileHasATest()
    {
        string[] files = [.. Directory.EnumerateFiles(Path.Combine(s_root, "tests"), "*.*", SearchOption.AllDirectories)
            .Where(static path => !path.Split(Path.DirectorySeparatorChar).Any(static part => part is "bin" or "obj"))];
        IEnumerable<string> sources = files
            .Where(static path => path.EndsWith(".cs", StringComparison.Ordinal) && !IsSnapshot(path)).Select(File.ReadAllText);
        HashSet<string> words = [.. sources.SelectMany(static source => Word().Matches(source)).Select(static match => match.Value)];
        Assert.All(files.Where(IsSnapshot), path =>
        {
            string name = Path.GetFileName(path);
            string test = Suffix().Replace(name, "");
            Assert.True(test.Split('.').All(words.Contains), $"No test is called {test}, so nothing writes {path}.");
        });
    }

    private static bool IsSnapshot(string path) => path.Contains(".verified.", StringComparison.Ordinal);

    [GeneratedRegex(@"\w+")]
    private static partial Regex Word();

    /// <summary>What follows the names of class and method: arguments, the target's name, the kind of file.</summary>
    [GeneratedRegex(@"(_\w+=.*|#.*|\.verified\..*)$")]
    private static partial Regex Suffix();
}
