using System.Text;
using BenchmarkDotNet.Attributes;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Sluice.Generators;

namespace Sluice.Benchmarks;

/// <summary>
/// The generator over a number of attributed types: from nothing, after an edit that concerns none of them, after one that concerns
/// one.
/// </summary>
public class GeneratorBenchmarks
{
    private CSharpCompilation _compilation = null!;
    private CSharpCompilation _unrelatedEdit = null!;
    private CSharpCompilation _relatedEdit = null!;
    private GeneratorDriver _warm = null!;

    [Params(1, 10, 50)]
    public int Types { get; set; }

    [GlobalSetup]
    public void SetUp()
    {
        string[] references = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator);
        SyntaxTree[] trees =
        [
            .. Enumerable.Range(0, Types).Select(static index => Parse(Source(index, "Word"))),
            Parse("internal static class Unrelated;"),
        ];
        _compilation = CSharpCompilation.Create(
            "Measured", trees, references.Select(static path => MetadataReference.CreateFromFile(path)),
            new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, allowUnsafe: true));
        _unrelatedEdit = _compilation.ReplaceSyntaxTree(
            trees[^1], Parse("internal static class Unrelated { internal const int Edited = 1; }"));
        _relatedEdit = _compilation.ReplaceSyntaxTree(trees[0], Parse(Source(0, "Edited")));
        _warm = NewDriver().RunGenerators(_compilation);
        GeneratorDriverRunResult result = _warm.GetRunResult();
        if (result.GeneratedTrees.Length < Types
            || result.Diagnostics.Any(static diagnostic => diagnostic.Severity == DiagnosticSeverity.Error))
        {
            string said = string.Join(' ', result.Diagnostics);
            throw new InvalidOperationException($"The generator made {result.GeneratedTrees.Length} files of {Types} types: {said}");
        }
    }

    [Benchmark(Baseline = true)]
    public GeneratorDriver FirstRun() => NewDriver().RunGenerators(_compilation);

    [Benchmark]
    public GeneratorDriver AfterUnrelatedEdit() => _warm.RunGenerators(_unrelatedEdit);

    [Benchmark]
    public GeneratorDriver AfterRelatedEdit() => _warm.RunGenerators(_relatedEdit);

    private static CSharpGeneratorDriver NewDriver() =>
        CSharpGeneratorDriver.Create(
            [new AioGenerator().AsSourceGenerator()], parseOptions: new CSharpParseOptions(LanguageVersion.Latest));

    private static SyntaxTree Parse(string source) => CSharpSyntaxTree.ParseText(source, new CSharpParseOptions(LanguageVersion.Latest));

    private static string Source(int index, string word) => new StringBuilder()
        .Append("using Sluice; namespace Measured;")
        .Append(
            $"[AioTarget(\"target {index}\", CanReopen = false)] public readonly partial struct Target{index} "
                + $"{{ private readonly long _{word}; }}")
        .Append($"[AioCallback(\"callback {index}\")] public static partial class Callback{index} ")
        .Append("{ private static AioResult CompleteShared(AioHandle handle, AioResult prior, byte data) => prior; }")
        .ToString();
}
