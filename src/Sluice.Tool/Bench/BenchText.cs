using System.Globalization;

namespace Sluice.Tool.Bench;

/// <summary>Numbers for people, the same in the table and on the page.</summary>
internal static class BenchText
{
    /// <summary>A size as an argument that gives exactly this size again: <c>8k</c>, <c>1G</c>.</summary>
    internal static string Argument(long bytes)
    {
        string[] suffixes = ["", "k", "M", "G", "T"];
        int unit = 0;
        while (unit < suffixes.Length - 1 && bytes != 0 && bytes % 1024 == 0)
        {
            bytes /= 1024;
            unit++;
        }

        return bytes.ToString(CultureInfo.InvariantCulture) + suffixes[unit];
    }

    /// <summary>A count with separators: <c>65,432</c>.</summary>
    internal static string Count(double value) => value.ToString("#,0", CultureInfo.InvariantCulture);

    /// <summary>A number with three significant digits at most behind the point.</summary>
    internal static string Number(double value) => value switch
    {
        0 => "0",
        >= 100 => Count(value),
        >= 10 => value.ToString("0.0", CultureInfo.InvariantCulture),
        >= 0.1 => value.ToString("0.00", CultureInfo.InvariantCulture),
        _ => value.ToString("0.000", CultureInfo.InvariantCulture),
    };

    /// <summary>Mebibytes per second.</summary>
    internal static string MebibytesPerSecond(double bytesPerSecond) => Number(bytesPerSecond / (1 << 20));

    /// <summary>A time in microseconds, with its unit.</summary>
    internal static string Time(double microseconds) => microseconds switch
    {
        >= 1000 => $"{Number(microseconds / 1000)} ms",
        >= 1 => $"{Number(microseconds)} us",
        0 => "0",
        _ => $"{Number(microseconds * 1000)} ns",
    };

    /// <summary>A ratio: <c>1.93x</c>.</summary>
    internal static string Ratio(double value) =>
        $"{value.ToString(value >= 100 ? "0" : value >= 10 ? "0.0" : "0.00", CultureInfo.InvariantCulture)}x";
}
