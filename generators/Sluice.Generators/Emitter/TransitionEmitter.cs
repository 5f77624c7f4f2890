using Sluice.Generators.Helpers;
using Sluice.Generators.Model;

namespace Sluice.Generators.Emitter;

/// <summary>Prints the methods of the transitions of one name.</summary>
internal static class TransitionEmitter
{
    private const string Exception = "global::System.InvalidOperationException";
    private const string CompareExchange = "global::System.Threading.Interlocked.CompareExchange";
    private const string VolatileRead = "global::System.Threading.Volatile.Read";
    private const string VolatileWrite = "global::System.Threading.Volatile.Write";

    public static void Emit(CodeWriter writer, StateMachineModel machine, string name, TransitionModel[] transitions)
    {
        if (!transitions[0].IsCompareExchange)
        {
            EmitReleaseStore(writer, machine, name, transitions);
        }
        else if (transitions.Length == 1)
        {
            EmitSingleCompareExchange(writer, machine, name, transitions[0]);
        }
        else
        {
            EmitMultipleCompareExchange(writer, machine, name, transitions);
        }
    }

    private static void EmitReleaseStore(CodeWriter writer, StateMachineModel machine, string name, TransitionModel[] transitions)
    {
        string field = StateMachineEmitter.Field(machine);
        writer.Line("/// <summary>");
        writer.Line($"/// {Moves(machine, transitions)}, publishing everything written before. One thread at a time may attempt it.");
        writer.Line("/// </summary>");
        writer.Line($"/// <exception cref=\"{Exception}\">The machine is in no state that {Text.Xml(name)} leaves.</exception>");
        writer.Line(SourceFile.GeneratedCode);
        writer.Line(SourceFile.AggressiveInlining);
        writer.Open($"public void {Text.Escape(name)}()");
        if (transitions.Select(static transition => transition.To).Distinct().Count() == 1)
        {
            writer.Open(transitions.Length == 1
                ? $"if ({field} != {Constant(machine, transitions[0].From)})"
                : $"if (((0x{Mask(transitions):X8}u >> {field}) & 1) == 0)");
            EmitRefusal(writer, machine, name, field, transitions);
            writer.Close();
            writer.Line();
            writer.Line($"{VolatileWrite}(ref {field}, {Constant(machine, transitions[0].To)});");
        }
        else
        {
            EmitNext(writer, machine, transitions, field);
            writer.Open("if (next < 0)");
            EmitRefusal(writer, machine, name, field, transitions);
            writer.Close();
            writer.Line();
            writer.Line($"{VolatileWrite}(ref {field}, next);");
        }

        writer.Close();
    }

    private static void EmitSingleCompareExchange(CodeWriter writer, StateMachineModel machine, string name, TransitionModel transition)
    {
        string field = StateMachineEmitter.Field(machine);
        string exchange = $"{CompareExchange}(ref {field}, {Constant(machine, transition.To)}, {Constant(machine, transition.From)})";
        EmitTryHeader(writer, machine, name, [transition]);
        writer.Line(SourceFile.AggressiveInlining);
        writer.Line($"public bool Try{name}() =>");
        writer.Indent();
        writer.Line($"{exchange} == {Constant(machine, transition.From)};");
        writer.Unindent();
        writer.Line();
        EmitMustHeader(writer, machine, name, [transition]);
        writer.Line(SourceFile.AggressiveInlining);
        writer.Open($"public void {Text.Escape(name)}()");
        writer.Line($"int seen = {exchange};");
        writer.Open($"if (seen != {Constant(machine, transition.From)})");
        EmitRefusal(writer, machine, name, "seen", [transition]);
        writer.Close();
        writer.Close();
    }

