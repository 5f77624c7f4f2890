using System.Text;

namespace Sluice.Tool.Tests.Sort;

/// <summary>A command line of sort and its inputs, made by chance.</summary>
internal sealed class SortCase
{
    private const string Output = "out";
    private const string Letters = "bdfgiMnrhV";

    private static readonly string[] s_tokens =
    [
        "", "a", "A", "b", "B", "z", "Z", "0", "00", "1", "01", "2", "10", "9", "123456789012345678901234567890", "-", "+", "-1", "+1",
        ".", "..", ".5", "-.5", "1.50", "1.5", "1e3", "1E-2", "0x1A", "0x1p-3", "nan", "-nan", "NaN", "inf", "-inf", "INFINITY", "e", "K",
        "k", "M", "G", "T", "P", "E", "Z", "Y", "1K", "2M", "3k", "1Ki", "-1K", "JAN", "feb", "Mar", "apr", "dec", "DECEMBER", "ma", "~",
        "~1", "a.tar.gz", "a.txt", "a-1.0", "a-1.0~rc1", "1.2.3", "1.10.2", "v1.9", "v1.10", ".hidden", "x.7z", "_", "!", "a b", "\t", " ",
        "  ", " \t", ":", "::", ",", ";", "/", "\0", "\u0001", "\u007f", "\u0080", "\u00e9", "\u00ff", "\r", "\v", "\f", "\n\n",
    ];

    private readonly List<string> _options = [];
    private readonly List<string> _files = [];
    private readonly Dictionary<string, byte[]> _contents = [];

    internal string Method { get; private init; } = "sync";

    internal static SortCase Make(Random random)
    {
        SortCase made = new() { Method = random.Next(8) switch { 0 => "worker", 1 => "io_uring", _ => "sync" } };
        made.ChooseOptions(random);
        made.ChooseFiles(random);
        return made;
    }

    /// <summary>The command line with its files in a folder.</summary>
    internal string[] ArgumentsIn(string folder) =>
        [.. _options.Select(option => option.Replace("{}", folder, StringComparison.Ordinal)),
            .. _files.Select(file => Path.Combine(folder, file))];

    internal void WriteFiles(string folder)
    {
        Directory.CreateDirectory(Path.Combine(folder, "folder"));
        Directory.CreateDirectory(Path.Combine(folder, "tmp"));
        foreach ((string name, byte[] content) in _contents) File.WriteAllBytes(Path.Combine(folder, name), content);
    }

    internal string ShowInputs() =>
        string.Join(", ", _contents.Where(static pair => pair.Value.Length < 1000).Select(static pair => $"{pair.Key}={Show(pair.Value)}"));

    internal static string Show(byte[] bytes)
    {
        StringBuilder text = new("\"");
        foreach (byte value in bytes.AsSpan(0, Math.Min(bytes.Length, 400)))
        {
            if (value is >= 32 and < 127 and not (byte)'\\') text.Append((char)value);
            else text.Append(value == '\n' ? "\\n" : $"\\x{value:x2}");
        }

        return text.Append('"').ToString();
    }

    public override string ToString() => string.Join(' ', ArgumentsIn(".").Select(static part => $"'{part}'"));

    private void ChooseOptions(Random random)
    {
        bool checks = random.Next(6) == 0;
        if (checks) _options.Add(Pick(random, "-c", "-C", "--check", "--check=quiet", "--check=silent", "--check=diagnose-first"));
        for (int count = random.Next(3); count > 0; count--) _options.Add(GlobalOption(random));
        if (random.Next(3) == 0) _options.Add("-" + Pick(random, "s", "u", "su", "r", "us"));
        if (random.Next(5) == 0) _options.Add(Pick(random, "-z", "--zero-terminated"));
        if (random.Next(3) == 0) AddSeparator(random);
        for (int count = Math.Max(0, random.Next(6) - 2); count > 0; count--) AddKey(random);
        if (random.Next(7) == 0 && !checks) _options.Add(Pick(random, "-m", "--merge"));
        if (random.Next(3) == 0)
        {
            _options.Add("-S" + Pick(random, "256M", "1G", "50%", "100000b", "70k", "64", "1m", "0", "5%", "2T", "9E", "1Y", "K"));
        }

        if (random.Next(4) == 0) _options.Add($"--parallel={random.Next(1, 5)}");
        if (random.Next(8) == 0) _options.Add($"--batch-size={random.Next(2, 6)}");
        if (random.Next(4) == 0) _options.AddRange(["-T", "{}/tmp"]);
        if (random.Next(8) == 0) _options.Add("--temporary-directory={}/folder");
        if (random.Next(12) == 0) _options.Add("--compress-program=gzip");
        if (!checks || random.Next(10) == 0) _options.AddRange(["-o", "{}/" + Output]);
    }

