using System.Collections.Immutable;
using Microsoft.CodeAnalysis;

namespace Sluice.Generators.Parser;

/// <summary>
/// What was read of one type: the model, which later steps cache by its value, and beside it what only the diagnostics
/// output may see, since it holds locations.
/// </summary>
internal sealed class ParseResult<T>(T? model, string fullName, string name, Location nameLocation, ImmutableArray<Diagnostic> diagnostics)
    where T : class
{
    public T? Model { get; } = model;

    public string FullName { get; } = fullName;

    public string Name { get; } = name;

    public Location NameLocation { get; } = nameLocation;

    public ImmutableArray<Diagnostic> Diagnostics { get; } = diagnostics;
}
