namespace Sluice.Tool.Sort;

/// <summary>
/// The order of versions and of file names with numbers in them: digits as numbers, a tilde before everything, letters before other
/// characters; what looks like a file's suffix counts only when the rest is equal.
/// </summary>
internal static class VersionText
{
    private const byte Tilde = (byte)'~';
    private const byte Dot = (byte)'.';

    // Behind the end of a text comes what is before every character but the tilde.
    private const int EndRank = -1;
    private const int TildeRank = -2;
    private const int OtherRank = 256;

    internal static int Compare(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
    {
        int order = ClassOf(left).CompareTo(ClassOf(right));
        if (order != 0) return order;
        order = CompareParts(left[..SuffixStart(left)], right[..SuffixStart(right)]);
        return order != 0 ? order : CompareParts(left, right);
    }

    // Nothing, the folder itself, its parent, hidden names, all others.
    private static int ClassOf(ReadOnlySpan<byte> text) => text switch
    {
        [] => 0,
        [Dot] => 1,
        [Dot, Dot] => 2,
        [Dot, ..] => 3,
        _ => 4,
    };

    // Where the longest row of suffixes at the end begins: each a dot, a letter or tilde, and letters, digits and tildes.
    private static int SuffixStart(ReadOnlySpan<byte> text)
    {
        for (int at = 0; ; at++)
        {
            int start = at;
            while (at + 1 < text.Length && text[at] == Dot && IsLetterOrTilde(text[at + 1]))
            {
                at += 2;
                while (at < text.Length && (IsLetterOrTilde(text[at]) || IsDigit(text[at]))) at++;
            }

            if (at >= text.Length) return start;
        }
    }

    private static int CompareParts(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
    {
        int one = 0;
        int two = 0;
        while (one < left.Length || two < right.Length)
        {
            while ((one < left.Length && !IsDigit(left[one])) || (two < right.Length && !IsDigit(right[two])))
            {
                int order = RankAt(left, one++) - RankAt(right, two++);
                if (order != 0) return order;
            }

            ReadOnlySpan<byte> first = TakeNumber(left, ref one);
            ReadOnlySpan<byte> second = TakeNumber(right, ref two);
            if (first.Length != second.Length) return first.Length - second.Length;
            int digits = first.SequenceCompareTo(second);
            if (digits != 0) return digits;
        }

        return 0;
    }

    private static ReadOnlySpan<byte> TakeNumber(ReadOnlySpan<byte> text, ref int at)
    {
        at = Math.Min(at, text.Length);
        while (at < text.Length && text[at] == '0') at++;
        int start = at;
        while (at < text.Length && IsDigit(text[at])) at++;
        return text[start..at];
    }

    private static int RankAt(ReadOnlySpan<byte> text, int at)
    {
        if (at >= text.Length) return EndRank;
        byte value = text[at];
        if (IsDigit(value)) return 0;
        if (value == Tilde) return TildeRank;
        return char.IsAsciiLetter((char)value) ? value : value + OtherRank;
    }

    private static bool IsDigit(byte value) => char.IsAsciiDigit((char)value);

    private static bool IsLetterOrTilde(byte value) => value == Tilde || char.IsAsciiLetter((char)value);
}
