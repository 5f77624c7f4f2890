namespace Sluice.Storage;

/// <summary>The rule by which a page that was read is accepted: PostgreSQL's. Any thread; nothing is kept.</summary>
public static class PageVerifier
{
    /// <summary>Judges a page.</summary>
    /// <param name="page">A whole page.</param>
    /// <param name="blockNumber">Its number within its fork, which the checksum covers: a page in another's place is found.</param>
    /// <param name="checksums">Whether checksums are on. Without them only the header is looked at.</param>
    public static PageVerdict Verify(ReadOnlySpan<byte> page, uint blockNumber, bool checksums)
    {
        if (PageHeader.IsNewPage(page)) return IsZero(page) ? PageVerdict.New : PageVerdict.BadHeader;
        bool isSane = PageHeader.IsSane(page);
        bool matches = !checksums || PageChecksum.Compute(page, blockNumber) == PageHeader.ChecksumOf(page);
        return (isSane, matches) switch
        {
            (true, true) => PageVerdict.Valid,
            (false, true) => PageVerdict.BadHeader,
            (true, false) => PageVerdict.BadChecksum,
            (false, false) => PageVerdict.BadBoth,
        };
    }

    /// <summary>Whether a page may be used.</summary>
    /// <param name="verdict">What <see cref="Verify"/> said.</param>
    /// <param name="ignoreChecksumFailure">Whether a page with a sane header is used although its checksum is wrong.</param>
    public static bool IsAccepted(PageVerdict verdict, bool ignoreChecksumFailure = false) =>
        verdict is PageVerdict.Valid or PageVerdict.New || (ignoreChecksumFailure && verdict == PageVerdict.BadChecksum);

    /// <summary>Whether every byte is zero.</summary>
    /// <param name="page">The page.</param>
    public static bool IsZero(ReadOnlySpan<byte> page) => page.IndexOfAnyExcept((byte)0) < 0;
}