    private static string GlobalOption(Random random) => random.Next(3) switch
    {
        0 => Pick(random, "--reverse", "--ignore-case", "--dictionary-order", "--ignore-leading-blanks", "--ignore-nonprinting",
            "--numeric-sort", "--general-numeric-sort", "--human-numeric-sort", "--month-sort", "--version-sort", "--rev", "--ver",
            "--sort=version", "--sort=numeric", "--sort=general-numeric", "--sort=h", "--sort=month", "--uniq", "--st", "--me",
            "--reverse=1", "--zero", "--no-such"),
        _ => "-" + LettersOf(random, 3, atLeast: 1),
    };

    private void AddSeparator(Random random)
    {
        string separator = Pick(random, ":", ",", " ", "\t", "a", "\\0", ".", ";", "1", "ab", "");
        if (separator.Length == 0 || random.Next(2) == 0) _options.AddRange(["-t", separator]);
        else _options.Add(Pick(random, "-t", "--field-separator=") + separator);
    }

    private void AddKey(Random random)
    {
        StringBuilder key = new();
        key.Append(random.Next(random.Next(20) == 0 ? 0 : 1, 5));
        if (random.Next(3) == 0) key.Append('.').Append(random.Next(random.Next(20) == 0 ? 0 : 1, 5));
        key.Append(LettersOf(random, 2));
        if (random.Next(3) != 0)
        {
            key.Append(',').Append(random.Next(random.Next(20) == 0 ? 0 : 1, 5));
            if (random.Next(3) == 0) key.Append('.').Append(random.Next(4));
            key.Append(LettersOf(random, 2));
        }

        if (random.Next(60) == 0) key.Append(Pick(random, "x", ",", ".", "1", " "));
        if (random.Next(2) == 0) _options.AddRange(["-k", key.ToString()]);
        else _options.Add(Pick(random, "-k", "--key=") + key);
    }

    private static string LettersOf(Random random, int most, int atLeast = 0)
    {
        StringBuilder letters = new();
        for (int count = random.Next(atLeast, most + 1); count > 0; count--) letters.Append(Letters[random.Next(Letters.Length)]);
        return letters.ToString();
    }

    private void ChooseFiles(Random random)
    {
        bool merges = _options.Contains("-m") || _options.Contains("--merge");
        int count = random.Next(4) == 0 ? random.Next(2, 7) : 1;
        for (int number = 0; number < count; number++)
        {
            string name = $"in{number}";
            _contents[name] = Content(random);
            _files.Add(name);
        }

        // Merged in groups, what is not sorted comes out as the groups are.
        if (merges) foreach (string name in _files) _contents[name] = [];
        if (merges) _contents[_files[0]] = Content(random);
        if (random.Next(20) == 0) _files.Insert(random.Next(_files.Count + 1), Pick(random, "missing", "folder", "in0/below"));
        if (random.Next(8) == 0 && _options.IndexOf("{}/" + Output) is >= 0 and int at) _options[at] = "{}/in0";
        else if (random.Next(8) == 0) _contents[Output] = "it was there before\n"u8.ToArray();
    }

    private byte[] Content(Random random)
    {
        bool isOfZeros = _options.Exists(static option => option.StartsWith("-z", StringComparison.Ordinal)
            || option.StartsWith("--z", StringComparison.Ordinal));
        string kind = SortInputs.Kinds[random.Next(SortInputs.Kinds.Length)];
        if (random.Next(10) == 0 && !(kind == "floats" && ComparesFloats)) return SortInputs.Make(kind, random);
        StringBuilder text = new();
        string[] known = ComparesFloats ? [.. s_tokens.Where(static token => !IsNotANumber(token))] : s_tokens;
        string[] few = [.. Enumerable.Range(0, random.Next(2, 12)).Select(_ => known[random.Next(known.Length)])];
        string[] tokens = random.Next(3) == 0 ? known : few;
        string[] between = [Pick(random, " ", ":", ",", "", "\t", "."), Pick(random, " ", "", "a", ";")];
        for (int lines = random.Next(random.Next(4) == 0 ? 40 : 8); lines > 0; lines--)
        {
            for (int parts = random.Next(1, 5); parts > 0; parts--)
            {
                text.Append(tokens[random.Next(tokens.Length)]);
                if (parts > 1) text.Append(between[random.Next(2)]);
            }

            if (lines > 1 || random.Next(3) != 0) text.Append(isOfZeros && random.Next(20) != 0 ? '\0' : '\n');
        }

        return Encoding.Latin1.GetBytes(text.ToString());
    }

    // What a comparison of two that are no number says depends on what happened to be in memory, in some versions of coreutils.
    private bool ComparesFloats => _options.Exists(static option => option.Contains('g', StringComparison.Ordinal));

    private static bool IsNotANumber(string token) => token.Contains("nan", StringComparison.OrdinalIgnoreCase);

    private static string Pick(Random random, params string[] choices) => choices[random.Next(choices.Length)];
}
