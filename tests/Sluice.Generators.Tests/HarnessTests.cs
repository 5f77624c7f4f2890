using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Sluice.Generators.Tests.Harness;
using Xunit.Sdk;

namespace Sluice.Generators.Tests;

/// <summary>The checks that every other test relies on do find what they look for.</summary>
public class HarnessTests
{
    private const string Source = "class C;";

    [Fact]
    public void AStepThatKeepsASymbolIsFound() => Assert.Contains(
        "holds a", CacheFailure(new KeepsSymbols()), StringComparison.Ordinal);

    [Fact]
    public void AStepWhoseValueIsNeverEqualIsFound() => Assert.Contains(
        "although nothing has changed", CacheFailure(new NeverEqual()), StringComparison.Ordinal);

    [Fact]
    public void SourcesThatDoNotCompileAreFound() =>
        Assert.Throws<EmptyException>(() => GeneratorRun.Clean("class C { int M() => \"\"; }"));

    [Fact]
    public void DiagnosticsThatTheTestDoesNotNameAreFound() =>
        Assert.Throws<EmptyException>(() => GeneratorRun.Clean("[AioTarget(\"t\")] public partial struct T { public int A; }"));

    private static string CacheFailure(IIncrementalGenerator generator)
    {
        CSharpCompilation compilation = GeneratorRun.CreateCompilation(Source);
        GeneratorDriver driver = CSharpGeneratorDriver.Create(
            [generator.AsSourceGenerator()],
            parseOptions: GeneratorRun.ParseOptions,
            driverOptions: new GeneratorDriverOptions(IncrementalGeneratorOutputKind.None, trackIncrementalGeneratorSteps: true));
        driver = driver.RunGenerators(compilation);
        return Assert.ThrowsAny<XunitException>(() => CacheCheck.AssertNothingRunsAgain(driver, compilation)).Message;
    }

#pragma warning disable RS1036, RS1041, RS1042, RS1038 // Wrong on purpose, and never shipped.
    private sealed class KeepsSymbols : IIncrementalGenerator
    {
        public void Initialize(IncrementalGeneratorInitializationContext context)
        {
            IncrementalValueProvider<Holder> step = context.CompilationProvider
                .Select(static (compilation, _) => new Holder(compilation.GetTypeByMetadataName("System.Object")!))
                .WithComparer(EqualityComparer<Holder>.Create(static (_, _) => true, static _ => 0))
                .WithTrackingName(TrackingNames.Targets);
            context.RegisterSourceOutput(step, static (_, _) => { });
        }

        private sealed record Holder(object Hidden);
    }

    private sealed class NeverEqual : IIncrementalGenerator
    {
        public void Initialize(IncrementalGeneratorInitializationContext context)
        {
            IncrementalValuesProvider<ImmutableArray<string>> step = context.SyntaxProvider
                .CreateSyntaxProvider(static (node, _) => node is ClassDeclarationSyntax, static (node, _) => node.Node.ToString())
                .Combine(context.CompilationProvider)
                .Select(static (pair, _) => ImmutableArray.Create(pair.Left))
                .WithTrackingName(TrackingNames.Targets);
            context.RegisterSourceOutput(step, static (_, _) => { });
        }
    }
}
