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

    internal bool WantsVersion { get; private set; }

    /// <summary>The file that names the inputs; null when they were named on the command line.</summary>
    internal string? NamesFrom { get; private set; }

    /// <summary>The file whose first bytes decide a random order; null for the system's chance.</summary>
    internal string? RandomSource { get; private set; }

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
            if (letter == 'y') return PassOver(args, index, hasValue: at + 1 < arg.Length);
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

    // A relic of older systems, which GNU sort takes and ignores: attached to it anything, as a word of its own only a number.
    private static int PassOver(IReadOnlyList<string> args, int index, bool hasValue)
    {
        if (hasValue) return index;
        if (index + 1 == args.Count) throw new UsageException("'sort' needs a value after -y; see 'sluice sort --help'.");
        return args[index + 1].All(char.IsAsciiDigit) ? index + 1 : index;
    }

    private int TakeLong(IReadOnlyList<string> args, int index)
    {
        string arg = args[index][2..];
        int equals = arg.IndexOf('=', StringComparison.Ordinal);
        string given = equals < 0 ? arg : arg[..equals];
        string? value = equals < 0 ? null : arg[(equals + 1)..];
        string name = SortOptionNames.Find(given);
        if (SortOptionNames.NeedsValue(name) && value is null)
        {
            if (++index == args.Count) throw new UsageException($"'sort' needs a value after --{name}; see 'sluice sort --help'.");
            value = args[index];
        }

        if (value is not null && !SortOptionNames.MayHaveValue(name))
        {
            throw new UsageException($"'sort' takes no value after --{name}: leave '={value}' out.");
        }

        ApplyLong(name, value);
        return index;
    }

    private void ApplyLong(string name, string? value)
    {
        switch (name)
        {
            case "check":
                string how = value is null ? "diagnose-first"
                    : SortOptionNames.Word("--check", value, "quiet", "silent", "diagnose-first");
                Apply(how == "diagnose-first" ? 'c' : 'C', "");
                break;
            case "sort":
                Apply(SortOptionNames.Word("--sort", value!, "general-numeric", "human-numeric", "month", "numeric", "random",
                    "version") switch
                {
                    "general-numeric" => 'g',
                    "human-numeric" => 'h',
                    "month" => 'M',
                    "random" => 'R',
                    "version" => 'V',
                    _ => 'n',
                }, "");
                break;
            case "compress-program":
                break;
            case "debug":
                throw new UsageException("'sort' cannot do --debug: it does not mark the part of a line that is a key.");
            case "files0-from":
                NamesFrom = value;
                break;
            case "random-source":
                if (RandomSource is not null && RandomSource != value)
                {
                    throw new UsageException("'sort' was given several random sources: give --random-source once.");
                }

                RandomSource = value;
                break;
            case "version":
                WantsVersion = true;
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
                Apply(SortOptionNames.LetterOf(name), value ?? "");
                break;
        }
    }

    private void Apply(char letter, string value)
    {
        switch (letter)
        {
            case var _ when KeyText.IsLetter(letter):
                KeyText.Set(_forAll, letter, isEnd: false, isForAll: true);
                break;
            case 'c' or 'C':
                if (Checks && ChecksQuietly != (letter == 'C')) throw new UsageException("'sort' was given -c and -C: choose one.");
                Checks = true;
                ChecksQuietly = letter == 'C';
                break;
            case 'k':
                _keys.Add(KeyText.Parse(value));
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
                MemoryBytes = Math.Max(MemoryBytes, ParseMemory(value));
                break;
            case 't':
                int separator = ParseSeparator(value);
                if (Separator >= 0 && Separator != separator)
                {
                    throw new UsageException("'sort' was given several separators: give -t once.");
                }

                Separator = separator;
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
            default:
                throw new UsageException($"'sort' has no option '-{letter}'; see 'sluice sort --help'.");
        }
    }

    private void Finish()
    {
        if (NamesFrom is not null && Files.Count != 0)
        {
            throw new UsageException($"'sort' takes its inputs from {NamesFrom}: leave '{Files[0]}' out.");
        }

        if (Files.Count == 0 && NamesFrom is null) Files.Add("-");
        foreach (SortKey key in _keys)
        {
            if (key.IsPlain) key.InheritFrom(_forAll);
        }

        bool isReversed = _forAll.IsReversed;
        if (_keys.Count == 0 && !IsPlainButReversed(_forAll)) _keys.Add(_forAll);
        foreach (SortKey key in _keys) KeyText.RequireOneType(key);
        if (Checks && Files.Count > 1) throw new UsageException($"'sort -c' checks one file; '{Files[1]}' is one too many.");
        if (Checks && Output is not null) throw new UsageException("'sort -c' writes nothing: leave -o out.");

        // Without a last resort lines that are equal by their keys are equal; without keys every byte counts in any case.
        Order = new LineOrder(_keys, Separator, hasLastResort: !IsStable && !IsUnique, isReversed);
    }

    /// <summary>Reads what stands in files: the names of inputs, and what decides a random order.</summary>
    internal void ReadFiles()
    {
        if (NamesFrom is not null) Files.AddRange(FileNames.Read(NamesFrom));
        if (Checks && Files.Count > 1) throw new UsageException($"'sort -c' checks one file; '{Files[1]}' is one too many.");
        List<SortKey> random = _keys.FindAll(static key => key.Type == KeyType.Random);
        if (random.Count == 0) return;
        RandomOrder order = RandomOrder.From(RandomSource);
        foreach (SortKey key in random) key.Chance = order;
    }

    private static bool IsPlainButReversed(SortKey key)
    {
        SortKey copy = new();
        copy.InheritFrom(key);
        copy.IsReversed = false;
        return copy.IsPlain;
    }

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
        string unit = text[digits..];

        // Nothing is as large as what does not fit; a unit alone is one of it.
        double value = digits == 0 ? 1 : double.Parse(text.AsSpan(0, digits), NumberStyles.None, CultureInfo.InvariantCulture);
        int power = unit.Length == 1 ? "KMGTPEZY".IndexOf(unit[0] is 'k' or 'm' or 'g' or 't' ? char.ToUpperInvariant(unit[0]) : unit[0],
            StringComparison.Ordinal) + 1 : 0;
        double bytes = unit switch
        {
            "" => value * 1024,
            "b" => value,
            "%" => value / 100 * GC.GetGCMemoryInfo().TotalAvailableMemoryBytes,
            _ => power == 0 ? -1 : value * Math.Pow(1024, power),
        };
        if (bytes < 0 || (digits == 0 && power == 0))
        {
            throw new UsageException($"-S is '{text}': give a size such as 256M, with b, K, M, G, T or %.");
        }

        if (bytes > ulong.MaxValue) throw new UsageException($"-S is '{text}': that is too large.");
        return (long)Math.Clamp(bytes, 1, 1L << 46);
    }

    private static int ParseCount(string name, string text, int least) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int value) && value >= least
            ? value
            : throw new UsageException($"{name} is '{text}': give a whole number from {least}.");
}
