using System.Globalization;

namespace Sluice.Tool.Bench;

/// <summary>Sizes as people write them: <c>8k</c>, <c>1G</c>, <c>128KiB</c>, <c>4096</c>. All units are powers of 1024.</summary>
internal static class ByteSize
{
    private const string Units = "kmgt";

    /// <summary>Reads a size.</summary>
    /// <param name="text">A whole number, then nothing, <c>B</c>, or one of k, m, g, t in either case, alone or followed by <c>B</c> or <c>iB</c>.</param>
    /// <param name="bytes">The size.</param>
    /// <returns>False when the text is no size, or the size is too large to count.</returns>
    internal static bool TryParse(ReadOnlySpan<char> text, out long bytes)
    {
        text = text.Trim();
        int digits = 0;
        while (digits < text.Length && char.IsAsciiDigit(text[digits])) digits++;
        bytes = 0;
        if (!long.TryParse(text[..digits], NumberStyles.None, CultureInfo.InvariantCulture, out long number)) return false;
        if (!TryShift(text[digits..].Trim(), out int shift) || number > long.MaxValue >> shift) return false;
        bytes = number << shift;
        return true;
    }

    /// <summary>Writes a size in the largest unit that keeps it whole, so that it can be read again exactly: <c>8k</c>, <c>1G</c>.</summary>
    internal static string Format(long bytes)
    {
        int unit = 0;
        while (unit < Units.Length && bytes != 0 && bytes % 1024 == 0)
        {
            bytes /= 1024;
            unit++;
        }

        string suffix = unit == 0 ? "" : unit == 1 ? "k" : Units[unit - 1].ToString().ToUpperInvariant();
        return bytes.ToString(CultureInfo.InvariantCulture) + suffix;
    }

    /// <summary>Writes a size for reading: <c>8 KiB</c>, <c>1.5 GiB</c>.</summary>
    internal static string ToText(long bytes)
    {
        string[] names = ["B", "KiB", "MiB", "GiB", "TiB"];
        double value = bytes;
        int unit = 0;
        while (value >= 1024 && unit < names.Length - 1)
        {
            value /= 1024;
            unit++;
        }

        return $"{value.ToString("0.#", CultureInfo.InvariantCulture)} {names[unit]}";
    }

    private static bool TryShift(ReadOnlySpan<char> suffix, out int shift)
    {
        shift = 0;
        if (suffix.Length == 0 || suffix is "B" or "b") return true;
        int unit = Units.IndexOf(char.ToLowerInvariant(suffix[0]));
        if (unit < 0) return false;
        shift = 10 * (unit + 1);
        return suffix[1..].Length == 0 || suffix[1..].Equals("B", StringComparison.OrdinalIgnoreCase) || suffix[1..].Equals("iB", StringComparison.OrdinalIgnoreCase);
    }
}
