using System.Globalization;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Text;
using Sluice.Generators.Tests.Harness;

namespace Sluice.Generators.Tests;

/// <summary>Every mistake is reported once, at its exact place, in words that say what to do.</summary>
public class DiagnosticTests
{
    public static TheoryData<string> Titles => [.. DiagnosticCases.All.Select(static testCase => testCase.ToString())];

    [Theory]
    [MemberData(nameof(Titles))]
    public async Task AMistakeIsReportedAtItsPlace(string title)
    {
        DiagnosticCase testCase = Case(title);
        Marked marked = new(testCase.Source);
        Diagnostic[] reported = await Report(testCase, marked.Source);

        Assert.All(reported, diagnostic => Assert.Equal(testCase.Id, diagnostic.Id));
        Assert.Equal(
            Show(marked.Source, marked.Spans.Zip(testCase.Messages)),
            Show(marked.Source, reported.Select(
                static diagnostic => (diagnostic.Location.SourceSpan, diagnostic.GetMessage(CultureInfo.InvariantCulture)))));
        Assert.All(reported, static diagnostic => Assert.Equal(diagnostic.DefaultSeverity, diagnostic.Severity));
    }

    [Theory]
    [MemberData(nameof(Titles))]
    public async Task APragmaSuppressesIt(string title)
    {
        DiagnosticCase testCase = Case(title);
        Assert.Empty(await Report(testCase, $"#pragma warning disable {testCase.Id}\n{new Marked(testCase.Source).Source}"));
    }

    [Theory]
    [MemberData(nameof(Titles))]
    public void WhatIsEmittedAllTheSameCompiles(string title)
    {
        DiagnosticCase testCase = Case(title);
        GeneratorRun run = Run(testCase, new Marked(testCase.Source).Source);
        Assert.Equal(testCase.CompilerErrors, run.CompilerDiagnostics().Select(static diagnostic => diagnostic.Id).Distinct());
    }

    /// <summary>A test that finds no mistakes proves nothing unless each message was seen.</summary>
    [Fact]
    public void EveryDiagnosticHasACase() => Assert.Equal(
        Descriptors.All.Select(static descriptor => descriptor.Id),
        DiagnosticCases.All.Select(static testCase => testCase.Id).Distinct().Order(StringComparer.Ordinal));

    private static DiagnosticCase Case(string title) => DiagnosticCases.All.Single(testCase => testCase.ToString() == title);

    private static GeneratorRun Run(DiagnosticCase testCase, string source) => GeneratorRun.Any(
        GeneratorRun.CreateCompilation("My.App", [source], GeneratorRun.ParseOptions.WithLanguageVersion(testCase.Version)));

    private static async Task<Diagnostic[]> Report(DiagnosticCase testCase, string source)
    {
        GeneratorRun run = Run(testCase, source);
        return [.. run.GeneratorDiagnostics.Concat(await run.AnalyzerDiagnosticsAsync())
            .Where(static diagnostic => !diagnostic.IsSuppressed).OrderBy(static diagnostic => diagnostic.Location.SourceSpan.Start)];
    }

    private static string Show(string source, IEnumerable<(TextSpan Span, string Message)> diagnostics) => string.Join(
        '\n',
        diagnostics.Select(found => $"{found.Span.Start} '{source.Substring(found.Span.Start, found.Span.Length)}': {found.Message}"));
}
