using System.Globalization;
using System.Text;
using Sluice.Plugins;
using Sluice.Tool.Infrastructure;

namespace Sluice.Tool.Sort;

/// <summary>
/// What <c>sluice sort</c> was asked for. Its command line is that of GNU sort, which has clustered and attached options, so it is parsed
/// here.
/// </summary>
internal sealed class SortArguments
{
    private const string LettersWithValue = "kotST";
    private static readonly string[] s_longNames =
    [
        "batch-size", "buffer-size", "check", "dictionary-order", "field-separator", "general-numeric-sort", "help", "human-numeric-sort",
            "ignore-case",
        "ignore-leading-blanks", "ignore-nonprinting", "key", "merge", "method", "month-sort", "numeric-sort", "output", "parallel",
            "reverse", "sort",
        "stable", "stats", "temporary-directory", "unique", "zero-terminated",
    ];

    private readonly SortKey _forAll = new();
    private readonly List<SortKey> _keys = [];
    private bool _isPastOptions;

    internal List<string> Files { get; } = [];

    internal List<string> Directories { get; } = [];

    /// <summary>The file to write; null for stdout.</summary>
    internal string? Output { get; private set; }

    internal bool IsUnique { get; private set; }

    internal bool IsStable { get; private set; }

    internal bool Checks { get; private set; }

    internal bool ChecksQuietly { get; private set; }

    internal bool Merges { get; private set; }

    internal bool ShowsStatistics { get; private set; }

    internal bool WantsHelp { get; private set; }

    internal byte Delimiter { get; private set; } = (byte)'\n';

    internal int Separator { get; private set; } = -1;

    /// <summary>Memory in bytes; 0 when nothing was said.</summary>
    internal long MemoryBytes { get; private set; }

    /// <summary>Threads; 0 when nothing was said.</summary>
    internal int Parallel { get; private set; }

    /// <summary>The most files, or runs, that are merged at once; 0 when nothing was said.</summary>
    internal int BatchSize { get; private set; }

    internal string Method { get; private set; } = IoMethodSelector.Auto;

    internal LineOrder Order { get; private set; } = null!;

    internal static SortArguments Parse(IReadOnlyList<string> args)
    {
        SortArguments result = new();
        for (int index = 0; index < args.Count; index++) index = result.Take(args, index);
        result.Finish();
        return result;
    }

    private int Take(IReadOnlyList<string> args, int index)
    {
        string arg = args[index];
        if (_isPastOptions || arg.Length < 2 || arg[0] != '-')
        {
            Files.Add(arg);
            return index;
        }

        if (arg == "--")
        {
            _isPastOptions = true;
            return index;
        }

        return arg[1] == '-' ? TakeLong(args, index) : TakeLetters(args, index);
    }

    private int TakeLetters(IReadOnlyList<string> args, int index)
    {
        string arg = args[index];
        for (int at = 1; at < arg.Length; at++)
        {
            char letter = arg[at];
            if (!LettersWithValue.Contains(letter, StringComparison.Ordinal))
            {
                Apply(letter, "");
                continue;
            }

            string value = arg[(at + 1)..];
            if (value.Length == 0)
            {
                if (++index == args.Count) throw new UsageException($"'sort' needs a value after -{letter}; see 'sluice sort --help'.");
                value = args[index];
            }

            Apply(letter, value);
            break;
        }

        return index;
    }

    private int TakeLong(IReadOnlyList<string> args, int index)
    {
        string arg = args[index][2..];
        int equals = arg.IndexOf('=', StringComparison.Ordinal);
        string given = equals < 0 ? arg : arg[..equals];
        string? value = equals < 0 ? null : arg[(equals + 1)..];
        string[] found = s_longNames.Contains(given, StringComparer.Ordinal)
            ? [given]
            : [.. s_longNames.Where(name => name.StartsWith(given, StringComparison.Ordinal))];
        if (found.Length != 1)
        {
            string known = string.Join(", ", (found.Length == 0 ? s_longNames : found).Select(static name => "--" + name));
            throw new UsageException($"'sort' has no option '--{given}'{(found.Length == 0 ? "" : " alone")}. Known: {known}.");
        }

        string name = found[0];
        if (NeedsValue(name) && value is null)
        {
            if (++index == args.Count) throw new UsageException($"'sort' needs a value after --{name}; see 'sluice sort --help'.");
            value = args[index];
        }

        ApplyLong(name, value);
        return index;
    }

