namespace Sluice.Generators.Tests;

/// <summary>One mistake: a source in which the diagnostic's places are marked, and the messages in their order.</summary>
/// <param name="Id">The id expected at each mark, and nothing else anywhere.</param>
/// <param name="Title">What the mistake is, for the list of tests.</param>
/// <param name="Source">The source.</param>
/// <param name="Messages">The messages, in the order of the marks.</param>
public sealed record DiagnosticCase(string Id, string Title, string Source, params string[] Messages)
{
    /// <summary>Errors of the compiler itself that the mistake leads to besides; none unless said.</summary>
    public string[] CompilerErrors { get; init; } = [];

    /// <summary>The version of C# that the source is in.</summary>
    public Microsoft.CodeAnalysis.CSharp.LanguageVersion Version { get; init; } = Microsoft.CodeAnalysis.CSharp.LanguageVersion.CSharp12;

    public override string ToString() => $"{Id} {Title}";
}
