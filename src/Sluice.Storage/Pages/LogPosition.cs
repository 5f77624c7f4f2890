using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Sluice.Storage;

/// <summary>A position in the write-ahead log (PostgreSQL's LSN): a count of bytes since its beginning.</summary>
/// <param name="Value">The number of bytes.</param>
public readonly record struct LogPosition(ulong Value) : IComparable<LogPosition>
{
    /// <summary>No position; before every other.</summary>
    public static LogPosition Invalid => default;

    /// <summary>Whether it is a position at all.</summary>
    public bool IsValid => Value != 0;

    /// <inheritdoc/>
    public int CompareTo(LogPosition other) => Value.CompareTo(other.Value);

    /// <summary>Whether one position comes before another.</summary>
    public static bool operator <(LogPosition left, LogPosition right) => left.Value < right.Value;

    /// <summary>Whether one position comes after another.</summary>
    public static bool operator >(LogPosition left, LogPosition right) => left.Value > right.Value;

    /// <summary>Whether one position is another or comes before it.</summary>
    public static bool operator <=(LogPosition left, LogPosition right) => left.Value <= right.Value;

    /// <summary>Whether one position is another or comes after it.</summary>
    public static bool operator >=(LogPosition left, LogPosition right) => left.Value >= right.Value;

    /// <summary>The later of two positions.</summary>
    /// <param name="left">The one.</param>
    /// <param name="right">The other.</param>
    public static LogPosition Max(LogPosition left, LogPosition right) => left.Value >= right.Value ? left : right;

    /// <summary>Reads what <see cref="ToString"/> writes: two hexadecimal numbers with a slash between them.</summary>
    /// <param name="text">The text.</param>
    /// <param name="position">The position.</param>
    /// <returns>False when it is no position.</returns>
    public static bool TryParse([NotNullWhen(true)] string? text, out LogPosition position)
    {
        position = default;
        if (text is null) return false;
        int slash = text.IndexOf('/', StringComparison.Ordinal);
        if (slash < 0
            || !uint.TryParse(text.AsSpan(0, slash), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out uint high)
            || !uint.TryParse(text.AsSpan(slash + 1), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out uint low))
        {
            return false;
        }

        position = new LogPosition(((ulong)high << 32) | low);
        return true;
    }

    /// <summary>As PostgreSQL writes it: <c>16/B374D848</c>.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{(uint)(Value >> 32):X}/{(uint)Value:X}");
}
