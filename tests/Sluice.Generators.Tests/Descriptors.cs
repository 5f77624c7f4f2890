using System.Reflection;
using Microsoft.CodeAnalysis;
using Sluice.Generators.Diagnostics;

namespace Sluice.Generators.Tests;

/// <summary>The catalogue, in the order of ids.</summary>
internal static class Descriptors
{
    public static IReadOnlyList<DiagnosticDescriptor> All { get; } =
    [
        .. typeof(DiagnosticDescriptors).GetFields(BindingFlags.Public | BindingFlags.Static)
            .Select(static field => (DiagnosticDescriptor)field.GetValue(null)!).OrderBy(
                static descriptor => descriptor.Id, StringComparer.Ordinal),
    ];
}