    private static bool NeedsValue(string name) =>
        name is "batch-size" or "buffer-size" or "field-separator" or "key"
            or "method" or "output" or "parallel" or "sort" or "temporary-directory";

    private void ApplyLong(string name, string? value)
    {
        switch (name)
        {
            case "check":
                Apply(value is null or "diagnose-first" ? 'c' : value is "quiet" or "silent" ? 'C'
                    : throw new UsageException($"--check is '{value}': give quiet, silent or diagnose-first."), "");
                break;
            case "sort":
                Apply(value switch
                {
                    "general-numeric" => 'g',
                    "human-numeric" => 'h',
                    "month" => 'M',
                    "numeric" => 'n',
                    _ => throw new UsageException($"--sort is '{value}': give general-numeric, human-numeric, month or numeric."),
                }, "");
                break;
            case "method":
                Method = value!;
                break;
            case "stats":
                ShowsStatistics = true;
                break;
            case "help":
                WantsHelp = true;
                break;
            case "parallel":
                Parallel = ParseCount("--parallel", value!, 1);
                break;
            case "batch-size":
                BatchSize = ParseCount("--batch-size", value!, 2);
                break;
            default:
                Apply(LetterOf(name), value ?? "");
                break;
        }
    }

    private static char LetterOf(string name) => name switch
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
        "reverse" => 'r',
        "stable" => 's',
        "temporary-directory" => 'T',
        "unique" => 'u',
        _ => 'z',
    };

    private void Apply(char letter, string value)
    {
        switch (letter)
        {
            case 'b' or 'd' or 'f' or 'g' or 'h' or 'i' or 'M' or 'n' or 'r':
                Set(_forAll, letter, isEnd: false, isForAll: true);
                break;
            case 'c':
                Checks = true;
                break;
            case 'C':
                Checks = true;
                ChecksQuietly = true;
                break;
            case 'k':
                _keys.Add(ParseKey(value));
                break;
            case 'm':
                Merges = true;
                break;
            case 'o':
                if (Output is not null && Output != value) throw new UsageException("'sort' was given several output files: give -o once.");
                Output = value;
                break;
            case 's':
                IsStable = true;
                break;
            case 'S':
                MemoryBytes = ParseMemory(value);
                break;
            case 't':
                Separator = ParseSeparator(value);
                break;
            case 'T':
                Directories.Add(value);
                break;
            case 'u':
                IsUnique = true;
                break;
            case 'z':
                Delimiter = 0;
                break;
            case 'V' or 'R':
                throw new UsageException(
                    $"'sort' cannot do -{letter} ({(letter == 'V' ? "version" : "random")} order); it sorts by bytes, -n, -g, -h and -M.");
            default:
                throw new UsageException($"'sort' has no option '-{letter}'; see 'sluice sort --help'.");
        }
    }

    private void Finish()
    {
        if (Files.Count == 0) Files.Add("-");
        if (Checks && Files.Count > 1) throw new UsageException($"'sort -c' checks one file; '{Files[1]}' is one too many.");
        if (Checks && Output is not null) throw new UsageException("'sort -c' writes nothing: leave -o out.");
        RequireOneType(_forAll);
        foreach (SortKey key in _keys)
        {
            if (key.IsPlain) key.InheritFrom(_forAll);
            RequireOneType(key);
        }

        bool isReversed = _forAll.IsReversed;
        if (_keys.Count == 0 && !IsPlainButReversed(_forAll)) _keys.Add(_forAll);

        // Without a last resort lines that are equal by their keys are equal; without keys every byte counts in any case.
        Order = new LineOrder(_keys, Separator, hasLastResort: !IsStable && !IsUnique, isReversed);
    }

    private static bool IsPlainButReversed(SortKey key)
    {
        SortKey copy = new();
        copy.InheritFrom(key);
        copy.IsReversed = false;
        return copy.IsPlain;
    }

    private static void RequireOneType(SortKey key)
    {
        string letters = new([.. key.TypeLetters.Distinct()]);
        if (key.IsDictionary || key.IsPrinting)
        {
            if (letters.Length > 0) letters += key.IsDictionary ? "d" : "i";
        }

        if (letters.Length > 1) throw new UsageException($"The options -{letters} of 'sort' contradict each other: choose one.");
    }

    private static void Set(SortKey key, char letter, bool isEnd, bool isForAll = false)
    {
        switch (letter)
        {
            case 'b':
                if (isForAll || !isEnd) key.SkipsStartBlanks = true;
                if (isForAll || isEnd) key.SkipsEndBlanks = true;
                break;
            case 'd':
                key.IsDictionary = true;
                break;
            case 'f':
                key.FoldsCase = true;
                break;
            case 'i':
                key.IsPrinting = true;
                break;
            case 'r':
                key.IsReversed = true;
                break;
            default:
                key.Type = letter switch { 'g' => KeyType.General, 'h' => KeyType.Human, 'M' => KeyType.Month, _ => KeyType.Numeric };
                key.TypeLetters += letter;
                break;
        }
    }

    private static SortKey ParseKey(string text)
    {
        SortKey key = new();
        int at = 0;
        key.StartField = ParseNumber(text, ref at) - 1;
        if (key.StartField < 0) throw BadKey(text, "fields are numbered from 1");
        if (at < text.Length && text[at] == '.')
        {
            at++;
            key.StartCharacter = ParseNumber(text, ref at) - 1;
            if (key.StartCharacter < 0) throw BadKey(text, "characters are numbered from 1");
        }

        ParseLetters(key, text, ref at, isEnd: false);
        if (at == text.Length) return key;
        if (text[at++] != ',') throw BadKey(text, $"'{text[at - 1]}' means nothing there");
        key.EndField = ParseNumber(text, ref at) - 1;
        if (key.EndField < 0) throw BadKey(text, "fields are numbered from 1");
        if (at < text.Length && text[at] == '.')
        {
            at++;
            key.EndCharacter = ParseNumber(text, ref at);
        }

        ParseLetters(key, text, ref at, isEnd: true);
        return at == text.Length ? key : throw BadKey(text, $"'{text[at]}' means nothing there");
    }

    private static int ParseNumber(string text, ref int at)
    {
        int start = at;
        long value = 0;
        for (; at < text.Length && char.IsAsciiDigit(text[at]); at++) value = Math.Min((value * 10) + text[at] - '0', int.MaxValue - 1);
        return at > start ? (int)value : throw BadKey(text, "a number is missing");
    }

    private static void ParseLetters(SortKey key, string text, ref int at, bool isEnd)
    {
        for (; at < text.Length && "bdfghiMnrVR".Contains(text[at], StringComparison.Ordinal); at++)
        {
            if (text[at] is 'V' or 'R') throw BadKey(text, "orders V and R are not there");
            Set(key, text[at], isEnd);
        }
    }

    private static UsageException BadKey(string text, string reason) =>
        new($"-k is '{text}': {reason}; give F[.C][letters][,F[.C][letters]], such as 2,2n.");

    private static int ParseSeparator(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        if (text == "\\0") return 0;
        return bytes.Length switch
        {
            1 => bytes[0],
            0 => throw new UsageException("-t is empty: give one byte, such as ',', or \\0."),
            _ => throw new UsageException($"-t is '{text}': give one byte, such as ',', or \\0."),
        };
    }

    private static long ParseMemory(string text)
    {
        int digits = 0;
        while (digits < text.Length && char.IsAsciiDigit(text[digits])) digits++;
        bool isNumber = long.TryParse(text.AsSpan(0, digits), NumberStyles.None, CultureInfo.InvariantCulture, out long value);
        string unit = text[digits..];
        double bytes = unit switch
        {
            "" or "K" or "k" => value * 1024.0,
            "b" => value,
            "M" or "m" => value * 1048576.0,
            "G" or "g" => value * 1073741824.0,
            "T" or "t" => value * 1099511627776.0,
            "%" => value / 100.0 * GC.GetGCMemoryInfo().TotalAvailableMemoryBytes,
            _ => -1,
        };
        if (!isNumber || bytes < 0) throw new UsageException($"-S is '{text}': give a size such as 256M, with b, K, M, G, T or %.");
        return (long)Math.Clamp(bytes, 1, 1L << 46);
    }

    private static int ParseCount(string name, string text, int least) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int value) && value >= least
            ? value
            : throw new UsageException($"{name} is '{text}': give a whole number from {least}.");
}
