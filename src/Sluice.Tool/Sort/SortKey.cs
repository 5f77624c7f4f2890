namespace Sluice.Tool.Sort;

/// <summary>One key: which part of a line, and how it is compared.</summary>
internal sealed class SortKey
{
    private static readonly bool[] s_blanks = MakeTable(static value => value is (byte)' ' or (byte)'\t' or (byte)'\n');
    private static readonly bool[] s_notDictionary = MakeTable(static value =>
        !(char.IsAsciiLetterOrDigit((char)value) || value is (byte)' ' or (byte)'\t' or (byte)'\n'));
    private static readonly bool[] s_notPrinting = MakeTable(static value => value is < 32 or > 126);

    /// <summary>The first field, from 0.</summary>
    internal int StartField { get; set; }

    /// <summary>The first character in it, from 0.</summary>
    internal int StartCharacter { get; set; }

    /// <summary>The last field, from 0; -1 for the end of the line.</summary>
    internal int EndField { get; set; } = -1;

    /// <summary>The last character in it, from 1; 0 for all.</summary>
    internal int EndCharacter { get; set; }

    internal bool SkipsStartBlanks { get; set; }

    internal bool SkipsEndBlanks { get; set; }

    internal bool IsDictionary { get; set; }

    internal bool IsPrinting { get; set; }

    internal bool FoldsCase { get; set; }

    internal bool IsReversed { get; set; }

    internal KeyType Type { get; set; }

    /// <summary>The order by chance, when that is the type.</summary>
    internal RandomOrder? Chance { get; set; }

    /// <summary>The letters of types that were asked for, to refuse more than one.</summary>
    internal string TypeLetters { get; set; } = "";

    /// <summary>Whether nothing was said about how it is compared: then it is compared as the options for all keys say.</summary>
    internal bool IsPlain => !SkipsStartBlanks && !SkipsEndBlanks && !IsDictionary && !IsPrinting && !FoldsCase && !IsReversed
        && Type == KeyType.Bytes;

    /// <summary>Which bytes are as if they were not there; null for none.</summary>
    internal bool[]? Ignored => IsDictionary ? s_notDictionary : IsPrinting ? s_notPrinting : null;

    internal void InheritFrom(SortKey other)
    {
        SkipsStartBlanks = other.SkipsStartBlanks;
        SkipsEndBlanks = other.SkipsEndBlanks;
        IsDictionary = other.IsDictionary;
        IsPrinting = other.IsPrinting;
        FoldsCase = other.FoldsCase;
        IsReversed = other.IsReversed;
        Type = other.Type;
        TypeLetters = other.TypeLetters;
    }

    internal static bool IsBlank(byte value) => s_blanks[value];

    /// <summary>The part of a line that is the key.</summary>
    /// <param name="line">The line, without its end.</param>
    /// <param name="separator">What separates fields; -1 for the change from other characters to blanks.</param>
    internal ReadOnlySpan<byte> Of(ReadOnlySpan<byte> line, int separator)
    {
        int start = FindStart(line, separator);
        int end = EndField < 0 ? line.Length : FindEnd(line, separator);
        return line[start..Math.Max(start, end)];
    }

    private int FindStart(ReadOnlySpan<byte> line, int separator)
    {
        int at = 0;
        if (separator >= 0)
        {
            for (int field = 0; field < StartField && at < line.Length; field++)
            {
                int next = line[at..].IndexOf((byte)separator);
                at = next < 0 ? line.Length : at + next + 1;
            }
        }
        else
        {
            for (int field = 0; field < StartField && at < line.Length; field++) at = SkipField(line, at);
        }

        if (SkipsStartBlanks) at = SkipBlanks(line, at);
        return (int)Math.Min((long)at + StartCharacter, line.Length);
    }

    private int FindEnd(ReadOnlySpan<byte> line, int separator)
    {
        // Without a character all of the last field belongs to the key.
        long fields = EndCharacter == 0 ? (long)EndField + 1 : EndField;
        int at = 0;
        if (separator >= 0)
        {
            while (at < line.Length && fields > 0)
            {
                fields--;
                int next = line[at..].IndexOf((byte)separator);
                at = next < 0 ? line.Length : at + next;
                if (at < line.Length && (fields > 0 || EndCharacter != 0)) at++;
            }
        }
        else
        {
            for (; at < line.Length && fields > 0; fields--) at = SkipField(line, at);
        }

        if (EndCharacter == 0) return at;
        if (SkipsEndBlanks) at = SkipBlanks(line, at);
        return (int)Math.Min((long)at + EndCharacter, line.Length);
    }

    private static int SkipField(ReadOnlySpan<byte> line, int at)
    {
        at = SkipBlanks(line, at);
        while (at < line.Length && !s_blanks[line[at]]) at++;
        return at;
    }

    private static int SkipBlanks(ReadOnlySpan<byte> line, int at)
    {
        while (at < line.Length && s_blanks[line[at]]) at++;
        return at;
    }

    private static bool[] MakeTable(Predicate<byte> holds)
    {
        bool[] table = new bool[256];
        for (int value = 0; value < table.Length; value++) table[value] = holds((byte)value);
        return table;
    }
}
