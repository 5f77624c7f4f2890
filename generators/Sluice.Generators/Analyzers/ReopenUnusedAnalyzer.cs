using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Sluice.Generators.Diagnostics;
using Sluice.Generators.Helpers;
using Sluice.Generators.Parser;

namespace Sluice.Generators.Analyzers;

/// <summary>Finds a Reopen that nobody calls, because its target says that it cannot be opened again.</summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class ReopenUnusedAnalyzer : DiagnosticAnalyzer
{
    /// <inheritdoc/>
    public override ImmutableArray<DiagnosticDescriptor> SupportedDiagnostics { get; } = ImmutableArray.Create(
        DiagnosticDescriptors.ReopenUnused);

    /// <inheritdoc/>
    public override void Initialize(AnalysisContext context)
    {
        context.EnableConcurrentExecution();
        context.ConfigureGeneratedCodeAnalysis(GeneratedCodeAnalysisFlags.None);
        context.RegisterSymbolAction(Analyze, SymbolKind.NamedType);
    }

    private static void Analyze(SymbolAnalysisContext context)
    {
        INamedTypeSymbol type = (INamedTypeSymbol)context.Symbol;
        if (type.FindAttribute(Names.TargetAttribute) is not { } attribute || attribute.BooleanProperty("CanReopen", fallback: true))
        {
            return;
        }

        foreach (IMethodSymbol method in type.GetMembers(Names.Reopen).OfType<IMethodSymbol>().Where(
            method => Signatures.IsReopen(method, type)))
        {
            context.ReportDiagnostic(Diagnostic.Create(DiagnosticDescriptors.ReopenUnused, method.Locations[0], type.Name));
        }
    }
}
