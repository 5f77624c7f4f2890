using Sluice.Generators.Helpers;

namespace Sluice.Generators.Model;

/// <summary>How to open the other part of a partial type.</summary>
/// <param name="Namespace">The escaped namespace; empty for the global one.</param>
/// <param name="Headers">
/// The headers of the containing types from the outermost in, then of the type itself: <c>partial struct X</c>.
/// </param>
/// <param name="Name">The type's plain name.</param>
/// <param name="FullName">The type's name with namespace and containing types, as shown and sorted by.</param>
/// <param name="Reference">The type in code, <c>global::</c> included.</param>
/// <param name="HintName">The stem of the emitted file's name; unique ignoring case.</param>
internal sealed record TypeModel(
    string Namespace, EquatableArray<string> Headers, string Name, string FullName, string Reference, string HintName);