    private static void EmitMultipleCompareExchange(
        CodeWriter writer, StateMachineModel machine, string name, TransitionModel[] transitions)
    {
        EmitTryHeader(writer, machine, name, transitions);
        writer.Line($"public bool Try{name}() => Try{name}(out _);");
        writer.Line();
        EmitMustHeader(writer, machine, name, transitions);
        writer.Open($"public void {Text.Escape(name)}()");
        writer.Open($"if (!Try{name}(out int seen))");
        EmitRefusal(writer, machine, name, "seen", transitions);
        writer.Close();
        writer.Close();
        writer.Line();

        string field = StateMachineEmitter.Field(machine);
        writer.Line(SourceFile.GeneratedCode);
        writer.Open($"private bool Try{name}(out int seen)");
        writer.Line($"seen = {VolatileRead}(ref {field});");
        writer.Open("while (true)");
        EmitNext(writer, machine, transitions, "seen");
        writer.Open("if (next < 0)");
        writer.Line("return false;");
        writer.Close();
        writer.Line();
        writer.Line($"int found = {CompareExchange}(ref {field}, next, seen);");
        writer.Open("if (found == seen)");
        writer.Line("return true;");
        writer.Close();
        writer.Line();
        writer.Line("// Another thread was first; from where it went there may be a way as well.");
        writer.Line("seen = found;");
        writer.Close();
        writer.Close();
    }

    private static void EmitTryHeader(CodeWriter writer, StateMachineModel machine, string name, TransitionModel[] transitions)
    {
        writer.Line($"/// <summary>{Moves(machine, transitions)} if no other thread is first. A full fence.</summary>");
        writer.Line(
            $"/// <returns>Whether this thread won; false also when the machine is in no state that {Text.Xml(name)} leaves.</returns>");
        writer.Line(SourceFile.GeneratedCode);
    }

    private static void EmitMustHeader(CodeWriter writer, StateMachineModel machine, string name, TransitionModel[] transitions)
    {
        writer.Line($"/// <summary>{Moves(machine, transitions)}; no other thread may be first. A full fence.</summary>");
        writer.Line($"/// <exception cref=\"{Exception}\">");
        writer.Line($"/// The machine is in no state that {Text.Xml(name)} leaves, or another thread was first.");
        writer.Line("/// </exception>");
        writer.Line(SourceFile.GeneratedCode);
    }

    /// <summary>Declares <c>next</c>: the state entered from the one in <paramref name="state"/>, or -1.</summary>
    private static void EmitNext(CodeWriter writer, StateMachineModel machine, TransitionModel[] transitions, string state)
    {
        writer.Line($"int next = {state} switch");
        writer.OpenBrace();
        foreach (TransitionModel transition in transitions)
        {
            writer.Line($"{Constant(machine, transition.From)} => {Constant(machine, transition.To)},");
        }

        writer.Line("_ => -1,");
        writer.Close(";");
    }

    private static void EmitRefusal(CodeWriter writer, StateMachineModel machine, string name, string state, TransitionModel[] transitions)
    {
        string sources = string.Join(", ", transitions.Select(transition => Plain(machine, transition.From)).Distinct());
        writer.Line(machine.TakenMembers.Contains(Names.Refuse)
            ? $"throw new {Exception}();"
            : $"{Names.Refuse}({Text.Literal(name)}, {state}, {Text.Literal(sources)});");
    }

    /// <summary>"Moves A or B to C, D to E".</summary>
    private static string Moves(StateMachineModel machine, TransitionModel[] transitions)
    {
        IEnumerable<string> moves = transitions.GroupBy(static transition => transition.To).Select(group =>
            $"{string.Join(" or ", group.Select(transition => Plain(machine, transition.From)))} to {Plain(machine, group.Key)}");
        return Text.Xml($"Moves {string.Join(", ", moves)}");
    }

    private static uint Mask(TransitionModel[] transitions) =>
        transitions.Aggregate(0u, static (mask, transition) => mask | (1u << transition.From));

    private static string Constant(StateMachineModel machine, int state) => $"(int){machine.StatesReference}.{machine.States[state]}";

    private static string Plain(StateMachineModel machine, int state) => machine.States[state].TrimStart('@');
}
