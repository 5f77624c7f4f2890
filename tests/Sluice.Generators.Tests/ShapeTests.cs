using System.Globalization;
using System.Runtime.CompilerServices;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Sluice.Generators.Parser;
using Sluice.Generators.Tests.Harness;

namespace Sluice.Generators.Tests;

/// <summary>Declarations of every shape that C# allows get their other part, the same whatever the order and the culture.</summary>
public class ShapeTests
{
    private const string Completion = "static AioResult CompleteShared(AioHandle handle, AioResult prior, byte data) => prior;";
    private const string Transitions = "[AioTransition(\"Go\", E.A, E.B)] [AioTransition(\"Back\", E.B, E.A)]";

    [Theory]
    [InlineData("global namespace", "[AioTarget(\"t\", CanReopen = false)] partial struct T { public int A; }")]
    [InlineData(
        "block namespaces", "namespace A.B { namespace C { [AioTarget(\"t\", CanReopen = false)] partial struct T { public int X; } } }")]
    [InlineData("keyword names", "namespace @class.@event { [AioTarget(\"t\", CanReopen = false)] public partial struct @struct { "
        + "public int @int; public int @for { get; set; } } }")]
    [InlineData("nested in every kind", "partial class A { internal partial struct B { internal partial interface C { internal partial "
        + "record D { internal partial record struct F { [AioTarget(\"t\", CanReopen = false)] internal partial struct T { public int "
        + "X; } } } } } }")]
    [InlineData("readonly record", "[AioTarget(\"t\", CanReopen = false)] internal readonly partial record struct T(int A, long B);")]
    [InlineData("properties of all kinds", "[AioTarget(\"t\", CanReopen = false)] public partial struct T { private int _a; public int "
        + "A { set => _a = value; } public int B { get; private set; } public int this[int index] => _a; public static int C => 1; "
        + "public int? D; public (int, int) E; }")]
    [InlineData(
        "an obsolete type", "[Obsolete] [AioTarget(\"t\", CanReopen = false)] public partial struct T { [Obsolete(\"x\")] public int A; }")]
    [InlineData("no fields", "[AioTarget(\"t\", CanReopen = false)] public partial struct T { }")]
    [InlineData("own start methods", "[AioTarget(\"t\", CanReopen = false)] public partial struct T { public int A; public void "
        + "StartRead(AioHandle handle, IoFile file, long offsetBytes) { } public void StartRead(AioHandle handle) { } }")]
    [InlineData("several parts", "[AioTarget(\"t\", CanReopen = false)] public partial struct T { public int A; } public partial struct "
        + "T { public int B => A; }")]
    public void ATargetOfAnyShapeCompiles(string shape, string source)
    {
        GeneratorRun run = GeneratorRun.Clean(source);
        Assert.True(run.HintNames.Count() == 2, $"{shape}: {string.Join(", ", run.HintNames)}");
    }

    [Theory]
    [InlineData("internal static partial class C { {0} }")]
    [InlineData("namespace @namespace { public static partial class @default { public {0} } }")]
    [InlineData("partial class A { internal partial record B { [AioCallback(\"c\")] internal static partial class C { private {0} } } }")]
    public void ACallbackOfAnyShapeCompiles(string source)
    {
        string text = source.Replace("{0}", Completion, StringComparison.Ordinal);
        string attributed = text.Contains("[AioCallback", StringComparison.Ordinal) ? text
            : System.Text.RegularExpressions.Regex.Replace(text, "(internal|public) static partial", "[AioCallback(\"c\")] $0");
        Assert.Equal(2, GeneratorRun.Clean(attributed).HintNames.Count());
    }

    [Theory]
    [InlineData("enum E : ulong { A, B }", "[AioStateMachine(typeof(E))] T partial struct M;")]
    [InlineData("public enum E : sbyte { B = 1, A = 0 }", "[AioStateMachine(typeof(E))] T public partial record struct M;")]
    [InlineData("enum E { A, B }", "partial class Outer<X> where X : class { [AioStateMachine(typeof(E))] T private partial struct M<Y> "
        + "where Y : struct; }")]
    [InlineData("enum E { A, B }", "[AioStateMachine(typeof(E))] T ref partial struct M;")]
    [InlineData("", "[AioStateMachine(typeof(M.E))] T2 public partial struct M { private enum E { A, B } }")]
    [InlineData("", "public partial class Outer { internal enum E { A, B } [AioStateMachine(typeof(E))] T public partial struct M; }")]
    public void AMachineOfAnyShapeCompiles(string states, string machine)
    {
        string source = machine.Replace("T2 ", Transitions.Replace("E.", "M.E.", StringComparison.Ordinal) + " ", StringComparison.Ordinal)
            .Replace("T ", Transitions + " ", StringComparison.Ordinal);
        Assert.Single(GeneratorRun.Clean(states + "\n" + source).HintNames);
    }

    [Fact]
    public void AFinalStateMayBeAllowed() => GeneratorRun.Clean(
        "public enum E { A, B } [AioStateMachine(typeof(E), AllowsFinalStates = true)] [AioTransition(\"Go\", E.A, E.B)] public partial "
        + "struct M;");

    [Fact]
    public void TypesThatDifferInCaseOnlyGetFilesThatDifferInMore()
    {
        GeneratorRun run = GeneratorRun.Clean(
            "[AioTarget(\"a\", CanReopen = false)] public partial struct Abc { public int A; }",
            "[AioTarget(\"b\", CanReopen = false)] public partial struct ABC { public int A; }");
        Assert.Equal(3, run.HintNames.Distinct(StringComparer.OrdinalIgnoreCase).Count());
    }

