using System.Text;

namespace Sluice.Tool.Tests.Sort;

/// <summary>Inputs of every kind, made from a seed.</summary>
internal static class SortInputs
{
    internal static readonly string[] Kinds =
    [
        "empty", "one newline", "no final newline", "random bytes", "NUL bytes", "words", "all equal", "sorted", "reversed",
            "few distinct", "long lines",
        "numbers", "decimals", "floats", "human", "months", "fields", "separated", "empty lines", "common beginnings", "blanks",
            "mixed case",
    ];

    internal static byte[] Make(string kind, Random random)
    {
        int count = random.Next(3) == 0 ? random.Next(5) : random.Next(2000);
        StringBuilder text = new();
        switch (kind)
        {
            case "empty":
                return [];
            case "one newline":
                return "\n"u8.ToArray();
            case "random bytes":
                byte[] bytes = new byte[random.Next(60_000)];
                random.NextBytes(bytes);
                return bytes;
            case "NUL bytes":
                byte[] zeros = new byte[random.Next(20_000)];
                for (int index = 0; index < zeros.Length; index++) zeros[index] = "\0\0a\n\0b\n"u8[random.Next(7)];
                return zeros;
            case "all equal":
                for (int index = 0; index < count; index++) text.Append("the same line, longer than a prefix\n");
                break;
            case "sorted":
                for (int index = 0; index < count; index++) text.Append(index.ToString("D9")).Append(" line\n");
                break;
            case "reversed":
                for (int index = count; index > 0; index--) text.Append(index.ToString("D9")).Append(" line\n");
                break;
            case "long lines":
                for (int index = 0; index < Math.Min(count, 40); index++) text.Append('a', random.Next(90_000)).Append(
                    Word(random)).Append('\n');
                break;
            default:
                for (int index = 0; index < count; index++) text.Append(Line(kind, random, index)).Append('\n');
                break;
        }

        byte[] result = Encoding.Latin1.GetBytes(text.ToString());
        return kind == "no final newline" && result.Length > 0 ? result[..^1] : result;
    }

    private static string Line(string kind, Random random, int index) => kind switch
    {
        "few distinct" => Pick(random, "alpha", "beta", "gamma", "Alpha", "alph", ""),
        "numbers" => Pick(random, "", "-", "0", "-0", "+1", "00", "1", "01", "-1", "12345678901234567890123", "-12345678901234567890124",
            " 7", "\t-7", "7x", "x7", random.Next(-500, 500).ToString()),
        "decimals" => Pick(random, ".", "-.", ".5", "0.5", "-.5", "0.50", "1.", "1.0", "01.00", "1.0000000000000000001",
            "-1.0000000000000000001", "0.0001", "0.00010", "1.2.3", "1,000", $"{random.Next(-99, 99)}.{random.Next(1000)}"),
        "floats" => Pick(random, "nan", "inf", "-inf", "+inf", "1e5", "1E5", "1e-5", "-1e5", "0x10", "0x1p4", "0x.8", "abc", "", "1e",
            "1e+", ".e1", "1e400", "1e5000", "-1e5000", "1e-5000", "1e-4940", "3.6e-4951", "0.1", "0.10000000000000000001",
            "0.1000000000000000001", "18446744073709551615", "18446744073709551616", "18446744073709551617", "infinity", "0", "-0",
            " 2", $"{random.NextDouble() * 1000:R}"),
        "human" => Pick(random, "1K", "1k", "1M", "2G", "1T", "-1K", "-2M", "1023", "1024", "0K", "0", "1.5K", "K", "", "1Ki", "1000K",
            "-", "5P", "1E", "1Z", "1Y", $"{random.Next(2000)}{Pick(random, "", "K", "M", "G")}"),
        "months" => Pick(random, "JAN", "feb", "Mar 3", " APR", "may", "JUNE", "jul", "aug", "sept", "oct", "NOV", "dec", "xyz", "", "ja",
            "MAY 2", "may 1"),
        "fields" => $"{Blanks(random)}{Word(random)}{Blanks(random)} {random.Next(30)}{Blanks(random)} {Word(random)}",
        "separated" => $"{Word(random)}:{random.Next(20)}:{Word(random)}{Pick(random, "", ":", ":x", "::")}",
        "empty lines" => Pick(random, "", "", " ", "a"),
        "common beginnings" => "/usr/share/common/beginning/of/every/line/" + Word(random) + index % 7,
        "blanks" => Blanks(random) + Word(random) + Blanks(random),
        "mixed case" => Pick(random, "abc", "ABC", "aBc", "a-b", "a_b", "ab", "a b", "a\u0001b", "\u00e9t\u00e9", "z") + random.Next(3),
        _ => Word(random),
    };

    private static string Word(Random random)
    {
        int length = random.Next(1, 14);
        return string.Create(length, random, static (span, source) =>
        {
            for (int index = 0; index < span.Length; index++) span[index] = (char)('a' + source.Next(source.Next(2) == 0 ? 3 : 26));
        });
    }

    private static string Blanks(Random random) => Pick(random, "", "", " ", "  ", "\t", " \t ");

    private static string Pick(Random random, params string[] choices) => choices[random.Next(choices.Length)];
}
