using System.Text.RegularExpressions;
using Sluice.Tests.Shared;

namespace Sluice.Samples.Tests;

/// <summary>Nobody who follows the documentation gets lost: links lead somewhere, and every page is led to.</summary>
public sealed partial class DocumentTests
{
    private static readonly string[] s_folders = ["docs", "generators", "plugins", "samples", "src"];

    /// <summary>Every page, relative to the root.</summary>
    public static TheoryData<string> Pages => [.. FindPages()];

    [Theory]
    [MemberData(nameof(Pages))]
    public void LinksLeadToFilesAndHeadingsThatAreThere(string page) => Assert.Empty(
        LinksOf(page).Where(static link => !Exists(link.File) || !HasHeading(link.File, link.Heading)).Select(static link => link.Text));

    [Theory]
    [MemberData(nameof(Pages))]
    public void FilesAndFoldersThatAreNamedAreThere(string page) => Assert.All(
        NamedPath().Matches(TextOf(page)).Select(static match => match.Groups[1].Value.TrimEnd('/', '.')),
        static path => Assert.True(Exists(path), $"There is no {path}."));

    [Fact]
    public void EveryPageOfTheDocumentationIsReachedFromTheReadme()
    {
        HashSet<string> reached = ["README.md"];
        Queue<string> left = new(reached);
        while (left.TryDequeue(out string? page))
        {
            foreach ((string file, _, _) in LinksOf(page))
            {
                // A folder shows its README.
                string target = Directory.Exists(Repository.PathOf(file)) ? $"{file}/README.md" : file;
                if (target.EndsWith(".md", StringComparison.Ordinal) && Exists(target) && reached.Add(target)) left.Enqueue(target);
            }
        }

        Assert.Empty(FindPages().Where(static page => page.StartsWith("docs/", StringComparison.Ordinal)).Except(reached));
    }

    private static IEnumerable<string> FindPages() =>
        Directory.EnumerateFiles(Repository.Root, "*.md")
            .Concat(s_folders.SelectMany(static folder =>
                Directory.EnumerateFiles(Repository.PathOf(folder), "*.md", SearchOption.AllDirectories)))
            .Select(static path => Path.GetRelativePath(Repository.Root, path).Replace('\\', '/'))
            .Where(static path => !path.Contains("/bin/", StringComparison.Ordinal) && !path.Contains("/obj/", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal);

    private static IEnumerable<(string File, string Heading, string Text)> LinksOf(string page)
    {
        foreach (Match match in Link().Matches(TextOf(page)))
        {
            string link = match.Groups[1].Value;
            if (link.Contains("://", StringComparison.Ordinal)) continue;
            string[] parts = link.Split('#', 2);
            string path = Repository.PathOf(Path.GetDirectoryName(page)!, parts[0]);
            string file = Path.GetRelativePath(Repository.Root, path).Replace('\\', '/').TrimEnd('/');
            yield return (parts[0].Length == 0 ? page : file, parts.Length == 2 ? parts[1] : "", match.Value);
        }
    }

    private static bool Exists(string path) => Path.Exists(Repository.PathOf(path));

    private static bool HasHeading(string page, string heading) => heading.Length == 0 || Heading().Matches(TextOf(page)).Any(match =>
        NotInAnchor().Replace(match.Groups[1].Value.ToLowerInvariant(), "").Trim().Replace(' ', '-') == heading);

    // What stands in blocks of code is no link.
    private static string TextOf(string page) =>
        CodeBlock().Replace(File.ReadAllText(Repository.PathOf(page)).ReplaceLineEndings("\n"), "");

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"`((?:src|tests|docs|plugins|generators|samples)/[^`\s{}<>*…]+)`")]
    private static partial Regex NamedPath();

    [GeneratedRegex("^#+ +(.+)$", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex(@"[^\w\- ]")]
    private static partial Regex NotInAnchor();

    [GeneratedRegex("^```.*?^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex CodeBlock();
}
