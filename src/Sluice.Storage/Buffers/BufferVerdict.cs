using System.Globalization;

namespace Sluice.Storage;

/// <summary>
/// What the pages of one read were found to be, in the 64 bits that a callback has: two flags, two counts and a place, sixteen bits each.
/// One I/O has 128 blocks at most, so nothing overflows.
/// </summary>
/// <param name="AnyZeroed">Whether invalid pages were zeroed.</param>
/// <param name="AnyIgnored">Whether wrong checksums were ignored.</param>
/// <param name="InvalidCount">Pages that are invalid, or were and are zeros now.</param>
/// <param name="IgnoredCount">Pages that are used although their checksum is wrong.</param>
/// <param name="FirstOffset">Where the first page is that matters most: invalid, else zeroed, else ignored.</param>
internal readonly record struct BufferVerdict(bool AnyZeroed, bool AnyIgnored, int InvalidCount, int IgnoredCount, int FirstOffset)
{
    internal ulong Pack() =>
        (AnyZeroed ? 1UL : 0) | (AnyIgnored ? 2UL : 0) | ((ulong)(ushort)InvalidCount << 16) | ((ulong)(ushort)IgnoredCount << 32) | ((ulong)(ushort)FirstOffset << 48);

    internal static BufferVerdict Unpack(ulong detail) => new(
        (detail & 1) != 0, (detail & 2) != 0, (ushort)(detail >> 16), (ushort)(detail >> 32), (ushort)(detail >> 48));

    /// <summary>One line for people.</summary>
    internal static string Report(AioResult result, AioTargetData data)
    {
        RelationTarget target = data.As<RelationTarget>();
        BufferVerdict verdict = Unpack(result.Detail);
        uint first = target.Block + (uint)verdict.FirstOffset;
        int affected = verdict.InvalidCount + verdict.IgnoredCount;
        string path = target.RelationPath;
        if (affected == 1)
        {
            return !verdict.AnyZeroed && !verdict.AnyIgnored ? Line($"invalid page in block {first} of relation \"{path}\"")
                : verdict.AnyZeroed ? Line($"invalid page in block {first} of relation \"{path}\"; zeroing out page")
                : Line($"ignoring checksum failure in block {first} of relation \"{path}\"");
        }

        string place = Line($"among blocks {target.Block}..{target.Block + Math.Max(target.BlockCount, 1) - 1} of relation \"{path}\"");
        string hint = Line($"the pool's warnings name the other {affected - 1}");
        if (verdict.AnyZeroed && verdict.AnyIgnored)
        {
            return Line($"zeroing {Pages(verdict.InvalidCount)} and ignoring {Failures(verdict.IgnoredCount)} {place}; block {first} held the first zeroed page, {hint}");
        }

        return verdict.AnyZeroed ? Line($"zeroing out {verdict.InvalidCount} invalid pages {place}; block {first} held the first zeroed page, {hint}")
            : verdict.AnyIgnored ? Line($"ignoring {verdict.IgnoredCount} checksum failures {place}; block {first} held the first ignored page, {hint}")
            : Line($"{verdict.InvalidCount} invalid pages {place}; block {first} held the first invalid page, {hint}");
    }

    private static string Pages(int count) => count == 1 ? "1 page" : Line($"{count} pages");

    private static string Failures(int count) => count == 1 ? "1 checksum failure" : Line($"{count} checksum failures");

    private static string Line(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
