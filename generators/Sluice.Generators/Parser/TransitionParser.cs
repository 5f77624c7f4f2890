using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Sluice.Generators.Diagnostics;
using Sluice.Generators.Helpers;
using Sluice.Generators.Model;

namespace Sluice.Generators.Parser;

/// <summary>Reads the <c>[AioTransition]</c>s of one machine.</summary>
internal static class TransitionParser
{
    private const int CompareExchange = 1;

    private static readonly HashSet<string> s_membersOfObject =
    [
        "Equals", "Finalize", "GetHashCode", "GetType", "MemberwiseClone", "ReferenceEquals", "ToString",
    ];

    /// <param name="machine">The struct.</param>
    /// <param name="states">The enum; null when it is none, and states cannot be checked.</param>
    /// <param name="names">The states in order of value.</param>
    /// <param name="isStub">Whether the states cannot be used; only the names of transitions then matter.</param>
    /// <param name="fallback">Where to report what has no place of its own in source.</param>
    /// <param name="diagnostics">Receives what is wrong; a wrong transition is left out.</param>
    /// <param name="cancellationToken">Ends the work early.</param>
    public static List<TransitionModel> Parse(
        INamedTypeSymbol machine, INamedTypeSymbol? states, List<string> names, bool isStub, Location fallback, DiagnosticBag diagnostics,
        CancellationToken cancellationToken)
    {
        List<TransitionModel> transitions = [];
        foreach (AttributeData attribute in DeclaredOn(machine))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (attribute.ConstructorArguments.Length != 3)
            {
                // The compiler reports an attribute that does not bind.
                continue;
            }

            Declaration declaration = new(attribute, fallback, cancellationToken);
            if (!IsUsableName(declaration, machine, diagnostics))
            {
                continue;
            }

            TransitionModel transition = new(declaration.Name, 0, 0, declaration.IsCompareExchange);
            if (!isStub && states is not null)
            {
                int from = StateIndex(attribute.ConstructorArguments[1], declaration.FromLocation, machine, states, names, diagnostics);
                int to = StateIndex(attribute.ConstructorArguments[2], declaration.ToLocation, machine, states, names, diagnostics);
                if (from < 0 || to < 0)
                {
                    continue;
                }

                transition = transition with { From = from, To = to };
                if (!Fits(transition, transitions, declaration, names, diagnostics))
                {
                    continue;
                }
            }

            transitions.Add(transition);
        }

