namespace Sluice.Generators.Tests;

/// <content>The state machines' part, and all together.</content>
internal static partial class DiagnosticCases
{
    public static IEnumerable<DiagnosticCase> All => Targets.Concat(Machines).Concat(LogRecords);

    private static IEnumerable<DiagnosticCase> Machines =>
    [
        new("AIO022", "a machine's member has a generated name",
            Machine("private static int [|Value|]; private int [|_state|]() => 0;"),
            "The state machine 'M' declares 'Value', which is the name of a generated member; rename it",
            "The state machine 'M' declares '_state', which is the name of a generated member; rename it"),
        new("AIO023", "the states are no enum",
            "[AioStateMachine([|typeof(int)|])] [AioTransition(\"Go\", 0, 1)] public partial struct M;",
            "The states of 'M' must be an enum that is not generic and that the machine can see"),
        new("AIO024", "the states have a gap",
            "public enum E { A, B = 2 } [AioStateMachine([|typeof(E)|])] [AioTransition(\"Go\", E.A, E.B)] public partial struct M; "
            + "class User { void Use(ref M m) { m.Go(); _ = m.Value; } }",
            "The states of 'M' must be 0, 1, 2, … without gap or double: 'B' is 2 where 1 is expected"),
        new("AIO024", "two states have one value",
            "public enum E { A, B, C = 1 } [AioStateMachine([|typeof(E)|])] [AioTransition(\"Go\", E.A, E.B)] public partial struct M;",
            "The states of 'M' must be 0, 1, 2, … without gap or double: 'C' is 1 where 2 is expected"),
        new("AIO024", "there are no states",
            "public enum E { } [AioStateMachine([|typeof(E)|])] [AioTransition(\"Go\", (E)0, (E)0)] public partial struct M;",
            "The states of 'M' must be 0, 1, 2, … without gap or double: the enum has no members"),
        new("AIO025", "33 states",
            $"public enum E {{ {string.Join(", ", Enumerable.Range(0, 33).Select(static index => $"S{index}"))} }} "
            + $"[AioStateMachine([|typeof(E)|])] [AioTransition(\"Go\", E.S0, E.S1)] public partial struct M;",
            "The enum 'E' has 33 members and a machine has room for 32 states"),
        new("AIO026", "no transitions",
            "public enum E { A, B } [AioStateMachine(typeof(E))] public partial struct [|M|];",
            "The state machine 'M' declares no transition; add [AioTransition(name, from, to)]"),
        new("AIO027", "not a state",
            Machine("", """
                [AioTransition("X", [|(E)9|], E.B)] [AioTransition("Y", E.A, [|1|])] [AioTransition("Z", to: E.A, from: [|null!|])]
                """),
            "9 is not a member of 'E', the states of 'M'",
            "1 is not a member of 'E', the states of 'M'",
            "null is not a member of 'E', the states of 'M'"),
        new("AIO028", "one name, two orderings",
            Machine("", """[AioTransition("Go", E.B, E.B, Ordering = [|AioTransitionOrdering.CompareExchange|])]"""),
            "The transition 'Go' is declared with different orderings; all of one name must agree"),
        new("AIO029", "names that are no identifiers",
            Machine("", """[AioTransition([|"hand out"|], E.A, E.B)] [AioTransition([|""|], E.A, E.B)]"""),
            "\"hand out\" cannot be the name of a method; name the transition by a verb such as Submit",
            "\"\" cannot be the name of a method; name the transition by a verb such as Submit"),
        new("AIO030", "names that are taken",
            Machine("public static void Mine() { }", """
                [AioTransition([|"Value"|], E.A, E.B)] [AioTransition([|"Mine"|], E.A, E.B)] [AioTransition([|"GetType"|], E.A, E.B)]
                [AioTransition("Jump", E.A, E.B, Ordering = AioTransitionOrdering.CompareExchange)] [AioTransition([|"TryJump"|], E.A, E.B)]
                """),
            "The transition 'Value' would emit 'Value', which 'M' already has; choose another name",
            "The transition 'Mine' would emit 'Mine', which 'M' already has; choose another name",
            "The transition 'GetType' would emit 'GetType', which 'M' already has; choose another name",
            "The transition 'TryJump' would emit 'TryJump', which 'M' already has; choose another name"),
        new("AIO031", "a transition is declared twice",
            Machine("", """[AioTransition([|"Go"|], E.A, E.B)]"""),
            "The transition 'Go' from A to B is declared twice"),
        new("AIO032", "one name leads to two states",
            Machine("", """[AioTransition("Go", [|E.A|], E.A)]"""),
            "The transition 'Go' leads from A to both B and A; give the second one a name of its own"),
        new("AIO033", "a state is unreachable",
            "public enum E { A, B, C } [AioStateMachine([|typeof(E)|])] [AioTransition(\"Go\", E.A, E.B)] [AioTransition(\"Back\", E.B, "
            + "E.A)] [AioTransition(\"Out\", E.C, E.A)] public partial struct M;",
            "No transition leads from the first state to C of 'M'"),
        new("AIO034", "a state is a dead end",
            "public enum E { A, B, C } [AioStateMachine([|typeof(E)|])] [AioTransition(\"Go\", E.A, E.B)] [AioTransition(\"Go\", E.B, "
            + "E.C)] [AioTransition(\"Stay\", E.C, E.C)] public partial struct M;",
            "No transition leaves C of 'M'; add one, or say AllowsFinalStates = true"),
        new("AIO035", "a readonly machine",
            "public enum E { A, B } [AioStateMachine(typeof(E))] [AioTransition(\"Go\", E.A, E.B)] [AioTransition(\"Back\", E.B, E.A)] "
            + "public readonly partial struct [|M|];",
            "The state machine 'M' must not be a readonly struct: its state changes"),
        new("AIO036", "a machine with fields",
            Machine("public int [|Count|]; public string? [|Name|] { get; set; }"),
            "The state machine 'M' declares the field 'Count'; keep it beside the machine, whose only field is the state",
            "The state machine 'M' declares the field 'Name'; keep it beside the machine, whose only field is the state")
        {
            CompilerErrors = ["CS0282"],
        },
        new("AIO037", "transitions without a machine",
            "public enum E { A, B } [AioTransition(\"Go\", E.A, E.B)] public partial struct [|M|];",
            "'M' declares transitions and is not marked [AioStateMachine]"),
        new("AIO038", "a machine is copied",
            Machine("") + """

            public class User
            {
                private readonly M [|_fixed|];
                private M _good;
                public M [|Property|] { get; set; }
                public ref M Reference => ref _good;
                public static void Use(M [|byValue|], in M [|byIn|], ref M byRef)
                {
                    M [|copy|] = byRef;
                    ref M same = ref byRef;
                    M fresh = default;
                    copy.Go(); same.Go(); fresh.Go(); byValue.Go();
                }
                public E Read() => _fixed.Value;
            }
            """,
            "'_fixed' makes a copy of the state machine 'M', and a transition of a copy is lost; remove readonly from the field",
            "'Property' makes a copy of the state machine 'M', and a transition of a copy is lost; keep it in a field, or return it by ref",
            "'byValue' makes a copy of the state machine 'M', and a transition of a copy is lost; pass it by ref",
            "'byIn' makes a copy of the state machine 'M', and a transition of a copy is lost; pass it by ref",
            "'copy' makes a copy of the state machine 'M', and a transition of a copy is lost; use a ref local"),
    ];

    /// <summary>A right machine of two states with other members and transitions added.</summary>
    private static string Machine(string members, string transitions = "") =>
        "public enum E { A, B } [AioStateMachine(typeof(E))] [AioTransition(\"Go\", E.A, E.B)] [AioTransition(\"Back\", E.B, E.A)] "
        + $"{transitions} public partial struct M {{ {members} }}";
}
