using Microsoft.CodeAnalysis.Text;
using Sluice.Generators.Helpers;
using Sluice.Generators.Model;

namespace Sluice.Generators.Emitter;

/// <summary>Prints the other part of an <c>[AioStateMachine]</c> struct.</summary>
internal static class StateMachineEmitter
{
    private const string Ordering = "global::Sluice.AioTransitionOrdering";

    public static SourceText Emit(StateMachineModel machine)
    {
        CodeWriter writer = SourceFile.Begin();
        int depth = SourceFile.OpenType(writer, machine.Type);
        if (machine.IsStub)
        {
            EmitStub(writer, machine);
        }
        else
        {
            EmitMachine(writer, machine);
        }

        SourceFile.Close(writer, depth);
        return writer.ToSourceText();
    }

    /// <summary>The field that holds the state, which keeps clear of a field of the user's.</summary>
    public static string Field(StateMachineModel machine) =>
        machine.TakenMembers.Contains(Names.StateField) ? "_generatedState" : Names.StateField;

    private static void EmitMachine(CodeWriter writer, StateMachineModel machine)
    {
        string states = machine.StatesReference;
        writer.Line(SourceFile.GeneratedCode);
        writer.Line($"private int {Field(machine)};");
        writer.Line();
        EmitValue(writer, machine, states);
        foreach (IGrouping<string, TransitionModel> group in machine.Transitions.GroupBy(static transition => transition.Name))
        {
            writer.Line();
            TransitionEmitter.Emit(writer, machine, group.Key, [.. group]);
        }

        EmitIsLegal(writer, machine, states);
        EmitTransitions(writer, machine, states);
        EmitDiagram(writer, machine);
        EmitRefuse(writer, machine, states);
    }

    private static void EmitValue(CodeWriter writer, StateMachineModel machine, string states)
    {
        if (machine.TakenMembers.Contains(Names.Value))
        {
            return;
        }

        writer.Line(
            "/// <summary>The current state, read with acquire semantics: what was written before it was entered is visible.</summary>");
        writer.Line(SourceFile.GeneratedCode);
        writer.Open($"{machine.StatesAccess} readonly {states} {Names.Value}");
        writer.Line(SourceFile.AggressiveInlining);
        writer.Line($"get => unchecked(({states})global::System.Threading.Volatile.Read(in {Field(machine)}));");
        writer.Close();
    }

    private static void EmitIsLegal(CodeWriter writer, StateMachineModel machine, string states)
    {
        if (machine.TakenMembers.Contains(Names.IsLegal))
        {
            return;
        }

        writer.Line();
        writer.Line("/// <summary>Whether any transition leads from one state to the other.</summary>");
        writer.Line("/// <param name=\"from\">The state to leave.</param>");
        writer.Line("/// <param name=\"to\">The state to enter.</param>");
        writer.Line(SourceFile.GeneratedCode);
        writer.Open($"{machine.StatesAccess} static bool {Names.IsLegal}({states} from, {states} to)");
        writer.Line("// One word for each state left, one bit for each state entered.");
        writer.Line("global::System.ReadOnlySpan<uint> legal = new uint[]");
        writer.OpenBrace();
        for (int state = 0; state < machine.States.Count; state++)
        {
            uint mask = 0;
            foreach (TransitionModel transition in machine.Transitions.Where(transition => transition.From == state))
            {
                mask |= 1u << transition.To;
            }

            writer.Line($"0x{mask:X8}, // {machine.States[state]}");
        }

        writer.Close(";");
        writer.Line("ulong fromIndex = unchecked((ulong)from);");
        writer.Line("ulong toIndex = unchecked((ulong)to);");
        string count = machine.States.Count.ToString(System.Globalization.CultureInfo.InvariantCulture);
        writer.Line($"return fromIndex < {count} && toIndex < {count} && ((legal[(int)fromIndex] >> (int)toIndex) & 1) != 0;");
        writer.Close();
    }

