using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Diagnostics;
using Sluice.Generators.Analyzers;

namespace Sluice.Generators.Tests.Harness;

/// <summary>
/// One run of the generator with everything that must hold for every run checked: it does not throw, reports only what
/// the test names, emits what compiles without a warning, and is cached entirely when nothing has changed.
/// </summary>
internal sealed class GeneratorRun
{
    public static readonly CSharpParseOptions ParseOptions = new(LanguageVersion.CSharp12, DocumentationMode.Diagnose);

    /// <summary>Warnings about test sources that say nothing about the generator: no documentation, fields never used.</summary>
    private static readonly HashSet<string> s_ignoredInSources = ["CS1591", "CS0169", "CS0649", "CS0414"];

    private GeneratorRun(CSharpCompilation input, GeneratorDriver driver, Compilation output)
    {
        Input = input;
        Driver = driver;
        Output = output;
    }

    public CSharpCompilation Input { get; }

    public GeneratorDriver Driver { get; }

    public Compilation Output { get; }

    public ImmutableArray<Diagnostic> GeneratorDiagnostics => Driver.GetRunResult().Diagnostics;

    /// <summary>Runs the generator over sources that must not lead to any diagnostic.</summary>
    public static GeneratorRun Clean(params string[] sources)
    {
        GeneratorRun run = Any(CreateCompilation(sources));
        Assert.Empty(run.GeneratorDiagnostics);
        run.AssertCompiles();
        return run;
    }

    /// <summary>Runs the generator over anything; only what must hold even for wrong sources is checked.</summary>
    public static GeneratorRun Any(CSharpCompilation compilation)
    {
        GeneratorDriver driver = CreateDriver().RunGeneratorsAndUpdateCompilation(compilation, out Compilation output, out _);
        Assert.Null(driver.GetRunResult().Results.Single().Exception);
        GeneratorRun run = new(compilation, driver, output);
        CacheCheck.AssertNothingRunsAgain(driver, compilation);
        return run;
    }

    public static GeneratorDriver CreateDriver() => CSharpGeneratorDriver.Create(
        [new AioGenerator().AsSourceGenerator()],
        parseOptions: ParseOptions,
        driverOptions: new GeneratorDriverOptions(IncrementalGeneratorOutputKind.None, trackIncrementalGeneratorSteps: true));

    public static CSharpCompilation CreateCompilation(params string[] sources) => CreateCompilation("My.App", sources);

    public static CSharpCompilation CreateCompilation(string assemblyName, string[] sources, CSharpParseOptions? options = null)
    {
        const string Usings = "global using System; global using Sluice;";
        IEnumerable<SyntaxTree> trees = sources.Select(
            (source, index) => CSharpSyntaxTree.ParseText(source, options ?? ParseOptions, $"Source{index}.cs"));
        return CSharpCompilation.Create(
            assemblyName,
            [.. trees, CSharpSyntaxTree.ParseText(Usings, options ?? ParseOptions, "Usings.cs")],
            References.All,
            new CSharpCompilationOptions(
                OutputKind.DynamicallyLinkedLibrary, nullableContextOptions: NullableContextOptions.Enable, allowUnsafe: true));
    }

    /// <summary>The emitted file of that hint name.</summary>
    public string Source(string hintName) =>
        Driver.GetRunResult().Results.Single().GeneratedSources.Single(source => source.HintName == hintName).SourceText.ToString();

    public IEnumerable<string> HintNames =>
        Driver.GetRunResult().Results.Single().GeneratedSources.Select(static source => source.HintName);

    /// <summary>Errors and warnings of the compiler in the sources and in what was emitted.</summary>
    public IEnumerable<Diagnostic> CompilerDiagnostics() => Output.GetDiagnostics().Where(diagnostic =>
        diagnostic.Severity >= DiagnosticSeverity.Warning
        && !(s_ignoredInSources.Contains(diagnostic.Id) && Input.ContainsSyntaxTree(diagnostic.Location.SourceTree)));

    public void AssertCompiles() => Assert.Empty(CompilerDiagnostics());

    /// <summary>What the analyzers say about the sources together with what was emitted.</summary>
    public async Task<ImmutableArray<Diagnostic>> AnalyzerDiagnosticsAsync()
    {
        ImmutableArray<DiagnosticAnalyzer> analyzers =
        [
            new ReopenUnusedAnalyzer(), new MachineCopiedAnalyzer(), new BlockingCompletionAnalyzer(),
        ];
        return await Output.WithAnalyzers(analyzers).GetAnalyzerDiagnosticsAsync();
    }

    /// <summary>The output as a loaded assembly.</summary>
    public System.Reflection.Assembly Load()
    {
        using MemoryStream image = new();
        Microsoft.CodeAnalysis.Emit.EmitResult result = Output.Emit(image);
        Assert.True(result.Success, string.Join('\n', result.Diagnostics));
        return System.Reflection.Assembly.Load(image.ToArray());
    }
}
