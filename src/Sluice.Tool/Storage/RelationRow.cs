using System.Globalization;
using Sluice.Storage;

namespace Sluice.Tool.Storage;

/// <summary>One page's header.</summary>
internal sealed record RelationRow(
    uint Block,
    PageVerdict Verdict,
    LogPosition LogPosition,
    ushort Checksum,
    ushort Expected,
    PageFlags Flags,
    int Lower,
    int Upper,
    int Special,
    int LineCount,
    int FreeBytes,
    uint PruneTransaction)
{
    internal const string Header = "     block  log position       checksum   flags  lower  upper special  lines   free  prune xid";

    private bool HasChecksum => Checksum != 0;

    /// <summary>Looks at a page. One without a stored checksum is not held against it: whether they are on is not known here.</summary>
    internal static RelationRow Of(Span<byte> page, uint block)
    {
        PageHeader header = new(page);
        PageVerdict verdict = PageVerifier.Verify(page, block, checksums: header.Checksum != 0);
        int free = verdict == PageVerdict.New ? StorageLimits.PageBytes - StorageLimits.PageHeaderBytes : header.FreeBytes;
        return new RelationRow(
            block,
            verdict,
            header.LogPosition,
            header.Checksum,
            PageChecksum.Compute(page, block),
            header.Flags,
            header.Lower,
            header.Upper,
            header.Special,
            header.LinePointerCount, free, header.PruneTransaction);
    }

    public override string ToString()
    {
        if (Verdict == PageVerdict.New) return string.Create(CultureInfo.InvariantCulture, $"{Block,10}  new{FreeBytes,70}");
        string checksum = !HasChecksum ? "none" : Checksum == Expected ? $"{Checksum:X4}" : string.Create(
            CultureInfo.InvariantCulture, $"{Checksum:X4} not {Expected:X4}");
        string remark = Verdict is PageVerdict.BadHeader or PageVerdict.BadBoth ? "  bad header" : "";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{Block,10}  {LogPosition,-17}{checksum,-13}{Letters(),5}{Lower,7}{Upper,7}"
                + $"{Special,8}{LineCount,7}{FreeBytes,7}{PruneTransaction,11}{remark}");
    }

    internal object ToJson() => new
    {
        block = Block,
        what = Verdict.ToString(),
        logPosition = LogPosition.ToString(),
        checksum = Checksum.ToString("X4", CultureInfo.InvariantCulture),
        expected = Expected.ToString("X4", CultureInfo.InvariantCulture),
        flags = (int)Flags,
        lower = Lower,
        upper = Upper,
        special = Special,
        lines = LineCount,
        freeBytes = FreeBytes,
        pruneTransaction = PruneTransaction,
    };

    private string Letters()
    {
        string letters = (Flags.HasFlag(PageFlags.HasFreeLines) ? "l" : "")
            + (Flags.HasFlag(PageFlags.IsFull) ? "f" : "")
            + (Flags.HasFlag(PageFlags.AllVisible) ? "v" : "");
        return (Flags & ~PageFlags.Valid) != 0 ? letters + "?" : letters.Length == 0 ? "-" : letters;
    }
}