    private static void EmitTransitions(CodeWriter writer, StateMachineModel machine, string states)
    {
        if (machine.TakenMembers.Contains(Names.Transitions) || machine.TakenMembers.Contains(Names.TransitionTable))
        {
            return;
        }

        string row = $"(string Name, {states} From, {states} To, {Ordering} Ordering)";
        writer.Line();
        writer.Line("/// <summary>Every legal transition, ordered by the state it leaves, the state it enters and its name.</summary>");
        writer.Line(SourceFile.GeneratedCode);
        writer.Line(
            $"{machine.StatesAccess} static global::System.ReadOnlySpan<{row}> {Names.Transitions} => {Names.TransitionTable}.Rows;");
        writer.Line();
        writer.Line(SourceFile.GeneratedCode);
        writer.Open($"private static class {Names.TransitionTable}");
        writer.Line($"public static readonly {row}[] Rows =");
        writer.OpenBrace();
        foreach (TransitionModel transition in machine.Transitions)
        {
            string ordering = transition.IsCompareExchange ? "CompareExchange" : "ReleaseStore";
            string from = $"{states}.{machine.States[transition.From]}";
            string to = $"{states}.{machine.States[transition.To]}";
            writer.Line($"({Text.Literal(transition.Name)}, {from}, {to}, {Ordering}.{ordering}),");
        }

        writer.Close(";");
        writer.Close();
    }

    private static void EmitDiagram(CodeWriter writer, StateMachineModel machine)
    {
        if (machine.TakenMembers.Contains(Names.Diagram))
        {
            return;
        }

        List<string> lines = ["stateDiagram-v2", $"    [*] --> {Plain(machine.States[0])}"];
        foreach (TransitionModel transition in machine.Transitions)
        {
            lines.Add($"    {Plain(machine.States[transition.From])} --> {Plain(machine.States[transition.To])} : {transition.Name}");
        }

        for (int state = 0; state < machine.States.Count; state++)
        {
            if (!machine.Transitions.Any(transition => transition.From == state && transition.To != state))
            {
                lines.Add($"    {Plain(machine.States[state])} --> [*]");
            }
        }

        writer.Line();
        writer.Line("/// <summary>The machine as a Mermaid diagram.</summary>");
        writer.Line(SourceFile.GeneratedCode);
        writer.Line($"public const string {Names.Diagram} =");
        writer.Indent();
        for (int index = 0; index < lines.Count; index++)
        {
            writer.Line(Text.Literal(lines[index] + "\n") + (index == lines.Count - 1 ? ";" : " +"));
        }

        writer.Unindent();
    }

    private static void EmitRefuse(CodeWriter writer, StateMachineModel machine, string states)
    {
        if (machine.TakenMembers.Contains(Names.Refuse) || machine.Transitions.Count == 0)
        {
            return;
        }

        writer.Line();
        writer.Line(SourceFile.GeneratedCode);
        writer.Line("[global::System.Diagnostics.CodeAnalysis.DoesNotReturn]");
        writer.Line(SourceFile.NoInlining);
        writer.Line($"private static void {Names.Refuse}(string transition, int state, string sources) =>");
        writer.Indent();
        writer.Line("throw new global::System.InvalidOperationException(");
        writer.Indent();
        string begin = Text.Literal($"{machine.Type.Name} refuses ");
        string current = $"unchecked(({states})state).ToString()";
        writer.Line($"{begin} + transition + \" in state \" + {current} + \"; it is legal in \" + sources + \".\");");
        writer.Unindent();
        writer.Unindent();
    }

    /// <summary>The names that user code calls, when the states cannot be used: it compiles, and the reported error stands alone.</summary>
    private static void EmitStub(CodeWriter writer, StateMachineModel machine)
    {
        string message = Text.Literal($"{machine.Type.FullName} cannot be a state machine; the compiler's errors say why.");
        string refusal = $"throw new global::System.NotSupportedException({message});";
        if (machine.StatesReference.Length > 0 && !machine.TakenMembers.Contains(Names.Value))
        {
            writer.Line("/// <summary>Not available: see the compiler's errors.</summary>");
            writer.Line($"{machine.StatesAccess} readonly {machine.StatesReference} {Names.Value} => {refusal}");
            writer.Line();
        }

        foreach (IGrouping<string, TransitionModel> group in machine.Transitions.GroupBy(static transition => transition.Name))
        {
            writer.Line("/// <summary>Not available: see the compiler's errors.</summary>");
            writer.Line($"public void {Text.Escape(group.Key)}() => {refusal}");
            writer.Line();
            if (group.Any(static transition => transition.IsCompareExchange))
            {
                writer.Line("/// <summary>Not available: see the compiler's errors.</summary>");
                writer.Line($"public bool Try{group.Key}() => {refusal}");
                writer.Line();
            }
        }
    }

    private static string Plain(string escaped) => escaped.TrimStart('@');
}
