using System.Globalization;

namespace Sluice.Tool.Infrastructure;

/// <summary>Sizes as people write them: <c>4096</c>, <c>8k</c>, <c>1M</c>, <c>2GiB</c>; powers of 1024.</summary>
internal static class ByteSize
{
    private const string Letters = "kmgt";
    private static readonly string[] s_units = ["B", "KiB", "MiB", "GiB", "TiB"];

    /// <summary>Reads a size.</summary>
    /// <param name="text">The text.</param>
    /// <param name="bytes">The size in bytes.</param>
    /// <returns>False when it is none.</returns>
    internal static bool TryParse(string text, out long bytes)
    {
        bytes = 0;
        string rest = text.Trim().ToLowerInvariant();
        if (rest.EndsWith("ib", StringComparison.Ordinal)) rest = rest[..^2];
        else if (rest.EndsWith('b')) rest = rest[..^1];
        int shift = 0;
        if (rest.Length > 0 && Letters.IndexOf(rest[^1], StringComparison.Ordinal) is >= 0 and int power)
        {
            shift = 10 * (power + 1);
            rest = rest[..^1];
        }

        if (!long.TryParse(rest, NumberStyles.None, CultureInfo.InvariantCulture, out long number)) return false;
        if (number > long.MaxValue >> shift) return false;
        bytes = number << shift;
        return true;
    }

    /// <summary>Writes a size for people: <c>1.5 GiB</c>.</summary>
    /// <param name="bytes">The size in bytes.</param>
    internal static string Format(double bytes)
    {
        int unit = 0;
        while (bytes >= 1024 && unit < s_units.Length - 1)
        {
            bytes /= 1024;
            unit++;
        }

        string number = bytes.ToString(unit == 0 || bytes >= 100 ? "0" : "0.#", CultureInfo.InvariantCulture);
        return $"{number} {s_units[unit]}";
    }
}
