using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Sluice.Generators.Diagnostics;
using Sluice.Generators.Helpers;
using Sluice.Generators.Model;

namespace Sluice.Generators.Parser;

/// <summary>Reads what all attributed types have in common: where the other part goes, and whether there can be one.</summary>
internal static class TypeParser
{
    /// <summary>The first C# version that the emitted code compiles in.</summary>
    private const LanguageVersion OldestLanguageVersion = LanguageVersion.CSharp12;

    /// <summary>
    /// Whether this declaration is the one to emit for. The attribute may stand, wrongly, on several parts of one type;
    /// only the first counts, so that no file is emitted twice.
    /// </summary>
    public static bool IsFirstDeclaration(
        GeneratorAttributeSyntaxContext context, string attributeName, CancellationToken cancellationToken)
    {
        SyntaxNode? attribute = context.TargetSymbol.FindAttribute(attributeName)?.ApplicationSyntaxReference?.GetSyntax(cancellationToken);
        return attribute is null || attribute.FirstAncestorOrSelf<TypeDeclarationSyntax>() == context.TargetNode;
    }

    /// <summary>Reads the type; null when no other part of it can exist, with the reason reported.</summary>
    public static TypeModel? Parse(INamedTypeSymbol symbol, TypeDeclarationSyntax declaration, string kind, DiagnosticBag diagnostics)
    {
        bool canHaveOtherPart = true;
        if (!declaration.Modifiers.Any(SyntaxKind.PartialKeyword))
        {
            diagnostics.Report(DiagnosticDescriptors.TypeNotPartial, declaration.Identifier.GetLocation(), kind, symbol.Name);
            canHaveOtherPart = false;
        }

        for (SyntaxNode? node = declaration.Parent; node is TypeDeclarationSyntax container; node = node.Parent)
        {
            if (!container.Modifiers.Any(SyntaxKind.PartialKeyword))
            {
                diagnostics.Report(
                    DiagnosticDescriptors.ContainingTypeNotPartial, container.Identifier.GetLocation(),
                    container.Identifier.ValueText, kind, symbol.Name);
                canHaveOtherPart = false;
            }
        }

        if (symbol.IsFileLocalOrIn())
        {
            diagnostics.Report(
                DiagnosticDescriptors.NotAccessible, declaration.Identifier.GetLocation(), kind, symbol.Name, "local to its file");
            canHaveOtherPart = false;
        }

        if (declaration.SyntaxTree.Options is CSharpParseOptions { LanguageVersion: < OldestLanguageVersion } options)
        {
            diagnostics.Report(
                DiagnosticDescriptors.LanguageVersion, declaration.Identifier.GetLocation(), kind, symbol.Name,
                OldestLanguageVersion.ToDisplayString(), options.LanguageVersion.ToDisplayString());
            canHaveOtherPart = false;
        }

        return canHaveOtherPart ? CreateModel(symbol) : null;
    }

    /// <summary>Reports what keeps a type that registers itself by id from doing so; false when something does.</summary>
    public static bool CanBeRegistered(INamedTypeSymbol symbol, TypeDeclarationSyntax declaration, string kind, DiagnosticBag diagnostics)
    {
        if (symbol.IsInGenericType())
        {
            diagnostics.Report(DiagnosticDescriptors.GenericType, declaration.Identifier.GetLocation(), kind, symbol.Name);
            return false;
        }

        if (symbol.AccessRank() == 0)
        {
            diagnostics.Report(
                DiagnosticDescriptors.NotAccessible, declaration.Identifier.GetLocation(),
                kind, symbol.Name, "private or protected, or stands in such a type");
            return false;
        }

        return true;
    }

    /// <summary>Whether the type is sure to get its other part, asked of another type's symbol.</summary>
    public static bool HasOtherPart(INamedTypeSymbol symbol, CancellationToken cancellationToken)
    {
        for (INamedTypeSymbol? current = symbol; current is not null; current = current.ContainingType)
        {
            foreach (SyntaxReference reference in current.DeclaringSyntaxReferences)
            {
                if (reference.GetSyntax(cancellationToken) is TypeDeclarationSyntax syntax
                    && !syntax.Modifiers.Any(SyntaxKind.PartialKeyword))
                {
                    return false;
                }
            }
        }

        return !symbol.IsFileLocalOrIn();
    }

    private static TypeModel CreateModel(INamedTypeSymbol symbol)
    {
        List<string> headers = [];
        for (INamedTypeSymbol? current = symbol; current is not null; current = current.ContainingType)
        {
            headers.Insert(0, Header(current));
        }

        INamespaceSymbol containing = symbol.ContainingNamespace;
        string space = containing.IsGlobalNamespace ? "" : Text.EscapeDotted(containing.ToDisplayString(PlainNamespace));
        return new TypeModel(space, headers.ToEquatableArray(), symbol.Name, symbol.FullName(), symbol.Reference(), HintName(symbol));
    }

    private static SymbolDisplayFormat PlainNamespace { get; } =
        new(typeQualificationStyle: SymbolDisplayTypeQualificationStyle.NameAndContainingTypesAndNamespaces);

    private static string Header(INamedTypeSymbol type)
    {
        string keyword = (type.TypeKind, type.IsRecord) switch
        {
            (TypeKind.Struct, true) => "record struct",
            (TypeKind.Struct, false) => "struct",
            (TypeKind.Interface, _) => "interface",
            (_, true) => "record",
            _ => "class",
        };
        IEnumerable<string> names = type.TypeParameters.Select(static parameter => Text.Escape(parameter.Name));
        string parameters = type.Arity == 0 ? "" : $"<{string.Join(", ", names)}>";
        return $"partial {keyword} {Text.Escape(type.Name)}{parameters}";
    }

    private static string HintName(INamedTypeSymbol symbol)
    {
        List<string> parts = [];
        bool differsInCaseOnly = false;
        for (ISymbol current = symbol; current is not (
            null or INamespaceSymbol { IsGlobalNamespace: true }); current = current.ContainingSymbol)
        {
            parts.Insert(0, current is INamedTypeSymbol { Arity: > 0 } generic ? $"{generic.Name}-{generic.Arity}" : current.Name);
            differsInCaseOnly |= current.ContainingSymbol is INamespaceOrTypeSymbol container && HasTwinInCase(container, current);
        }

        string name = string.Join(".", parts);
        return differsInCaseOnly ? $"{name}-{StableHash(name):x8}" : name;
    }

    private static bool HasTwinInCase(INamespaceOrTypeSymbol container, ISymbol symbol) => container.GetMembers().Any(member =>
        member is INamespaceOrTypeSymbol && member.Name != symbol.Name
            && string.Equals(member.Name, symbol.Name, StringComparison.OrdinalIgnoreCase));

    /// <summary>FNV-1a: the same in every process, unlike <see cref="string.GetHashCode()"/>.</summary>
    private static uint StableHash(string text)
    {
        uint hash = 2166136261;
        foreach (char character in text)
        {
            hash = unchecked((hash ^ character) * 16777619);
        }

        return hash;
    }
}
