using System.Buffers;

namespace Sluice.Tool.Sort;

/// <summary>Compares the parts of two lines that are keys, each as its type says.</summary>
internal static class KeyComparer
{
    private const int HumanOrders = 16;

    /// <summary>Compares, without regard to the key's reversal.</summary>
    internal static int Compare(SortKey key, ReadOnlySpan<byte> left, ReadOnlySpan<byte> right) => key.Type switch
    {
        KeyType.Numeric => DecimalText.Compare(new DecimalText(left), new DecimalText(right)),
        KeyType.General => ExtendedFloat.Compare(ExtendedFloat.Parse(left), ExtendedFloat.Parse(right)),
        KeyType.Human => CompareHuman(key, left, right),
        KeyType.Month => MonthOf(left).CompareTo(MonthOf(right)),
        KeyType.Version or KeyType.Random => CompareWhole(key, left, right),
        _ when key.Ignored is not null || key.FoldsCase => CompareTranslated(key, left, right),
        _ => left.SequenceCompareTo(right),
    };

    /// <summary>Eight bytes that order like the keys, without regard to reversal, and are equal for keys that compare equal.</summary>
    internal static ulong Prefix(SortKey key, ReadOnlySpan<byte> text)
    {
        switch (key.Type)
        {
            case KeyType.Numeric:
                return new DecimalText(text).Prefix();
            case KeyType.General:
                return ExtendedFloat.Parse(text).Prefix();
            case KeyType.Human:
                return (ulong)(HumanOrder(text, key.FoldsCase) + HumanOrders);
            case KeyType.Month:
                return (ulong)MonthOf(text);
            case KeyType.Version:
                return 0;
            case KeyType.Random:
                byte[] copy = ArrayPool<byte>.Shared.Rent(text.Length);
                ulong hash = key.Chance!.HashOf(Translate(key, text, copy));
                ArrayPool<byte>.Shared.Return(copy);
                return hash;
            default:
                return key.Ignored is null && !key.FoldsCase ? PlainPrefix(text) : TranslatedPrefix(key, text);
        }
    }

    private static unsafe ulong PlainPrefix(ReadOnlySpan<byte> text)
    {
        fixed (byte* at = text) return TempFiles.RecordPrefix.At(at, text.Length, 0);
    }

    private static ulong TranslatedPrefix(SortKey key, ReadOnlySpan<byte> text)
    {
        bool[]? ignored = key.Ignored;
        ulong prefix = 0;
        int count = 0;
        foreach (byte value in text)
        {
            if (ignored is not null && ignored[value]) continue;
            prefix = (prefix << 8) | (key.FoldsCase ? Fold(value) : value);
            if (++count == sizeof(ulong)) return prefix;
        }

        return count == 0 ? 0 : prefix << (8 * (sizeof(ulong) - count));
    }

    private static int CompareTranslated(SortKey key, ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
    {
        bool[]? ignored = key.Ignored;
        int one = 0;
        int two = 0;
        while (true)
        {
            if (ignored is not null)
            {
                while (one < left.Length && ignored[left[one]]) one++;
                while (two < right.Length && ignored[right[two]]) two++;
            }

            if (one >= left.Length || two >= right.Length) return (one < left.Length ? 1 : 0) - (two < right.Length ? 1 : 0);
            byte first = key.FoldsCase ? Fold(left[one]) : left[one];
            byte second = key.FoldsCase ? Fold(right[two]) : right[two];
            if (first != second) return first - second;
            one++;
            two++;
        }
    }

    // What is compared as a whole is written out first as if what is ignored were not there.
    private static int CompareWhole(SortKey key, ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
    {
        if (key.Ignored is null && !key.FoldsCase) return CompareAsIs(key, left, right);
        byte[] one = ArrayPool<byte>.Shared.Rent(left.Length);
        byte[] two = ArrayPool<byte>.Shared.Rent(right.Length);
        int order = CompareAsIs(key, Translate(key, left, one), Translate(key, right, two));
        ArrayPool<byte>.Shared.Return(one);
        ArrayPool<byte>.Shared.Return(two);
        return order;
    }

    private static int CompareAsIs(SortKey key, ReadOnlySpan<byte> left, ReadOnlySpan<byte> right) =>
        key.Type == KeyType.Random ? key.Chance!.Compare(left, right) : VersionText.Compare(left, right);

    private static ReadOnlySpan<byte> Translate(SortKey key, ReadOnlySpan<byte> text, Span<byte> destination)
    {
        bool[]? ignored = key.Ignored;
        int count = 0;
        foreach (byte value in text)
        {
            if (ignored is not null && ignored[value]) continue;
            destination[count++] = key.FoldsCase ? Fold(value) : value;
        }

        return destination[..count];
    }

    private static byte Fold(byte value) => value is >= (byte)'a' and <= (byte)'z' ? (byte)(value - 32) : value;

    private static int CompareHuman(SortKey key, ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
    {
        int order = HumanOrder(left, key.FoldsCase).CompareTo(HumanOrder(right, key.FoldsCase));
        return order != 0 ? order : DecimalText.Compare(new DecimalText(left), new DecimalText(right));
    }

    // The suffix decides before the number does; its sign is the number's, and zero has none.
    private static int HumanOrder(ReadOnlySpan<byte> text, bool foldsCase)
    {
        int at = 0;
        while (at < text.Length && SortKey.IsBlank(text[at])) at++;
        bool isNegative = at < text.Length && text[at] == '-';
        if (isNegative) at++;
        byte highest = 0;
        bool isFraction = false;
        for (; at < text.Length; at++)
        {
            byte value = text[at];
            if (value == '.' && !isFraction) isFraction = true;
            else if (!char.IsAsciiDigit((char)value)) break;
            else highest = Math.Max(highest, value);
        }

        if (highest <= (byte)'0' || at >= text.Length) return 0;
        byte unit = foldsCase || text[at] == 'k' ? Fold(text[at]) : text[at];
        int order = "KMGTPEZYRQ".IndexOf((char)unit, StringComparison.Ordinal) + 1;
        return isNegative ? -order : order;
    }

    private static int MonthOf(ReadOnlySpan<byte> text)
    {
        const string Months = "JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC";
        int at = 0;
        while (at < text.Length && SortKey.IsBlank(text[at])) at++;
        if (text.Length - at < 3) return 0;
        for (int month = 0; month < 12; month++)
        {
            bool isSame = true;
            for (int index = 0; index < 3; index++) isSame &= Fold(text[at + index]) == Months[(month * 3) + index];
            if (isSame) return month + 1;
        }

        return 0;
    }
}