        return RemoveCollisions(transitions, machine, fallback, diagnostics, cancellationToken);
    }

    /// <summary>Transitions on a struct that is no machine would be ignored in silence.</summary>
    public static ImmutableArray<Diagnostic> CheckHasMachine(GeneratorAttributeSyntaxContext context)
    {
        if (context.TargetSymbol.FindAttribute(Names.StateMachineAttribute) is not null)
        {
            return ImmutableArray<Diagnostic>.Empty;
        }

        Location location = ((TypeDeclarationSyntax)context.TargetNode).Identifier.GetLocation();
        return ImmutableArray.Create(
            Diagnostic.Create(DiagnosticDescriptors.TransitionWithoutMachine, location, context.TargetSymbol.Name));
    }

    private static IEnumerable<AttributeData> DeclaredOn(INamedTypeSymbol machine) =>
        machine.GetAttributes().Where(static attribute => attribute.IsSluiceAttribute(Names.TransitionAttribute));

    private static bool IsUsableName(Declaration declaration, INamedTypeSymbol machine, DiagnosticBag diagnostics)
    {
        if (!SyntaxFacts.IsValidIdentifier(declaration.Name))
        {
            diagnostics.Report(DiagnosticDescriptors.TransitionNameInvalid, declaration.NameLocation, declaration.Name);
            return false;
        }

        foreach (string emitted in EmittedNames(declaration.Name, declaration.IsCompareExchange))
        {
            if (StateMachineParser.IsEmittedMember(emitted) || s_membersOfObject.Contains(emitted) || emitted == machine.Name
                || machine.GetMembers(emitted).Any())
            {
                diagnostics.Report(
                    DiagnosticDescriptors.TransitionNameCollides, declaration.NameLocation, declaration.Name, emitted, machine.Name);
                return false;
            }
        }

        return true;
    }

    private static IEnumerable<string> EmittedNames(string name, bool isCompareExchange) =>
        isCompareExchange ? [name, "Try" + name] : [name];

    /// <summary>Whether the transition agrees with those of its name that were read before it.</summary>
    private static bool Fits(
        TransitionModel transition, List<TransitionModel> earlier, Declaration declaration, List<string> names, DiagnosticBag diagnostics)
    {
        bool fits = true;
        foreach (TransitionModel other in earlier.Where(other => other.Name == transition.Name))
        {
            if (other.From == transition.From && other.To == transition.To)
            {
                diagnostics.Report(
                    DiagnosticDescriptors.DuplicateTransition, declaration.NameLocation,
                    transition.Name, names[transition.From], names[transition.To]);
                return false;
            }

            if (other.IsCompareExchange != transition.IsCompareExchange && fits)
            {
                diagnostics.Report(DiagnosticDescriptors.MixedOrderings, declaration.OrderingLocation, transition.Name);
                fits = false;
            }

            if (other.From == transition.From)
            {
                diagnostics.Report(
                    DiagnosticDescriptors.AmbiguousTransition, declaration.FromLocation,
                    transition.Name, names[transition.From], names[other.To], names[transition.To]);
                return false;
            }
        }

        return fits;
    }

    /// <summary>Leaves out transitions whose method has the name of another transition's Try method.</summary>
    private static List<TransitionModel> RemoveCollisions(
        List<TransitionModel> transitions, INamedTypeSymbol machine, Location fallback, DiagnosticBag diagnostics,
        CancellationToken cancellationToken)
    {
        IEnumerable<TransitionModel> raced = transitions.Where(static transition => transition.IsCompareExchange);
        HashSet<string> attempts = [.. raced.Select(static transition => "Try" + transition.Name)];
        if (!transitions.Any(transition => attempts.Contains(transition.Name)))
        {
            return transitions;
        }

        foreach (AttributeData attribute in DeclaredOn(machine))
        {
            string name = attribute.StringArgument();
            if (attempts.Contains(name))
            {
                Declaration declaration = new(attribute, fallback, cancellationToken);
                diagnostics.Report(DiagnosticDescriptors.TransitionNameCollides, declaration.NameLocation, name, name, machine.Name);
            }
        }

        return [.. transitions.Where(transition => !attempts.Contains(transition.Name))];
    }

    private static int StateIndex(
        TypedConstant value, Location location, INamedTypeSymbol machine, INamedTypeSymbol states, List<string> names,
        DiagnosticBag diagnostics)
    {
        if (value.Kind == TypedConstantKind.Error)
        {
            return -1;
        }

        if (value is { Kind: TypedConstantKind.Enum, Value: { } number } && SymbolEqualityComparer.Default.Equals(value.Type, states))
        {
            decimal index = Convert.ToDecimal(number);
            if (index >= 0 && index < names.Count)
            {
                return (int)index;
            }
        }

        diagnostics.Report(
            DiagnosticDescriptors.NotAState, location, value.IsNull ? "null" : value.ToCSharpString(), states.Name, machine.Name);
        return -1;
    }

    /// <summary>One attribute, with the places of its parts in source.</summary>
    private sealed class Declaration(AttributeData attribute, Location fallback, CancellationToken cancellationToken)
    {
        public string Name { get; } = attribute.StringArgument();

        public bool IsCompareExchange { get; } = attribute.Property("Ordering")?.Value is CompareExchange;

        public Location NameLocation => Argument(0, "name");

        public Location FromLocation => Argument(1, "from");

        public Location ToLocation => Argument(2, "to");

        public Location OrderingLocation
        {
            get
            {
                ExpressionSyntax? ordering = AttributeSyntaxReader.PropertyExpression(attribute, "Ordering", cancellationToken);
                return ordering?.GetLocation() ?? NameLocation;
            }
        }

        private Location Argument(int position, string name)
        {
            Location location = AttributeSyntaxReader.ArgumentLocation(attribute, position, name, cancellationToken);
            return location == Location.None ? fallback : location;
        }
    }
}
