using System.Globalization;
using System.Text.Json;
using Sluice.Methods;
using Sluice.Tool.Infrastructure;
using Spectre.Console;

namespace Sluice.Tool.Methods;

/// <summary>The survey as text for people, and as JSON.</summary>
internal static class MethodSurveyText
{
    /// <summary>Writes one paragraph per method.</summary>
    internal static void Write(MethodSurvey survey, IAnsiConsole console)
    {
        if (survey.Rows.Count == 0)
        {
            console.WriteLine($"No io_method was found in {survey.SearchedDirectory}.");
            return;
        }

        foreach (MethodRow row in survey.Rows)
        {
            string verdict = row.IsAvailable ? "[green]available[/]" : "[red]not available[/]";
            string automatic = row.IsAutomatic ? ", chosen by auto" : "";
            console.MarkupLine($"[bold]{Markup.Escape(row.Name)}[/]: {verdict}{automatic}");
            List<(string Name, string Value)> facts = [];
            if (row.Reason is not null) facts.Add(("why not", row.Reason));
            facts.Add(("state", row.State));
            facts.Add(("version", $"{row.Version ?? "unknown"}, contract {row.ContractVersion ?? "unknown"}"));
            if (row.Path is not null) facts.Add(("path", row.Path));
            if (row.Capabilities is not null) facts.Add(("capabilities", string.Join(", ", Describe(row.Capabilities))));
            facts.AddRange(row.Negotiated.Select(static pair => (pair.Key, pair.Value)));
            int width = facts.Max(static fact => fact.Name.Length);

            // Straight to the writer: paths and reasons stay on one line, to be copied.
            foreach ((string name, string value) in facts) console.Profile.Out.Writer.WriteLine($"  {name.PadRight(width)}  {value}");
            console.WriteLine();
        }
    }

    /// <summary>A JSON array, one object per method.</summary>
    internal static string ToJson(MethodSurvey survey) => JsonSerializer.Serialize(
        survey.Rows.Select(static row => new
        {
            row.Name,
            row.State,
            Available = row.IsAvailable,
            ChosenByAuto = row.IsAutomatic,
            row.Reason,
            row.Version,
            row.ContractVersion,
            row.Path,
            Capabilities = row.Capabilities is null ? null : new
            {
                Driven = row.Capabilities.IsDriven,
                Synchronous = row.Capabilities.IsSynchronous,
                row.Capabilities.HandlesOsFiles,
                row.Capabilities.LinksFlush,
                row.Capabilities.RegistersBuffers,
                DepthMax = row.Capabilities.DepthMax == int.MaxValue ? (int?)null : row.Capabilities.DepthMax,
            },
            Negotiated = row.Negotiated
                .GroupBy(static pair => pair.Key, static pair => pair.Value, StringComparer.Ordinal)
                .ToDictionary(static group => group.Key, static group => string.Join("; ", group)),
        }),
        ToolJson.Options);

    private static IEnumerable<string> Describe(IoMethodCapabilities capabilities)
    {
        yield return capabilities switch
        {
            { IsSynchronous: true } => "executes on the issuing thread",
            { IsDriven: true } => "driven by who waits",
            _ => "completes on threads of its own",
        };
        if (!capabilities.HandlesOsFiles) yield return "files of its own only";
        yield return capabilities.LinksFlush ? "write and fdatasync in one submission" : "write and fdatasync in two steps";
        if (capabilities.RegistersBuffers) yield return "registers buffers";
        yield return capabilities.DepthMax == int.MaxValue
            ? "any depth"
            : string.Create(CultureInfo.InvariantCulture, $"at most {capabilities.DepthMax} in flight per context");
    }
}
