using Microsoft.CodeAnalysis;
using Sluice.Generators.Helpers;

namespace Sluice.Generators.Parser;

/// <summary>Questions to symbols that several parsers ask.</summary>
internal static class SymbolExtensions
{
    /// <summary>
    /// Whether the type is the one of that name in namespace Sluice. A type that is not found is taken for it: the compiler
    /// reports it already.
    /// </summary>
    public static bool IsSluiceType(this ITypeSymbol type, string name) =>
        type.TypeKind == TypeKind.Error
        || (type is INamedTypeSymbol { ContainingType: null, Arity: 0 } && type.Name == name
            && IsSluiceNamespace(type.ContainingNamespace));

    public static bool IsSluiceAttribute(this AttributeData attribute, string fullName) =>
        attribute.AttributeClass is { } type && IsSluiceNamespace(type.ContainingNamespace)
        && fullName.Length == Names.Namespace.Length + 1 + type.Name.Length && fullName.EndsWith(type.Name, StringComparison.Ordinal);

    public static AttributeData? FindAttribute(this ISymbol symbol, string fullName) =>
        symbol.GetAttributes().FirstOrDefault(attribute => attribute.IsSluiceAttribute(fullName));

    /// <summary>The value that a property of the attribute is set to.</summary>
    public static TypedConstant? Property(this AttributeData attribute, string name)
    {
        foreach (KeyValuePair<string, TypedConstant> argument in attribute.NamedArguments)
        {
            if (argument.Key == name)
            {
                return argument.Value;
            }
        }

        return null;
    }

    public static bool BooleanProperty(this AttributeData attribute, string name, bool fallback) =>
        attribute.Property(name)?.Value is bool value ? value : fallback;

    public static string StringArgument(this AttributeData attribute) =>
        attribute.ConstructorArguments.Length > 0 && attribute.ConstructorArguments[0].Value is string value ? value : "";

    /// <summary>The type with its namespace and containing types, as shown to people.</summary>
    public static string FullName(this ITypeSymbol type) =>
        type.ToDisplayString(SymbolDisplayFormat.FullyQualifiedFormat.WithGlobalNamespaceStyle(SymbolDisplayGlobalNamespaceStyle.Omitted)
            .WithMiscellaneousOptions(SymbolDisplayMiscellaneousOptions.UseSpecialTypes));

    /// <summary>The type as it is written in emitted code.</summary>
    public static string Reference(this ITypeSymbol type) => type.ToDisplayString(SymbolDisplayFormat.FullyQualifiedFormat);

    /// <summary>The narrowest accessibility on the way from the outermost type to this one: 0 private, 1 internal, 2 public.</summary>
    public static int AccessRank(this INamedTypeSymbol type)
    {
        int rank = 2;
        for (INamedTypeSymbol? current = type; current is not null; current = current.ContainingType)
        {
            rank = Math.Min(rank, current.DeclaredAccessibility switch
            {
                Accessibility.Public => 2,
                Accessibility.Internal or Accessibility.ProtectedOrInternal => 1,
                _ => 0,
            });
        }

        return rank;
    }

    public static bool IsInGenericType(this INamedTypeSymbol type)
    {
        for (INamedTypeSymbol? current = type; current is not null; current = current.ContainingType)
        {
            if (current.Arity > 0)
            {
                return true;
            }
        }

        return false;
    }

    public static bool IsFileLocalOrIn(this INamedTypeSymbol type)
    {
        for (INamedTypeSymbol? current = type; current is not null; current = current.ContainingType)
        {
            if (current.IsFileLocal)
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsSluiceNamespace(INamespaceSymbol? space) =>
        space is { Name: Names.Namespace, ContainingNamespace.IsGlobalNamespace: true };
}
