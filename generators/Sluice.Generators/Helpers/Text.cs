using System.Text;
using Microsoft.CodeAnalysis.CSharp;

namespace Sluice.Generators.Helpers;

/// <summary>Identifiers and literals of emitted C#.</summary>
internal static class Text
{
    /// <summary>The identifier, with an @ where C# needs one.</summary>
    public static string Escape(string identifier) =>
        SyntaxFacts.GetKeywordKind(identifier) != SyntaxKind.None || SyntaxFacts.GetContextualKeywordKind(identifier) != SyntaxKind.None
            ? "@" + identifier
            : identifier;

    /// <summary>A dotted name with each part escaped.</summary>
    public static string EscapeDotted(string name) => string.Join(".", name.Split('.').Select(Escape));

    /// <summary>A quoted literal.</summary>
    public static string Literal(string value) => SymbolDisplay.FormatLiteral(value, quote: true);

    /// <summary>The inside of an interpolated string: escaped as a literal, braces doubled.</summary>
    public static string InterpolatedPart(string value)
    {
        string literal = Literal(value);
        return literal.Substring(1, literal.Length - 2).Replace("{", "{{").Replace("}", "}}");
    }

    /// <summary>Text that may stand in an XML comment.</summary>
    public static string Xml(string value)
    {
        StringBuilder text = new(value.Length);
        foreach (char character in value)
        {
            _ = character switch
            {
                '&' => text.Append("&amp;"),
                '<' => text.Append("&lt;"),
                '>' => text.Append("&gt;"),
                _ when char.IsControl(character) || character is '\u2028' or '\u2029' => text.Append(' '),
                _ => text.Append(character),
            };
        }

        return text.ToString();
    }

    /// <summary>Whether each part between dots is an identifier.</summary>
    public static bool IsDottedIdentifier(string name) =>
        name.Length > 0 && name.Split('.').All(static part => SyntaxFacts.IsValidIdentifier(part));

    /// <summary>The nearest name of identifiers to an assembly's name: <c>my-app.2d</c> gives <c>my_app._2d</c>.</summary>
    public static string ToDottedIdentifier(string assemblyName) => string.Join(".", assemblyName.Split('.').Select(ToIdentifier));

    private static string ToIdentifier(string part)
    {
        StringBuilder text = new();
        foreach (char character in part)
        {
            if (text.Length == 0 && SyntaxFacts.IsIdentifierPartCharacter(character) && !SyntaxFacts.IsIdentifierStartCharacter(character))
            {
                text.Append('_');
            }

            text.Append(SyntaxFacts.IsIdentifierPartCharacter(character) ? character : '_');
        }

        return text.Length == 0 ? "_" : text.ToString();
    }
}
