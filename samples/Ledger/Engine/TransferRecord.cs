namespace Ledger;

/// <summary>
/// The one kind of record in a ledger's log. The attribute gives it a number, which stands in every record and is never changed again;
/// the generator adds
/// the constant <c>Kind</c> and the class <c>LedgerLogRecords</c>, by which a registry learns all kinds of this program.
/// </summary>
[LogRecord(PageLog.KindsFrom + 1, "transfer")]
internal static partial class TransferRecord
{
    // Called in recovery, once for each page of a record that lacks the change, in the order in which the pages were added with it. What has
    // the change already is not shown here: the log compared positions.
    private static void RedoPage(int index, Span<byte> page, ReadOnlySpan<byte> payload)
    {
        Transfer transfer = Transfer.Read(payload);
        Span<uint> blocks = stackalloc uint[Transfer.PagesMax];
        transfer.FindBlocks(blocks);
        transfer.ApplyTo(page, blocks[index]);
    }

    private static string Describe(in LogRecord record) => Transfer.Read(PageLog.PayloadOf(in record)).ToString();
}