    [Theory]
    [InlineData("My.App", "My.App.MyAppAioModule")]
    [InlineData("my-app.2d", "my_app._2d.my_app_2dAioModule")]
    [InlineData("class", "class.classAioModule")]
    public void TheModuleIsCalledAfterTheAssembly(string assembly, string module)
    {
        GeneratorRun run = GeneratorRun.Any(
            GeneratorRun.CreateCompilation(assembly, ["[AioTarget(\"t\", CanReopen = false)] public partial struct T { public int A; }"]));
        run.AssertCompiles();
        Assert.NotNull(run.Output.GetTypeByMetadataName(module));
    }

    [Fact]
    public void AnAssemblyThatAsksForAModuleGetsOneEvenWithoutTargets() =>
        Assert.Equal(["M.AioModule.g.cs"], GeneratorRun.Clean("[assembly: AioModule(\"M\")]").HintNames);

    [Fact]
    public void AnAssemblyWithMachinesOnlyHasNoModule() =>
        Assert.Equal(["My.App.HandleMachine.AioStateMachine.g.cs"], GeneratorRun.Clean(Sources.HandleMachine).HintNames);

    [Fact]
    public void TheOrderOfFilesDoesNotMatter()
    {
        string[] sources = [Sources.Target, Sources.Callbacks, Sources.HandleMachine, Sources.BranchingMachine];
        Assert.Equal(Texts(GeneratorRun.Clean(sources)), Texts(GeneratorRun.Clean([.. sources.Reverse()])));
    }

    [Theory]
    [InlineData("fi-FI")]
    [InlineData("tr-TR")]
    [InlineData("ar-SA")]
    public void TheCultureOfTheCompilerDoesNotMatter(string name)
    {
        string[] sources = [Sources.Target, Sources.Callbacks, Sources.HandleMachine, Sources.BranchingMachine];
        IEnumerable<string> expected = Texts(GeneratorRun.Clean(sources));
        CultureInfo before = CultureInfo.CurrentCulture;
        try
        {
            CultureInfo hostile = (CultureInfo)CultureInfo.InvariantCulture.Clone();
            if (!AppContext.TryGetSwitch("System.Globalization.Invariant", out bool isInvariant) || !isInvariant)
            {
                hostile = (CultureInfo)new CultureInfo(name).Clone();
            }

            hostile.NumberFormat.NegativeSign = "\u2212";
            CultureInfo.CurrentCulture = hostile;
            Assert.Equal(expected, Texts(GeneratorRun.Clean(sources)));
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    [Fact]
    public void EmittedFilesEndTheirLinesWithALineFeedAlone() => Assert.All(
        Texts(GeneratorRun.Clean(Sources.Target, Sources.Callbacks, Sources.HandleMachine)),
        static text => Assert.DoesNotContain('\r', text));

    /// <summary>The size that the generator reckons is the size that the runtime uses.</summary>
    [Fact]
    public void SizesAreThoseOfTheRuntime()
    {
        const string Structs = """
            using System.Runtime.InteropServices; using System.Runtime.CompilerServices;
            public enum Small : byte { A }
            public struct Empty { }
            public struct Padded { public byte A; public long B; public byte C; }
            public struct Nested { public byte A; public Padded B; public Small C; public Empty D; }
            [StructLayout(LayoutKind.Sequential, Pack = 1)] public struct Packed { public byte A; public long B; }
            [StructLayout(LayoutKind.Sequential, Size = 30)] public struct Sized { public int A; }
            [StructLayout(LayoutKind.Explicit)] public struct Union { [FieldOffset(0)] public long A; [FieldOffset(6)] public int B; }
            [InlineArray(5)] public struct Inline { private short _a; }
            public unsafe struct Fixed { public fixed int A[3]; public byte B; }
            public unsafe struct Pointers { public byte A; public void* B; public delegate*<void> C; public nint D; public nuint E; }
            public struct Framework { public Guid A; public DateTime B; public TimeSpan C; public DateOnly D; }
            public struct More { public int? E; public byte F; public Half G; }
            public struct Wide { public byte A; public Int128 B; }
            public struct Tuple { public (byte, long) A; public char B; public bool C; public decimal D; public DateTimeOffset E; }
            public struct Generic<T> where T : unmanaged { public byte A; public T B; }
            public struct OfGeneric { public Generic<short> A; public Generic<double> B; }
            public struct Ranges { public Range C; public Index D; public TimeOnly E; }
            """;
        GeneratorRun run = GeneratorRun.Clean(Structs);
        System.Reflection.Assembly assembly = run.Load();
        System.Reflection.MethodInfo sizeOf = typeof(Unsafe).GetMethod("SizeOf")!;
        SyntaxTree tree = run.Output.SyntaxTrees.First();
        SemanticModel model = run.Output.GetSemanticModel(tree);
        foreach (StructDeclarationSyntax declaration in tree.GetRoot().DescendantNodes().OfType<StructDeclarationSyntax>().Where(
            static node => node.Arity == 0))
        {
            INamedTypeSymbol symbol = (INamedTypeSymbol)model.GetDeclaredSymbol(declaration)!;
            int expected = (int)sizeOf.MakeGenericMethod(assembly.GetType(symbol.Name)!).Invoke(null, null)!;
            Assert.Equal((symbol.Name, expected), (symbol.Name, LayoutCalculator.SizeBytes(symbol)));
        }
    }

    private static IEnumerable<string> Texts(GeneratorRun run) => run.HintNames.Order(StringComparer.Ordinal).Select(run.Source).ToArray();
}
