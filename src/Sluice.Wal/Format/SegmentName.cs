using System.Globalization;

namespace Sluice.Wal;

/// <summary>Names of segments as PostgreSQL's: timeline, high half and number within it, eight hexadecimal digits each.</summary>
internal static class SegmentName
{
    internal const int Length = 24;

    internal static string Of(uint timeline, ulong segment, int segmentBytes)
    {
        ulong perHigh = (1UL << 32) / (ulong)segmentBytes;
        return string.Create(CultureInfo.InvariantCulture, $"{timeline:X8}{segment / perHigh:X8}{segment % perHigh:X8}");
    }

    internal static bool TryParse(string name, int segmentBytes, out uint timeline, out ulong segment)
    {
        timeline = 0;
        segment = 0;
        if (name.Length != Length) return false;
        ulong perHigh = (1UL << 32) / (ulong)segmentBytes;
        if (!TryPart(name, 0, out timeline) || !TryPart(name, 8, out uint high) || !TryPart(name, 16, out uint low) || low >= perHigh) return false;
        segment = (high * perHigh) + low;
        return true;
    }

    private static bool TryPart(string name, int start, out uint value) =>
        uint.TryParse(name.AsSpan(start, 8), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value);
}
