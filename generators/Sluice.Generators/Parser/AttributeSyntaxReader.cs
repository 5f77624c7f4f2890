using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Sluice.Generators.Parser;

/// <summary>Finds the piece of source that an attribute's value comes from.</summary>
internal static class AttributeSyntaxReader
{
    /// <summary>The expression of a constructor argument; the whole attribute when it is not there.</summary>
    public static Location ArgumentLocation(
        AttributeData attribute, int position, string parameterName, CancellationToken cancellationToken)
    {
        if (attribute.ApplicationSyntaxReference?.GetSyntax(cancellationToken) is not AttributeSyntax syntax)
        {
            return Location.None;
        }

        int index = 0;
        foreach (AttributeArgumentSyntax argument in Arguments(syntax))
        {
            bool isNamedSo = argument.NameColon?.Name.Identifier.ValueText == parameterName;
            bool isPlacedSo = argument.NameColon is null && argument.NameEquals is null && index == position;
            if (isNamedSo || isPlacedSo)
            {
                return argument.Expression.GetLocation();
            }

            index++;
        }

        return syntax.GetLocation();
    }

    /// <summary>The expression that a property of the attribute is set to; null when it is not set.</summary>
    public static ExpressionSyntax? PropertyExpression(AttributeData attribute, string propertyName, CancellationToken cancellationToken) =>
        attribute.ApplicationSyntaxReference?.GetSyntax(cancellationToken) is AttributeSyntax syntax
            ? Arguments(syntax).FirstOrDefault(argument => argument.NameEquals?.Name.Identifier.ValueText == propertyName)?.Expression
            : null;

    /// <summary>The expressions of the elements of an array-valued property, as far as they are written out.</summary>
    public static ExpressionSyntax[] ElementExpressions(ExpressionSyntax? array)
    {
        IEnumerable<ExpressionSyntax>? expressions = array switch
        {
            ArrayCreationExpressionSyntax { Initializer: { } initializer } => initializer.Expressions,
            ImplicitArrayCreationExpressionSyntax { Initializer: var initializer } => initializer.Expressions,
            CollectionExpressionSyntax { Elements: var elements } =>
                elements.OfType<ExpressionElementSyntax>().Select(static element => element.Expression),
            _ => null,
        };
        return expressions?.ToArray() ?? [];
    }

    private static IEnumerable<AttributeArgumentSyntax> Arguments(AttributeSyntax syntax) => syntax.ArgumentList?.Arguments ?? [];
}
