using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Sluice.Plugins;

namespace Sluice.Tool.Infrastructure;

/// <summary>Options that several verbs have, with the line each gives for a bad value.</summary>
internal static class ToolOptions
{
    /// <summary>A whole number in a range.</summary>
    internal static Option<int> Number(string name, int defaultValue, int least, int most, string description) => new(name)
    {
        Description = $"{description} ({least} to {most})",
        DefaultValueFactory = _ => defaultValue,
        CustomParser = result =>
        {
            string text = TextOf(result);
            bool isNumber = int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int value);
            if (!isNumber || value < least || value > most)
            {
                result.AddError($"{name} is '{text}': give a whole number from {least} to {most}.");
            }

            return value;
        },
    };

    /// <summary>A size in bytes in a range.</summary>
    internal static Option<long> Size(string name, long defaultValue, long least, long most, string description) => new(name)
    {
        Description = description,
        HelpName = "size",
        DefaultValueFactory = _ => defaultValue,
        CustomParser = result =>
        {
            string text = TextOf(result);
            if (!ByteSize.TryParse(text, out long value) || value < least || value > most)
            {
                string example = ByteSize.Format(defaultValue).Replace(" ", "", StringComparison.Ordinal);
                result.AddError(
                    $"{name} is '{text}': give a size from {ByteSize.Format(least)} to {ByteSize.Format(most)}, such as {example}.");
            }

            return value;
        },
    };

    /// <summary>The io_method.</summary>
    internal static Option<string> Method() => new("--method")
    {
        Description = "The io_method: a name of 'sluice methods', or auto",
        HelpName = "name",
        DefaultValueFactory = static _ => IoMethodSelector.Auto,
    };

    private static string TextOf(ArgumentResult result) => result.Tokens.Count == 0 ? "" : result.Tokens[^1].Value;
}
