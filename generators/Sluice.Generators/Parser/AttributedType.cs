using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Sluice.Generators.Diagnostics;
using Sluice.Generators.Helpers;
using Sluice.Generators.Model;

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
        GeneratorAttributeSyntaxContext context,
        string attributeName,
        string firstArgument,
        string kind,
        CancellationToken cancellationToken) =>
        TypeParser.IsFirstDeclaration(context, attributeName, cancellationToken)
            ? new AttributedType(context, firstArgument, kind, cancellationToken)
            : null;

    public void Deconstruct(out INamedTypeSymbol symbol, out TypeDeclarationSyntax declaration, out DiagnosticBag diagnostics) =>
        (symbol, declaration, diagnostics) = (Symbol, Declaration, Diagnostics);

    /// <summary>The name that the attribute's first argument gives; an empty one is reported.</summary>
    public string ReadName()
    {
        string name = Attribute.StringArgument();
        CheckName(name, ArgumentLocation);
        return name;
    }

    /// <summary>Reports a name that is empty.</summary>
    public void CheckName(string name, Location location)
    {
        if (string.IsNullOrWhiteSpace(name)) Diagnostics.Report(DiagnosticDescriptors.EmptyName, location, _kind, Symbol.Name);
    }

    /// <summary>Reads the type itself; null when no other part of it can exist, with the reason reported.</summary>
    public TypeModel? ReadType() => TypeParser.Parse(Symbol, Declaration, _kind, Diagnostics);

    /// <summary>Reports what keeps the type from registering itself; false when something does.</summary>
    public bool CanBeRegistered() => TypeParser.CanBeRegistered(Symbol, Declaration, _kind, Diagnostics);

    /// <summary>Reports a member that has a name which the generator needs.</summary>
    public void ReportCollision(ISymbol member) =>
        Diagnostics.Report(DiagnosticDescriptors.MemberCollision, member.Locations[0], _kind, Symbol.Name, member.Name);

    /// <summary>Reports the members that have one of these names.</summary>
    /// <returns>Their names.</returns>
    public EquatableArray<string> ReadTaken(Func<string, bool> isEmitted)
    {
        List<string> taken = [];
        foreach (ISymbol member in Symbol.GetMembers().Where(member => isEmitted(member.Name)))
        {
            taken.Add(member.Name);
            ReportCollision(member);
        }

        return taken.ToEquatableArray();
    }

    /// <summary>Ends the reading.</summary>
    public ParseResult<T> ToResult<T>(T? model, string name)
        where T : class =>
        new(model, Symbol.FullName(), name, ArgumentLocation, Diagnostics.ToImmutable());
}
