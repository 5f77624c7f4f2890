using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Sluice.Generators.Diagnostics;

namespace Sluice.Generators.Parser;

/// <summary>A type with one of the attributes: what every parser begins with.</summary>
internal sealed class AttributedType
{
    private readonly string _kind;

    private AttributedType(GeneratorAttributeSyntaxContext context, string firstArgument, string kind, CancellationToken cancellationToken)
    {
        _kind = kind;
        Symbol = (INamedTypeSymbol)context.TargetSymbol;
        Declaration = (TypeDeclarationSyntax)context.TargetNode;
        Attribute = context.Attributes[0];
        ArgumentLocation = AttributeSyntaxReader.ArgumentLocation(Attribute, 0, firstArgument, cancellationToken);
    }

    public INamedTypeSymbol Symbol { get; }

    public TypeDeclarationSyntax Declaration { get; }

    public AttributeData Attribute { get; }

    /// <summary>Where the attribute's first argument stands.</summary>
    public Location ArgumentLocation { get; }

    public DiagnosticBag Diagnostics { get; } = new();

    /// <summary>Begins to read a type.</summary>
    /// <param name="context">The type with its attribute.</param>
    /// <param name="attributeName">The attribute's full name.</param>
    /// <param name="firstArgument">The name of the attribute's first parameter.</param>
    /// <param name="kind">What the type declares, for messages.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    /// <returns>Null for a further part of a partial type, which was read with the first.</returns>
    public static AttributedType? Read(
        GeneratorAttributeSyntaxContext context, string attributeName, string firstArgument, string kind, CancellationToken cancellationToken) =>
        TypeParser.IsFirstDeclaration(context, attributeName, cancellationToken)
            ? new AttributedType(context, firstArgument, kind, cancellationToken)
            : null;

    /// <summary>The name that the attribute's first argument gives; an empty one is reported.</summary>
    public string ReadName()
    {
        string name = Attribute.StringArgument();
        if (string.IsNullOrWhiteSpace(name)) Diagnostics.Report(DiagnosticDescriptors.EmptyName, ArgumentLocation, _kind, Symbol.Name);
        return name;
    }
}
