using Microsoft.CodeAnalysis.CSharp;

namespace Sluice.Generators.Tests;

/// <summary>Every mistake that is reported. The targets' and callbacks' part.</summary>
internal static partial class DiagnosticCases
{
    private const string GoodReopen =
        "public static IoFile Reopen(in T target, IoFileSystem fileSystem) => throw new NotSupportedException();";

    private const string GoodCompletion =
        "public static AioResult CompleteShared(AioHandle handle, AioResult prior, byte data) => prior;";

    private static IEnumerable<DiagnosticCase> Targets =>
    [
        new("AIO001", "target is not partial",
            "[AioTarget(\"t\", CanReopen = false)] public struct [|T|] { public int A; }",
            "The target 'T' must be declared partial, so that its other part can be generated"),
        new("AIO001", "callback is not partial",
            $"[AioCallback(\"c\")] public static class [|C|] {{ {GoodCompletion} }}",
            "The callback 'C' must be declared partial, so that its other part can be generated"),
        new("AIO001", "machine is not partial",
            "public enum E { A, B } [AioStateMachine(typeof(E))] [AioTransition(\"Go\", E.A, E.B)] [AioTransition(\"Back\", E.B, E.A)] "
            + "public struct [|M|];",
            "The state machine 'M' must be declared partial, so that its other part can be generated"),
        new("AIO002", "containing type is not partial",
            "public class [|Outer|] { public partial class Middle { [AioTarget(\"t\", CanReopen = false)] public partial struct T { "
            + "public int A; } } }",
            "The type 'Outer' contains the target 'T' and must be declared partial too"),
        new("AIO003", "target holds a reference",
            "[AioTarget(\"t\", CanReopen = false)] public partial struct T { public int A; public string [|B|]; public object? [|C|] { "
            + "get; set; } }",
            "The target 'T' cannot live in a handle: 'B' is or holds a managed reference; use unmanaged types only (numbers, enums, "
            + "structs of these)",
            "The target 'T' cannot live in a handle: 'C' is or holds a managed reference; use unmanaged types only (numbers, enums, "
            + "structs of these)"),
        new("AIO003", "target is a ref struct",
            "[AioTarget(\"t\", CanReopen = false)] public ref partial struct [|T|] { public int A; }",
            "The target 'T' cannot live in a handle: it is a ref struct; use unmanaged types only (numbers, enums, structs of these)"),
        new("AIO004", "target is too large",
            "[AioTarget(\"t\", CanReopen = false)] public unsafe partial struct [|T|] { public byte A; public long B; public fixed byte "
            + "C[25]; }",
            "The target 'T' takes 48 bytes and a handle has room for 40; keep an identity in it and look the rest up"),
        new("AIO005", "two targets of one name",
            "[AioTarget([|\"t\"|], CanReopen = false)] public partial struct B { public int X; } [AioTarget(\"t\", CanReopen = false)] "
            + "public partial struct A { public int X; }",
            "The target name \"t\" is already used by 'A'; names are unique in an assembly"),
        new("AIO006", "two callbacks of one name",
            $"[AioCallback(\"c\")] public static partial class A {{ {GoodCompletion} }} [AioCallback(name: [|\"c\"|])] public static "
            + $"partial class B {{ {GoodCompletion} }}",
            "The callback name \"c\" is already used by 'A'; names are unique in an assembly"),
        new("AIO007", "callback without completion",
            "[AioCallback(\"c\")] public static partial class [|C|] { public static void Stage(AioHandle handle, byte data) { } }",
            "The callback 'C' declares no completion; declare 'static AioResult CompleteShared(AioHandle handle, AioResult prior, byte "
            + "data)' or 'static AioResult CompleteLocal(AioHandle handle, AioResult prior, byte data)'"),
        new("AIO008", "wrong signatures in a callback",
            """
            [AioCallback("c")]
            public static partial class C
            {
                public static int [|Stage|](AioHandle handle) => 0;
                public static AioResult [|CompleteShared|](AioHandle handle, in AioResult prior, byte data) => prior;
                public static AioResult [|CompleteLocal|](AioHandle handle, AioResult prior, int data) => prior;
                public static string [|Report|] => "";
            }
            """,
            "'static int Stage(AioHandle handle)' is not what a callback is called by; declare it as 'static void Stage(AioHandle "
            + "handle, byte data)'",
            "'static AioResult CompleteShared(AioHandle handle, in AioResult prior, byte data)' is not what a callback is called by; "
            + "declare it as 'static AioResult CompleteShared(AioHandle handle, AioResult prior, byte data)'",
            "'static AioResult CompleteLocal(AioHandle handle, AioResult prior, int data)' is not what a callback is called by; declare "
            + "it as 'static AioResult CompleteLocal(AioHandle handle, AioResult prior, byte data)'",
            "'Report' is not what a callback is called by; declare it as 'static string Report(AioResult result, AioTargetData target)'"),
        new("AIO009", "wrong signatures in a target",
            """
            [AioTarget("t")]
            public partial struct T
            {
                public int A;
                public string [|Describe|]() => "";
                public static IoFile [|Reopen|](T target) => throw new NotSupportedException();
            }
            """,
            "'string Describe()' is not what a target is called by; declare it as 'static string Describe(in T target)'",
            "'static IoFile Reopen(T target)' is not what a target is called by; declare it as 'static IoFile Reopen(in T target, "
            + "IoFileSystem fileSystem)'"),
        new("AIO010", "callback class is not static",
            $"[AioCallback(\"c\")] public sealed partial class [|C|] {{ {GoodCompletion} }}",
            "The callback 'C' must be a static class: callbacks are called by id and have no instance"),
        new("AIO011", "five callbacks",
            "[AioTarget(\"t\", CanReopen = false, Callbacks = [|[typeof(A), typeof(B), typeof(C), typeof(D), typeof(E)]|])] public "
            + "partial struct T { public int X; }"
            + string.Concat(
                "ABCDE".Select(static name => $"[AioCallback(\"{name}\")] public static partial class {name} {{ {GoodCompletion} }} ")),
            "The target 'T' lists 5 callbacks and a handle holds 4"),
        new("AIO012", "a listed type is no callback",
            "[AioTarget(\"t\", CanReopen = false, Callbacks = new[] { typeof([|T|]), typeof([|string|]) })] public partial struct T { "
            + "public int X; }",
            "'T' is not a callback; only classes marked [AioCallback] may be listed",
            "'string' is not a callback; only classes marked [AioCallback] may be listed"),
        new("AIO013", "a callback is listed twice",
            $"[AioTarget(\"t\", CanReopen = false, Callbacks = [typeof(C), typeof([|C|])])] public partial struct T {{ public int X; }} "
            + $"[AioCallback(\"c\")] public static partial class C {{ {GoodCompletion} }}",
            "The callback 'C' is listed twice and would run twice for each I/O"),
        new("AIO014", "Reopen is missing",
            "[AioTarget(\"t\")] public partial struct [|T|] { public int X; }",
            "The target 'T' must declare 'static IoFile Reopen(in T target, IoFileSystem fileSystem)', or say CanReopen = false"),
        new("AIO015", "Reopen is never called",
            $"[AioTarget(\"t\", CanReopen = false)] public partial struct T {{ public int X; "
            + $"{GoodReopen.Replace("Reopen", "[|Reopen|]", StringComparison.Ordinal)} }}",
            "The target 'T' says CanReopen = false, so its Reopen is never called; remove one of the two"),
        new("AIO016", "empty names",
            $"[AioTarget([|\" \"|], CanReopen = false)] public partial struct T {{ public int X; }} [AioCallback([|\"\"|])] public "
            + $"static partial class C {{ {GoodCompletion} }}",
            "The target 'T' needs a name: it is what errors and snapshots show",
            "The callback 'C' needs a name: it is what errors and snapshots show"),
        new("AIO017", "generic types",
            $"[AioTarget(\"t\", CanReopen = false)] public partial struct [|T|]<X> where X : unmanaged {{ public X Value; }} public "
            + $"static partial class Outer<X> {{ [AioCallback(\"c\")] public static partial class [|C|] {{ {GoodCompletion} }} }}",
            "The target 'T' is generic or stands in a generic type; each kind has one id, so it must be one type",
            "The callback 'C' is generic or stands in a generic type; each kind has one id, so it must be one type"),
        new("AIO018", "private and file-local types",
            $"public partial class Outer {{ [AioTarget(\"t\", CanReopen = false)] private partial struct [|T|] {{ public int X; }} }} "
            + $"[AioCallback(\"c\")] file static partial class [|C|] {{ {GoodCompletion} }}",
            "The target 'T' is private or protected, or stands in such a type; the module class that registers it must see it, so make "
            + "it internal or public",
            "The callback 'C' is local to its file; the module class that registers it must see it, so make it internal or public"),
        new("AIO019", "more targets than ids",
            string.Concat(Enumerable.Range(0, 255).Select(static index =>
                $"[AioTarget({(index == 254 ? "[|\"254\"|]" : $"\"{index}\"")}, CanReopen = false)] public partial struct T{index:D3} "
                + $"{{ public int X; }}\n")),
            "The assembly declares 255 targets and ids have room for 254"),
        new("AIO020", "asynchronous callbacks",
            """
            using System.Threading.Tasks;
            [AioCallback("c")]
            public static partial class C
            {
                public static async void [|Stage|](AioHandle handle, byte data) => await Task.Yield();
                public static Task<AioResult> [|CompleteShared|](AioHandle handle, AioResult prior, byte data) => Task.FromResult(prior);
            }
            """,
            "'static async void Stage(AioHandle handle, byte data)' is asynchronous, but a callback has done its work when it returns; "
            + "declare it as 'static void Stage(AioHandle handle, byte data)'",
            "'static Task<AioResult> CompleteShared(AioHandle handle, AioResult prior, byte data)' is asynchronous, but a callback has "
            + "done its work when it returns; declare it as 'static AioResult CompleteShared(AioHandle handle, AioResult prior, byte "
            + "data)'"),
        new("AIO021", "module name is not a name",
            "[assembly: AioModule([|\"My App\"|])]",
            "The module name \"My App\" cannot be used: it is not a namespace and a class name, such as My.App.MyModule"),
        new("AIO021", "module name is taken",
            "[assembly: AioModule([|\"My.Module\"|])] namespace My { public class Module { } }",
            "The module name \"My.Module\" cannot be used: the assembly has a type of that name"),
        new("AIO022", "members with generated names",
            $"[AioTarget(\"t\", CanReopen = false)] public partial struct T {{ public int X; public static int [|TargetId|]; public int "
            + $"[|StartRead|] => 1; private static void [|AttachTo|]() {{ }} }} [AioCallback(\"c\")] public static partial class C {{ "
            + $"{GoodCompletion} public static int [|Id|] => 1; public class [|AioDispatch|]; }}",
            "The target 'T' declares 'TargetId', which is the name of a generated member; rename it",
            "The target 'T' declares 'StartRead', which is the name of a generated member; rename it",
            "The target 'T' declares 'AttachTo', which is the name of a generated member; rename it",
            "The callback 'C' declares 'Id', which is the name of a generated member; rename it",
            "The callback 'C' declares 'AioDispatch', which is the name of a generated member; rename it"),
        new("AIO039", "a shared completion blocks",
            """
            using System.Threading;
            using System.Threading.Tasks;
            [AioCallback("c")]
            public static partial class C
            {
                private static readonly object s_gate = new();
                public static AioResult CompleteShared(AioHandle handle, AioResult prior, byte data)
                {
                    lock (s_gate) { }
                    [|Thread.Sleep(1)|];
                    return [|Task.FromResult(prior).Result|];
                }
                public static AioResult CompleteLocal(AioHandle handle, AioResult prior, byte data)
                {
                    Thread.Sleep(1);
                    return prior;
                }
            }
            """,
            "'Thread.Sleep' blocks, and the shared completion of 'C' runs on whichever thread reaps: every other I/O would wait for it",
            "'Task.Result' blocks, and the shared completion of 'C' runs on whichever thread reaps: every other I/O would wait for it"),
        new("AIO040", "an old version of C#",
            "[AioTarget(\"t\", CanReopen = false)] public partial struct [|T|] { public int X; }",
            "The target 'T' needs C# 12.0 or later; this project uses C# 11.0") { Version = LanguageVersion.CSharp11 },
    ];
}
