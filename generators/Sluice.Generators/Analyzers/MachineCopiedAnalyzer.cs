using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;
using Sluice.Generators.Diagnostics;
using Sluice.Generators.Helpers;
using Sluice.Generators.Parser;

namespace Sluice.Generators.Analyzers;

/// <summary>
/// Finds places that copy a state machine. A machine is a struct that holds the state, so a transition of a copy changes
/// nothing that anybody else sees.
/// </summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class MachineCopiedAnalyzer : DiagnosticAnalyzer
{
    /// <inheritdoc/>
    public override ImmutableArray<DiagnosticDescriptor> SupportedDiagnostics { get; } = ImmutableArray.Create(
        DiagnosticDescriptors.MachineCopied);

    /// <inheritdoc/>
    public override void Initialize(AnalysisContext context)
    {
        context.EnableConcurrentExecution();
        context.ConfigureGeneratedCodeAnalysis(GeneratedCodeAnalysisFlags.None);
        context.RegisterSymbolAction(AnalyzeSymbol, SymbolKind.Field, SymbolKind.Property, SymbolKind.Parameter);
        context.RegisterOperationAction(AnalyzeLocal, OperationKind.VariableDeclarator);
    }

    private static void AnalyzeSymbol(SymbolAnalysisContext context)
    {
        (ITypeSymbol type, string? advice) = context.Symbol switch
        {
            IFieldSymbol field =>
                (field.Type, field is { IsReadOnly: true, AssociatedSymbol: null } ? "remove readonly from the field" : null),
            IPropertySymbol property => (property.Type, property.RefKind == RefKind.Ref ? null : "keep it in a field, or return it by ref"),
            IParameterSymbol parameter => (parameter.Type, parameter.RefKind is RefKind.Ref or RefKind.Out ? null : "pass it by ref"),
            _ => throw new InvalidOperationException("The analyzer registered for fields, properties and parameters only."),
        };
        if (advice is not null && IsMachine(type) && context.Symbol.Locations is [{ IsInSource: true } location, ..])
        {
            context.ReportDiagnostic(
                Diagnostic.Create(DiagnosticDescriptors.MachineCopied, location, context.Symbol.Name, type.Name, advice));
        }
    }

    private static void AnalyzeLocal(OperationAnalysisContext context)
    {
        IVariableDeclaratorOperation declarator = (IVariableDeclaratorOperation)context.Operation;
        bool isCopy = declarator.GetVariableInitializer()?.Value is IFieldReferenceOperation
            or IPropertyReferenceOperation or ILocalReferenceOperation or IParameterReferenceOperation or IArrayElementReferenceOperation;
        if (isCopy && declarator.Symbol.RefKind == RefKind.None && IsMachine(declarator.Symbol.Type))
        {
            context.ReportDiagnostic(Diagnostic.Create(
                DiagnosticDescriptors.MachineCopied, declarator.Symbol.Locations[0], declarator.Symbol.Name, declarator.Symbol.Type.Name,
                "use a ref local"));
        }
    }

    private static bool IsMachine(ITypeSymbol type) =>
        type is INamedTypeSymbol { TypeKind: TypeKind.Struct } && type.FindAttribute(Names.StateMachineAttribute) is not null;
}
