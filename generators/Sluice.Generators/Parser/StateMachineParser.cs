using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Sluice.Generators.Diagnostics;
using Sluice.Generators.Helpers;
using Sluice.Generators.Model;

namespace Sluice.Generators.Parser;

/// <summary>Reads an <c>[AioStateMachine]</c> struct.</summary>
internal static class StateMachineParser
{
    private const string Kind = "state machine";

    private static readonly string[] s_emittedMembers =
    [
        Names.StateField, Names.Value, Names.IsLegal, Names.Transitions, Names.Diagram, Names.Refuse, Names.TransitionTable,
    ];

    public static ParseResult<StateMachineModel>? Parse(GeneratorAttributeSyntaxContext context, CancellationToken cancellationToken)
    {
        if (AttributedType.Read(context, Names.StateMachineAttribute, "states", Kind, cancellationToken) is not { } read) return null;
        (INamedTypeSymbol symbol, TypeDeclarationSyntax declaration, DiagnosticBag diagnostics) = read;
        Location statesLocation = read.ArgumentLocation;
        TypeModel? type = read.ReadType();
        if (symbol.IsReadOnly)
        {
            diagnostics.Report(DiagnosticDescriptors.ReadOnlyMachine, declaration.Identifier.GetLocation(), symbol.Name);
            type = null;
        }

        INamedTypeSymbol? states = ReadStates(read.Attribute, symbol, context.SemanticModel.Compilation, statesLocation, diagnostics);
        List<string> names = states is null ? [] : ReadStateNames(states, symbol, statesLocation, diagnostics);
        bool isStub = names.Count == 0;
        EquatableArray<string> taken = ReadMembers(read);
        List<TransitionModel> transitions = TransitionParser.Parse(
            symbol, states, names, isStub, statesLocation, diagnostics, cancellationToken);
        if (!isStub && transitions.Count > 0)
        {
            bool allowsFinalStates = read.Attribute.BooleanProperty("AllowsFinalStates", fallback: false);
            CheckReachability(names, transitions, allowsFinalStates, statesLocation, symbol.Name, diagnostics);
        }

        if (transitions.Count == 0 && symbol.FindAttribute(Names.TransitionAttribute) is null)
        {
            diagnostics.Report(DiagnosticDescriptors.NoTransitions, declaration.Identifier.GetLocation(), symbol.Name);
        }

        StateMachineModel? model = type is null ? null : new StateMachineModel(
            type, states?.Reference() ?? "", states is null ? "private" : StatesAccess(states, symbol),
            names.Select(Text.Escape).ToEquatableArray(), Order(transitions), taken, isStub);
        return read.ToResult(model, symbol.Name);
    }

    /// <summary>The names that a transition's method may not have.</summary>
    public static bool IsEmittedMember(string name) => s_emittedMembers.Contains(name);

    private static EquatableArray<TransitionModel> Order(List<TransitionModel> transitions) => transitions
        .OrderBy(static transition => transition.From)
        .ThenBy(static transition => transition.To)
        .ThenBy(static transition => transition.Name, StringComparer.Ordinal)
        .ToEquatableArray();

    private static INamedTypeSymbol? ReadStates(
        AttributeData attribute, INamedTypeSymbol symbol, Compilation compilation, Location location, DiagnosticBag diagnostics)
    {
        ITypeSymbol? type = attribute.ConstructorArguments.Length > 0 ? attribute.ConstructorArguments[0].Value as ITypeSymbol : null;
        if (type is INamedTypeSymbol { TypeKind: TypeKind.Enum } states && !states.IsInGenericType() && !states.IsFileLocalOrIn()
            && compilation.IsSymbolAccessibleWithin(states, symbol))
        {
            return states;
        }

        if (type?.TypeKind != TypeKind.Error)
        {
            diagnostics.Report(DiagnosticDescriptors.StatesNotAnEnum, location, symbol.Name);
        }

        return null;
    }

    /// <summary>The names in order of value; none when the enum cannot be used, with the reason reported.</summary>
    private static List<string> ReadStateNames(
        INamedTypeSymbol states, INamedTypeSymbol symbol, Location location, DiagnosticBag diagnostics)
    {
        List<IFieldSymbol> members = [.. states.GetMembers().OfType<IFieldSymbol>().Where(static field => field.HasConstantValue)
            .OrderBy(static field => Convert.ToDecimal(field.ConstantValue))];
        if (members.Count > Limits.StatesMax)
        {
            diagnostics.Report(DiagnosticDescriptors.TooManyStates, location, states.Name, members.Count, Limits.StatesMax);
            return [];
        }

        if (members.Count == 0)
        {
            diagnostics.Report(DiagnosticDescriptors.StatesNotConsecutive, location, symbol.Name, "the enum has no members");
            return [];
        }

        for (int value = 0; value < members.Count; value++)
        {
            decimal actual = Convert.ToDecimal(members[value].ConstantValue);
            if (actual != value)
            {
                string reason = FormattableString.Invariant($"'{members[value].Name}' is {actual} where {value} is expected");
                diagnostics.Report(DiagnosticDescriptors.StatesNotConsecutive, location, symbol.Name, reason);
                return [];
            }
        }

        return [.. members.Select(static member => member.Name)];
    }

    private static EquatableArray<string> ReadMembers(AttributedType read)
    {
        List<string> taken = [];
        foreach (ISymbol member in read.Symbol.GetMembers())
        {
            if (IsEmittedMember(member.Name))
            {
                taken.Add(member.Name);
                read.ReportCollision(member);
            }
            else if (member is IFieldSymbol { IsStatic: false, IsConst: false } field)
            {
                ISymbol shown = field.AssociatedSymbol ?? field;
                read.Diagnostics.Report(DiagnosticDescriptors.MachineHasFields, shown.Locations[0], read.Symbol.Name, shown.Name);
            }
        }

        return taken.ToEquatableArray();
    }

    private static void CheckReachability(
        List<string> states, List<TransitionModel> transitions, bool allowsFinalStates, Location location, string machine,
        DiagnosticBag diagnostics)
    {
        uint reached = 1;
        for (uint before = 0; before != reached;)
        {
            before = reached;
            foreach (TransitionModel transition in transitions.Where(transition => (reached >> transition.From & 1) != 0))
            {
                reached |= 1u << transition.To;
            }
        }

        for (int state = 0; state < states.Count; state++)
        {
            if ((reached >> state & 1) == 0)
            {
                diagnostics.Report(DiagnosticDescriptors.UnreachableState, location, states[state], machine);
            }

            if (!allowsFinalStates && !transitions.Any(transition => transition.From == state && transition.To != state))
            {
                diagnostics.Report(DiagnosticDescriptors.DeadEndState, location, states[state], machine);
            }
        }
    }

    /// <summary>Members that show the enum cannot be more accessible than it is.</summary>
    private static string StatesAccess(INamedTypeSymbol states, INamedTypeSymbol machine) => states.AccessRank() switch
    {
        2 => "public",
        int rank when rank >= machine.AccessRank() => "public",
        1 => "internal",
        _ => "private",
    };
}
