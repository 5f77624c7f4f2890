using System.Reflection;
using Microsoft.CodeAnalysis;
using Sluice.Generators.Tests.Harness;

namespace Sluice.Generators.Tests;

/// <summary>The catalogue, its pages and its release notes say the same.</summary>
public class DocumentationTests
{
    private static readonly string s_root = typeof(DocumentationTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(static attribute => attribute.Key == "RepositoryRoot").Value!;

    private static string Pages => Path.Combine(s_root, "docs", "diagnostics");

    [Fact]
    public void IdsAreConsecutive() => Assert.Equal(
        Enumerable.Range(1, Descriptors.All.Count).Select(static number => $"AIO{number:D3}"), Descriptors.All.Select(
            static descriptor => descriptor.Id));

    [Fact]
    public void EveryIdHasAPageAndEveryPageAnId() => Assert.Equal(
        Descriptors.All.Select(static descriptor => $"{descriptor.Id}.md"),
        Directory.EnumerateFiles(Pages, "AIO*.md").Select(Path.GetFileName).Order(StringComparer.Ordinal));

    [Fact]
    public void EveryPageHasItsTitleAndShowsWrongAndRight() => Assert.All(Descriptors.All, static descriptor =>
    {
        string page = File.ReadAllText(Path.Combine(Pages, $"{descriptor.Id}.md"));
        Assert.StartsWith($"# {descriptor.Id}: {descriptor.Title}\n", page, StringComparison.Ordinal);
        Assert.Contains("## Wrong\n\n```csharp\n", page, StringComparison.Ordinal);
        Assert.Contains("## Right\n\n```csharp\n", page, StringComparison.Ordinal);
        Assert.EndsWith($"/docs/diagnostics/{descriptor.Id}.md", descriptor.HelpLinkUri, StringComparison.Ordinal);
    });

    [Fact]
    public void EveryPageShowsTheMessage() => Assert.All(Descriptors.All, static descriptor => Assert.Contains(
        $"| {descriptor.DefaultSeverity} | {descriptor.MessageFormat} |\n",
        File.ReadAllText(Path.Combine(Pages, $"{descriptor.Id}.md")),
        StringComparison.Ordinal));

    /// <summary>Except two that no short example in the current version of C# can show.</summary>
    public static TheoryData<string> IdsWithExamples =>
        [.. Descriptors.All.Select(static descriptor => descriptor.Id).Except(["AIO019", "AIO040"])];

    [Theory]
    [MemberData(nameof(IdsWithExamples))]
    public async Task TheWrongExampleIsReportedAndTheRightOneIsNot(string id)
    {
        string page = File.ReadAllText(Path.Combine(Pages, $"{id}.md"));
        GeneratorRun wrong = GeneratorRun.Any(GeneratorRun.CreateCompilation(Example(page, "## Wrong")));
        IEnumerable<Diagnostic> reported = wrong.GeneratorDiagnostics.Concat(await wrong.AnalyzerDiagnosticsAsync());
        Assert.Equal([id], reported.Select(static diagnostic => diagnostic.Id).Distinct());

        GeneratorRun right = GeneratorRun.Clean(Example(page, "## Right"));
        Assert.Empty(await right.AnalyzerDiagnosticsAsync());
    }

    private static string Example(string page, string title)
    {
        const string Begin = "```csharp\n";
        int start = page.IndexOf(Begin, page.IndexOf(title, StringComparison.Ordinal), StringComparison.Ordinal) + Begin.Length;
        return page[start..page.IndexOf("```", start, StringComparison.Ordinal)];
    }

    [Fact]
    public void TheIndexListsEveryId()
    {
        string index = File.ReadAllText(Path.Combine(Pages, "README.md"));
        Assert.All(Descriptors.All, descriptor => Assert.Contains(
            $"| [{descriptor.Id}]({descriptor.Id}.md) | {descriptor.DefaultSeverity} | {descriptor.Title} |\n",
            index,
            StringComparison.Ordinal));
    }

    [Fact]
    public void CategoriesAreTheCatalogue() => Assert.All(Descriptors.All, static descriptor => Assert.Contains(
        descriptor.Category,
        typeof(Sluice.Generators.Diagnostics.DiagnosticCategories).GetFields().Select(
            static field => (string)field.GetRawConstantValue()!)));

    [Fact]
    public void OnlyAdviceMayBeSwitchedOffByDefaultSeverity() => Assert.Equal(
        ["AIO015", "AIO038", "AIO039"],
        Descriptors.All.Where(static descriptor => descriptor.DefaultSeverity != DiagnosticSeverity.Error).Select(
            static descriptor => descriptor.Id));
}
