using System.Text.Encodings.Web;
using System.Text.Json;

namespace Sluice.Tool.Infrastructure;

/// <summary>How the tool writes JSON: camelCase names, indented, paths as they are.</summary>
internal static class ToolJson
{
    internal static JsonSerializerOptions Options { get; } = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };
}
