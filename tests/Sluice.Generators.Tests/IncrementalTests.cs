using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Sluice.Generators.Tests.Harness;

namespace Sluice.Generators.Tests;

/// <summary>What an edit makes the generator do again: nothing that the edit does not concern.</summary>
public class IncrementalTests
{
    private const string Second = """
        [AioTarget("second", CanReopen = false)]
        public partial struct Second { public int A; public int Twice() => A * 2; }
        public class Unrelated { }
        """;

    [Theory]
    [InlineData("a comment", "public int A;", "/* seen */ public int A;")]
    [InlineData("a blank line", "[AioTarget", "\n\n[AioTarget")]
    [InlineData("an unrelated name", "Unrelated", "Other")]
    [InlineData("a method body", "A * 2", "A + A")]
    [InlineData("a private field's name", "public class Unrelated { }", "public class Unrelated { private int _x; }")]
    public void AnEditThatChangesNoModelEmitsNothingAgain(string edit, string before, string after)
    {
        GeneratorRunResult result = RunAfterEdit(before, after);
        Assert.All(CacheCheck.Reasons(result), step => Assert.True(
            IsKept(step.Reason), $"After {edit} the step {step.Step} is {step.Reason}."));
        Assert.All(SourceOutputs(result), output => Assert.True(IsKept(output), $"After {edit} a file was emitted again."));
    }

    [Theory]
    [InlineData("\"second\"", "\"renamed\"")]
    [InlineData("public int A;", "public int A; public int B;")]
    [InlineData("CanReopen = false", "CanReopen = false, Callbacks = [typeof(My.App.Checksum)]")]
    public void AnEditOfATargetEmitsThatTargetAlone(string before, string after)
    {
        GeneratorRunResult result = RunAfterEdit(before, after);
        Assert.Equal(1, ReasonsOf(result, TrackingNames.Targets).Count(static reason => reason == IncrementalStepRunReason.Modified));
        Assert.Equal(1, ReasonsOf(result, TrackingNames.Targets).Count(IsKept));
        Assert.All(ReasonsOf(result, TrackingNames.Callbacks), static reason => Assert.True(IsKept(reason)));
        Assert.All(ReasonsOf(result, TrackingNames.ModuleTargets), static reason => Assert.True(IsKept(reason)));
    }

    [Fact]
    public void ARenamedTypeChangesTheModuleToo()
    {
        GeneratorRunResult result = RunAfterEdit("struct Second", "struct Third");
        Assert.Contains(IncrementalStepRunReason.Modified, ReasonsOf(result, TrackingNames.ModuleTargets));
        Assert.All(ReasonsOf(result, TrackingNames.ModuleCallbacks), static reason => Assert.True(IsKept(reason)));
    }

    [Fact]
    public void AnAddedFileIsTheOnlyNewOne()
    {
        CSharpCompilation compilation = Compilation();
        GeneratorDriver driver = GeneratorRun.CreateDriver().RunGenerators(compilation);
        SyntaxTree added = CSharpSyntaxTree.ParseText(
            "[AioTarget(\"third\", CanReopen = false)] public partial struct Third { public int A; }",
            GeneratorRun.ParseOptions,
            "Added.cs");
        GeneratorRunResult result = driver.RunGenerators(compilation.AddSyntaxTrees(added)).GetRunResult().Results.Single();
        Assert.Equal(1, ReasonsOf(result, TrackingNames.Targets).Count(static reason => reason == IncrementalStepRunReason.New));
        Assert.Equal(2, ReasonsOf(result, TrackingNames.Targets).Count(IsKept));
    }

    [Fact]
    public void AnErrorMovesWithItsPlaceWhileTheModelIsKept()
    {
        const string Source = "[AioTarget(\"t\")] public partial struct T { public int A; }";
        CSharpCompilation compilation = GeneratorRun.CreateCompilation(Source);
        GeneratorDriver driver = GeneratorRun.CreateDriver().RunGenerators(compilation);
        SyntaxTree tree = compilation.SyntaxTrees.First();
        SyntaxTree moved = tree.WithChangedText(Microsoft.CodeAnalysis.Text.SourceText.From("\n\n" + Source));
        GeneratorDriverRunResult result = driver.RunGenerators(compilation.ReplaceSyntaxTree(tree, moved)).GetRunResult();
        Diagnostic diagnostic = Assert.Single(result.Diagnostics);
        Assert.Equal(2, diagnostic.Location.GetLineSpan().StartLinePosition.Line);
        Assert.Same(moved, diagnostic.Location.SourceTree);
        Assert.All(ReasonsOf(result.Results.Single(), TrackingNames.Targets), static reason => Assert.True(IsKept(reason)));
    }

    private static CSharpCompilation Compilation() => GeneratorRun.CreateCompilation(Second, Sources.Target, Sources.Callbacks);

    private static GeneratorRunResult RunAfterEdit(string before, string after)
    {
        CSharpCompilation compilation = Compilation();
        GeneratorDriver driver = GeneratorRun.CreateDriver().RunGenerators(compilation);
        SyntaxTree tree = compilation.SyntaxTrees.First();
        string text = tree.ToString();
        Assert.Contains(before, text, StringComparison.Ordinal);
        SyntaxTree edited = CSharpSyntaxTree.ParseText(
            text.Replace(before, after, StringComparison.Ordinal), GeneratorRun.ParseOptions, tree.FilePath);
        return driver.RunGenerators(compilation.ReplaceSyntaxTree(tree, edited)).GetRunResult().Results.Single();
    }

    private static IEnumerable<IncrementalStepRunReason> ReasonsOf(GeneratorRunResult result, string step) =>
        CacheCheck.Reasons(result).Where(run => run.Step == step).Select(static run => run.Reason);

    /// <summary>The outputs that emit a file; those that report diagnostics run whenever there is a new compilation.</summary>
    private static IEnumerable<IncrementalStepRunReason> SourceOutputs(GeneratorRunResult result) =>
        from step in result.TrackedOutputSteps["SourceOutput"]
        where step.Inputs.All(static input => input.Source.Name is not null && TrackingNames.All.Contains(input.Source.Name))
        from output in step.Outputs
        select output.Reason;

    private static bool IsKept(IncrementalStepRunReason reason) =>
        reason is IncrementalStepRunReason.Cached or IncrementalStepRunReason.Unchanged;
}
