namespace Sluice.Tool.Sort;

/// <summary>
/// A decimal number as it stands in text: blanks, a minus, digits, a point, digits; anything else ends it, and nothing at all is zero.
/// Compared digit
/// by digit, so of any length.
/// </summary>
internal readonly ref struct DecimalText
{
    private const int PrefixDigits = 12;
    private const int ExponentMax = 0x7FFE;
    private const int ExponentBias = 0x4000;
    private readonly ReadOnlySpan<byte> _whole;
    private readonly ReadOnlySpan<byte> _fraction;

    internal DecimalText(ReadOnlySpan<byte> text)
    {
        int at = 0;
        while (at < text.Length && SortKey.IsBlank(text[at])) at++;
        if (at < text.Length && text[at] == '-')
        {
            IsNegative = true;
            at++;
        }

        while (at < text.Length && text[at] == '0') at++;
        int start = at;
        while (at < text.Length && char.IsAsciiDigit((char)text[at])) at++;
        _whole = text[start..at];
        if (at < text.Length && text[at] == '.')
        {
            start = ++at;
            while (at < text.Length && char.IsAsciiDigit((char)text[at])) at++;
            _fraction = text[start..at].TrimEnd((byte)'0');
        }

        if (IsZero) IsNegative = false;
    }

    internal bool IsNegative { get; }

    internal bool IsZero => _whole.IsEmpty && _fraction.IsEmpty;

    /// <summary>
    /// Eight bytes that order like the numbers, and are equal for numbers that are equal however they are written: the sign, how many
    /// digits there
    /// are before the point (or zeros after it), and the first twelve digits.
    /// </summary>
    internal ulong Prefix()
    {
        const ulong Sign = 1UL << 63;
        if (IsZero) return Sign;
        int zeros = 0;
        if (_whole.IsEmpty)
        {
            while (_fraction[zeros] == '0') zeros++;
        }

        int exponent = Math.Clamp(_whole.IsEmpty ? -zeros : _whole.Length, 1 - ExponentBias, ExponentMax - ExponentBias) + ExponentBias;
        ulong magnitude = (ulong)exponent << (4 * PrefixDigits);
        if (exponent is > 1 and < ExponentMax)
        {
            int index = zeros;
            for (int digit = PrefixDigits - 1; digit >= 0; digit--, index++)
            {
                ReadOnlySpan<byte> digits = index < _whole.Length ? _whole : _fraction;
                int place = index < _whole.Length ? index : index - _whole.Length;
                if (place >= digits.Length) break;
                magnitude |= (ulong)(digits[place] - '0') << (4 * digit);
            }
        }

        return IsNegative ? ~magnitude & ~Sign : magnitude | Sign;
    }

    internal static int Compare(in DecimalText left, in DecimalText right)
    {
        if (left.IsNegative != right.IsNegative) return left.IsNegative ? -1 : 1;
        int order = CompareMagnitude(left, right);
        return left.IsNegative ? -order : order;
    }

    private static int CompareMagnitude(in DecimalText left, in DecimalText right)
    {
        if (left._whole.Length != right._whole.Length) return left._whole.Length.CompareTo(right._whole.Length);
        int order = left._whole.SequenceCompareTo(right._whole);
        return order != 0 ? order : left._fraction.SequenceCompareTo(right._fraction);
    }
}
