namespace Ledger;

/// <summary>
/// The one kind of record in a ledger's log. The attribute gives it a number, which stands in every record and is never changed again;
/// the generator adds
/// the constant <c>Kind</c> and the class <c>LedgerLogRecords</c>, by which a registry learns all kinds of this program.
/// </summary>
[LogRecord(PageLog.KindsFrom + 1, "transfer")]
internal static partial class TransferRecord
{
    // Called in recovery, once for each page of a record that lacks the change. What has it already is not shown here: the log compared
    // positions.
    private static void Redo(in LogRecord record, PageChange change) => Transfer.Read(change.Payload).ApplyTo(change.Page, change.Tag.BlockNumber);

    private static string Describe(in LogRecord record) => Transfer.Read(PageChange.PayloadOf(in record).Span).ToString();
}
