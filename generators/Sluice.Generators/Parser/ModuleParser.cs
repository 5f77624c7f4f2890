using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Sluice.Generators.Diagnostics;
using Sluice.Generators.Helpers;
using Sluice.Generators.Model;

namespace Sluice.Generators.Parser;

/// <summary>Reads what is about the whole assembly: the module's name, and names and ids that must not collide.</summary>
internal static class ModuleParser
{
    public static ModuleOptions ReadOptions(Compilation compilation)
    {
        string? requested = Attribute(compilation)?.StringArgument();
        string name = requested is not null && Text.IsDottedIdentifier(requested) ? requested : DefaultName(compilation);

        // A name that is taken is reported when it was asked for; either way what is emitted compiles.
        while (compilation.Assembly.GetTypeByMetadataName(name) is not null)
        {
            name += "_";
        }

        return new ModuleOptions(name, requested is not null);
    }

    /// <summary>What is wrong with the assembly's module attribute.</summary>
    public static void CheckOptions(Compilation compilation, Action<Diagnostic> report, CancellationToken cancellationToken)
    {
        if (Attribute(compilation) is not { } attribute)
        {
            return;
        }

        string name = attribute.StringArgument();
        string? reason = !Text.IsDottedIdentifier(name) ? "it is not a namespace and a class name, such as My.App.MyModule"
            : compilation.Assembly.GetTypeByMetadataName(name) is not null ? "the assembly has a type of that name"
            : null;
        if (reason is not null)
        {
            Location location = AttributeSyntaxReader.ArgumentLocation(attribute, 0, "fullName", cancellationToken);
            report(Diagnostic.Create(DiagnosticDescriptors.ModuleNameInvalid, location, name, reason));
        }
    }

    /// <summary>Names used twice, and more types than there are ids.</summary>
    public static void CheckNames<T>(
        ImmutableArray<ParseResult<T>> results, string kind, DiagnosticDescriptor duplicateName, Action<Diagnostic> report)
        where T : class
    {
        ParseResult<T>[] ordered = [.. results.OrderBy(static result => result.FullName, StringComparer.Ordinal)];
        Dictionary<string, string> owners = new(StringComparer.Ordinal);
        foreach (ParseResult<T> result in ordered.Where(static result => result.Name.Length > 0))
        {
            if (owners.TryGetValue(result.Name, out string? owner))
            {
                report(Diagnostic.Create(duplicateName, result.NameLocation, result.Name, owner));
            }
            else
            {
                owners.Add(result.Name, result.FullName);
            }
        }

        if (ordered.Length > Limits.IdsPerAssemblyMax)
        {
            Location location = ordered[Limits.IdsPerAssemblyMax].NameLocation;
            report(Diagnostic.Create(DiagnosticDescriptors.TooManyInAssembly, location, ordered.Length, kind, Limits.IdsPerAssemblyMax));
        }
    }

    private static AttributeData? Attribute(Compilation compilation) => compilation.Assembly.FindAttribute(Names.ModuleAttribute);

    private static string DefaultName(Compilation compilation)
    {
        string assembly = Text.ToDottedIdentifier(compilation.AssemblyName ?? "Assembly");
        return $"{assembly}.{assembly.Replace(".", "")}AioModule";
    }
}
