using System.Text;
using Microsoft.CodeAnalysis;

namespace VerifyTests;

/// <summary>Lets a generator driver and its run result be verified: one file for each emitted source, one for diagnostics.</summary>
public static class VerifySourceGenerators
{
    /// <summary>Registers the conversion. Call it in a module initializer.</summary>
    public static void Initialize() => VerifierSettings.AddConverter(static target => target switch
    {
        GeneratorDriver driver => Convert(driver.GetRunResult()),
        GeneratorDriverRunResult result => Convert(result),
        _ => null,
    });

    private static List<Target> Convert(GeneratorDriverRunResult result)
    {
        Exception? exception = result.Results.Select(static generator => generator.Exception).FirstOrDefault(
            static thrown => thrown is not null);
        if (exception is not null)
        {
            throw new InvalidOperationException("The generator threw.", exception);
        }

        List<Target> targets = [];
        if (result.Diagnostics.Length > 0)
        {
            targets.Add(new Target("txt", Describe(result.Diagnostics)));
        }

        foreach (GeneratedSourceResult source in result.Results
            .SelectMany(static generator => generator.GeneratedSources).OrderBy(static source => source.HintName, StringComparer.Ordinal))
        {
            string name = Path.GetFileNameWithoutExtension(source.HintName);
            targets.Add(new Target("cs", $"//HintName: {source.HintName}\n{source.SourceText}", name));
        }

        return targets;
    }

    private static string Describe(IEnumerable<Diagnostic> diagnostics)
    {
        StringBuilder text = new("{\n  Diagnostics: [\n");
        bool isFirst = true;
        foreach (Diagnostic diagnostic in diagnostics)
        {
            DiagnosticDescriptor descriptor = diagnostic.Descriptor;
            text.Append(isFirst ? "" : ",\n").Append("    {\n");
            text.Append("      Location: ").Append(Place(diagnostic.Location)).Append(",\n");
            text.Append("      Message: ").Append(diagnostic.GetMessage(System.Globalization.CultureInfo.InvariantCulture)).Append(",\n");
            text.Append("      Severity: ").Append(diagnostic.Severity).Append(",\n");
            if (diagnostic.WarningLevel > 0)
            {
                text.Append("      WarningLevel: ").Append(diagnostic.WarningLevel).Append(",\n");
            }

            text.Append("      Descriptor: {\n        Id: ").Append(descriptor.Id);
            text.Append(",\n        Title: ").Append(descriptor.Title);
            text.Append(",\n        MessageFormat: ").Append(descriptor.MessageFormat);
            text.Append(",\n        Category: ").Append(descriptor.Category);
            text.Append(",\n        DefaultSeverity: ").Append(descriptor.DefaultSeverity);
            text.Append(",\n        IsEnabledByDefault: ").Append(descriptor.IsEnabledByDefault ? "true" : "false");
            text.Append("\n      }\n    }");
            isFirst = false;
        }

        return text.Append("\n  ]\n}").ToString();
    }

    private static string Place(Location location)
    {
        FileLinePositionSpan span = location.GetMappedLineSpan();
        return $"{span.Path.Replace('/', '\\')}: {span.Span}";
    }
}
