using Sluice.Tool.Infrastructure;

namespace Sluice.Tool.Sort;

/// <summary>The long options of <c>sluice sort</c>: which there are, what they may be cut to, and whether they have a value.</summary>
internal static class SortOptionNames
{
    private static readonly string[] s_names =
    [
        "batch-size", "buffer-size", "check", "compress-program", "debug", "dictionary-order", "field-separator", "files0-from",
        "general-numeric-sort", "help", "human-numeric-sort", "ignore-case", "ignore-leading-blanks", "ignore-nonprinting", "key", "merge",
        "month-sort", "numeric-sort", "output", "parallel", "random-sort", "random-source", "reverse", "sort", "stable",
        "temporary-directory", "unique", "version", "version-sort", "zero-terminated",
    ];

    // Only when none of the others is meant: what cuts those short for GNU sort does so here.
    private static readonly string[] s_ownNames = ["method", "stats"];

    /// <summary>The full name of one that may be cut short.</summary>
    internal static string Find(string given)
    {
        string[] found = Matching(s_names, given);
        if (found.Length == 0) found = Matching(s_ownNames, given);
        if (found.Length == 1) return found[0];
        string known = string.Join(", ", (found.Length == 0 ? [.. s_names, .. s_ownNames] : found).Select(static name => "--" + name));
        throw new UsageException($"'sort' has no option '--{given}'{(found.Length == 0 ? "" : " alone")}. Known: {known}.");
    }

    internal static bool NeedsValue(string name) =>
        name is "batch-size" or "buffer-size" or "compress-program" or "field-separator" or "files0-from" or "key" or "method" or "output"
            or "parallel" or "random-source" or "sort" or "temporary-directory";

    internal static bool MayHaveValue(string name) => NeedsValue(name) || name == "check";

    /// <summary>The letter that means the same; <c>\0</c> for none.</summary>
    internal static char LetterOf(string name) => name switch
    {
        "buffer-size" => 'S',
        "dictionary-order" => 'd',
        "field-separator" => 't',
        "general-numeric-sort" => 'g',
        "human-numeric-sort" => 'h',
        "ignore-case" => 'f',
        "ignore-leading-blanks" => 'b',
        "ignore-nonprinting" => 'i',
        "key" => 'k',
        "merge" => 'm',
        "month-sort" => 'M',
        "numeric-sort" => 'n',
        "output" => 'o',
        "random-sort" => 'R',
        "reverse" => 'r',
        "stable" => 's',
        "temporary-directory" => 'T',
        "unique" => 'u',
        "version-sort" => 'V',
        "zero-terminated" => 'z',
        _ => '\0',
    };

    /// <summary>One of some words, which may be cut short.</summary>
    internal static string Word(string option, string given, params ReadOnlySpan<string> words)
    {
        string[] found = Matching(words, given);
        if (found.Length == 1) return found[0];
        string known = string.Join(", ", words.ToArray());
        throw new UsageException($"{option} is '{given}': give one of {known}.");
    }

    private static string[] Matching(ReadOnlySpan<string> names, string given)
    {
        List<string> found = [];
        foreach (string name in names)
        {
            if (name == given) return [name];
            if (name.StartsWith(given, StringComparison.Ordinal)) found.Add(name);
        }

        return [.. found];
    }
}
