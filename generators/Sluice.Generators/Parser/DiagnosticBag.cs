using System.Collections.Immutable;
using Microsoft.CodeAnalysis;

namespace Sluice.Generators.Parser;

/// <summary>The diagnostics of one type while it is read.</summary>
internal sealed class DiagnosticBag
{
    private readonly ImmutableArray<Diagnostic>.Builder _diagnostics = ImmutableArray.CreateBuilder<Diagnostic>();

    public void Report(DiagnosticDescriptor descriptor, Location location, params object?[] arguments) =>
        _diagnostics.Add(Diagnostic.Create(descriptor, location, arguments));

    public bool Has(DiagnosticDescriptor descriptor) => _diagnostics.Any(diagnostic => ReferenceEquals(diagnostic.Descriptor, descriptor));

    public ImmutableArray<Diagnostic> ToImmutable() => _diagnostics.ToImmutable();
}
