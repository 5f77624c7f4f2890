using System.Numerics;

namespace Sluice.Tool.Sort;

/// <summary>
/// A number as strtold reads it: rounded to 64 bits of mantissa, to nearest, ties to even, as x86's long double is. Kept as two numbers
/// that
/// order like the value.
/// </summary>
/// <param name="High">What kind, sign and exponent.</param>
/// <param name="Low">The mantissa, complemented when negative.</param>
internal readonly record struct ExtendedFloat(int High, ulong Low)
{
    private const int MantissaBits = 64;
    private const int ExponentLeast = -16382;
    private const int ExponentMost = 16383;

    // Order: no number, then NaN with a minus and without, then minus infinity, the negative, zero, the positive, infinity.
    private const int NoNumber = int.MinValue;
    private const int NegativeNotANumber = int.MinValue + 1;
    private const int NotANumber = int.MinValue + 2;
    private const int Infinity = 40_000;
    private const int ExponentShift = 17_000;

    // More digits, and larger exponents, than could matter.
    private const int ExponentDigitsMax = 100_000;

    internal static int Compare(ExtendedFloat left, ExtendedFloat right)
    {
        int order = left.High.CompareTo(right.High);
        return order != 0 ? order : left.Low.CompareTo(right.Low);
    }

    /// <summary>Eight bytes that order like the values.</summary>
    internal ulong Prefix()
    {
        if (High <= NotANumber) return (ulong)(High - NoNumber);
        return ((ulong)(High + Infinity + 16) << 46) | (Low >> 18);
    }

    internal static ExtendedFloat Parse(ReadOnlySpan<byte> text)
    {
        int at = 0;
        while (at < text.Length && text[at] is (byte)' ' or (>= 9 and <= 13)) at++;
        bool isNegative = false;
        if (at < text.Length && text[at] is (byte)'-' or (byte)'+') isNegative = text[at++] == '-';
        ReadOnlySpan<byte> rest = text[at..];
        if (StartsWith(rest, "inf"u8)) return Signed(Infinity, 0, isNegative);
        if (StartsWith(rest, "nan"u8)) return new ExtendedFloat(isNegative ? NegativeNotANumber : NotANumber, 0);
        return StartsWith(rest, "0x"u8) && TryParseHex(rest[2..], isNegative, out ExtendedFloat hex) ? hex : ParseDecimal(rest, isNegative);
    }

    private static bool StartsWith(ReadOnlySpan<byte> text, ReadOnlySpan<byte> lower)
    {
        if (text.Length < lower.Length) return false;
        for (int index = 0; index < lower.Length; index++)
        {
            byte value = text[index];
            if (char.ToLowerInvariant((char)value) != (char)lower[index]) return false;
        }

        return true;
    }

    private static ExtendedFloat ParseDecimal(ReadOnlySpan<byte> text, bool isNegative)
    {
        int at = 0;
        int digits = 0;
        BigInteger value = BigInteger.Zero;
        ulong part = 0;
        int partDigits = 0;
        int exponent = 0;
        bool isFraction = false;
        for (; at < text.Length; at++)
        {
            if (text[at] == '.' && !isFraction)
            {
                isFraction = true;
                continue;
            }

            if (!char.IsAsciiDigit((char)text[at])) break;
            digits++;
            part = (part * 10) + (ulong)(text[at] - '0');
            if (isFraction) exponent--;
            if (++partDigits < 18) continue;
            value = (value * 1_000_000_000_000_000_000) + part;
            part = 0;
            partDigits = 0;
        }

        if (digits == 0) return new ExtendedFloat(NoNumber, 0);
        value = (value * BigInteger.Pow(10, partDigits)) + part;
        exponent += ParseExponent(text[at..], 'e');
        if (value.IsZero) return Signed(0, 0, isNegative);
        int magnitude = digits + exponent;
        if (magnitude > 6000) return Signed(Infinity, 0, isNegative);
        if (magnitude < -6000) return Signed(0, 0, isNegative);
        return exponent >= 0
            ? Round(value * BigInteger.Pow(10, exponent), BigInteger.One, 0, isNegative)
            : Round(value, BigInteger.Pow(10, -exponent), 0, isNegative);
    }

    private static bool TryParseHex(ReadOnlySpan<byte> text, bool isNegative, out ExtendedFloat result)
    {
        BigInteger value = BigInteger.Zero;
        int digits = 0;
        int exponent = 0;
        bool isFraction = false;
        int at = 0;
        for (; at < text.Length; at++)
        {
            if (text[at] == '.' && !isFraction)
            {
                isFraction = true;
                continue;
            }

            if (!char.IsAsciiHexDigit((char)text[at])) break;
            digits++;
            value = (value << 4) + Convert.FromHexString([(char)'0', (char)text[at]])[0];
            if (isFraction) exponent -= 4;
        }

        result = default;
        if (digits == 0) return false;
        exponent += ParseExponent(text[at..], 'p');
        result = value.IsZero ? Signed(0, 0, isNegative) : Round(value, BigInteger.One, exponent, isNegative);
        return true;
    }

    private static int ParseExponent(ReadOnlySpan<byte> text, char letter)
    {
        if (text.IsEmpty || char.ToLowerInvariant((char)text[0]) != letter) return 0;
        int at = 1;
        bool isNegative = false;
        if (at < text.Length && text[at] is (byte)'-' or (byte)'+') isNegative = text[at++] == '-';
        int exponent = 0;
        for (; at < text.Length && char.IsAsciiDigit((char)text[at]); at++) exponent = Math.Min((exponent * 10) + text[at] - '0',
            ExponentDigitsMax);
        return isNegative ? -exponent : exponent;
    }

    // The value is numerator / denominator * 2^shift, and not zero.
    private static ExtendedFloat Round(BigInteger numerator, BigInteger denominator, int shift, bool isNegative)
    {
        long exponent = numerator.GetBitLength() - denominator.GetBitLength();
        if (exponent + shift > ExponentMost + 2L) return Signed(Infinity, 0, isNegative);
        if (exponent + shift < ExponentLeast - MantissaBits - 2L) return Signed(0, 0, isNegative);

        // The exponent of the highest bit, which the quotient's length leaves one bit unsure.
        if (Less(numerator, denominator, (int)exponent)) exponent--;
        int lowest = (int)Math.Max(exponent + shift, ExponentLeast) - (MantissaBits - 1);
        int scale = shift - lowest;
        BigInteger top = scale >= 0 ? numerator << scale : numerator;
        BigInteger bottom = scale >= 0 ? denominator : denominator << -scale;
        BigInteger mantissa = BigInteger.DivRem(top, bottom, out BigInteger rest);
        int half = (rest << 1).CompareTo(bottom);
        if (half > 0 || (half == 0 && !mantissa.IsEven)) mantissa += 1;
        if (mantissa.GetBitLength() > MantissaBits)
        {
            mantissa >>= 1;
            lowest++;
        }

        if (lowest + MantissaBits - 1 > ExponentMost) return Signed(Infinity, 0, isNegative);
        if (mantissa.IsZero) return Signed(0, 0, isNegative);
        return Signed(lowest + MantissaBits - 1 + ExponentShift, (ulong)mantissa, isNegative);
    }

    private static bool Less(BigInteger numerator, BigInteger denominator, int exponent) =>
        exponent >= 0 ? numerator < denominator << exponent : numerator << -exponent < denominator;

    private static ExtendedFloat Signed(int exponent, ulong mantissa, bool isNegative) => isNegative && exponent != 0
        ? new ExtendedFloat(-exponent, ~mantissa)
        : new ExtendedFloat(exponent, mantissa);
}
