namespace Sluice.Tool.Sort;

/// <summary>Reads keys as <c>-k</c> takes them, and the letters that say how a key is compared.</summary>
internal static class KeyText
{
    private const string Letters = "bdfghiMnrRV";

    /// <summary>Whether a letter says how keys are compared.</summary>
    internal static bool IsLetter(char letter) => Letters.Contains(letter, StringComparison.Ordinal);

    /// <exception cref="Infrastructure.UsageException">It is not a key.</exception>
    internal static SortKey Parse(string text)
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

    /// <summary>Does what a letter says.</summary>
    internal static void Set(SortKey key, char letter, bool isEnd, bool isForAll = false)
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
            case 'V' when key.Type == KeyType.Random:
                break;
            default:
                key.Type = TypeOf(letter);
                key.TypeLetters += letter;
                break;
        }
    }

    /// <summary>Refuses a key that is to be compared in two ways.</summary>
    internal static void RequireOneType(SortKey key)
    {
        // A version or random order takes what -d or -i leaves; of the two the random one counts.
        string letters = new([.. key.TypeLetters.Replace("V", "", StringComparison.Ordinal).Replace("R", "",
            StringComparison.Ordinal).Distinct()]);
        bool isOfText = key.Type is KeyType.Version or KeyType.Random || key.TypeLetters.AsSpan().ContainsAny('V', 'R');
        if (letters.Length > 0 && isOfText) letters += key.TypeLetters.Contains('V', StringComparison.Ordinal) ? 'V' : 'R';
        else if (letters.Length > 0 && (key.IsDictionary || key.IsPrinting)) letters += key.IsDictionary ? 'd' : 'i';
        if (letters.Length > 1)
        {
            throw new Infrastructure.UsageException($"The options -{letters} of 'sort' contradict each other: choose one.");
        }
    }

    private static KeyType TypeOf(char letter) => letter switch
    {
        'g' => KeyType.General,
        'h' => KeyType.Human,
        'M' => KeyType.Month,
        'R' => KeyType.Random,
        'V' => KeyType.Version,
        _ => KeyType.Numeric,
    };

    private static int ParseNumber(string text, ref int at)
    {
        int start = at;
        long value = 0;
        for (; at < text.Length && char.IsAsciiDigit(text[at]); at++) value = Math.Min((value * 10) + text[at] - '0', int.MaxValue - 1);
        return at > start ? (int)value : throw BadKey(text, "a number is missing");
    }

    private static void ParseLetters(SortKey key, string text, ref int at, bool isEnd)
    {
        for (; at < text.Length && IsLetter(text[at]); at++) Set(key, text[at], isEnd);
    }

    private static Infrastructure.UsageException BadKey(string text, string reason) =>
        new($"-k is '{text}': {reason}; give F[.C][letters][,F[.C][letters]], such as 2,2n.");
}
