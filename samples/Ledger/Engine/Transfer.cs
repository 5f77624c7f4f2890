using System.Runtime.InteropServices;

namespace Ledger;

/// <summary>One transfer: what the log keeps of it, as it stands in memory, and what it changes.</summary>
/// <param name="Client">Who asked for it.</param>
/// <param name="Number">Which of this client's transfers it is, from 1.</param>
/// <param name="From">The account that pays; it may go below zero.</param>
/// <param name="To">The account that is paid, another one.</param>
/// <param name="Amount">How much.</param>
[StructLayout(LayoutKind.Sequential, Pack = 4)]
internal readonly record struct Transfer(int Client, long Number, int From, int To, long Amount)
{
    internal const int Bytes = 28;
    internal const int PagesMax = 3;

    /// <summary>The pages it changes, in ascending order, each once: who locks in this order never waits in a circle.</summary>
    /// <returns>How many they are: 3, or 2 when both accounts stand in one page.</returns>
    internal int FindBlocks(Span<uint> blocks)
    {
        uint from = LedgerPages.BlockOfAccount(From);
        uint to = LedgerPages.BlockOfAccount(To);

        // Receipts stand before accounts.
        blocks[0] = LedgerPages.BlockOfReceipt(Client);
        blocks[1] = Math.Min(from, to);
        blocks[2] = Math.Max(from, to);
        return from == to ? 2 : 3;
    }

    /// <summary>
    /// Changes whatever of this transfer stands in a page. When the transfer is made and when it is made again in recovery the same code
    /// runs: the two cannot come to differ.
    /// </summary>
    internal void ApplyTo(Span<byte> page, uint block)
    {
        if (block == LedgerPages.BlockOfReceipt(Client)) LedgerPages.Receipt(page) = Number;
        if (block == LedgerPages.BlockOfAccount(From)) LedgerPages.Balance(page, From) -= Amount;
        if (block == LedgerPages.BlockOfAccount(To)) LedgerPages.Balance(page, To) += Amount;
    }
}

/// <summary>
/// The one kind of record in a ledger's log. The attribute gives it a number, which stands in every record and is never changed again; the
/// generator adds the constant <c>Kind</c> and the class <c>LedgerLogRecords</c>, by which a registry learns all kinds of this program.
/// </summary>
[LogRecord(PageLog.KindsFrom + 1, "transfer")]
internal static partial class TransferRecord
{
    // Called in recovery, once for each page of a record that lacks the change, in the order in which the pages were added with it. What
    // has the change already is not shown here: the log compared positions.
    private static void RedoPage(int index, Span<byte> page, ReadOnlySpan<byte> payload)
    {
        Transfer transfer = MemoryMarshal.Read<Transfer>(payload);
        Span<uint> blocks = stackalloc uint[Transfer.PagesMax];
        transfer.FindBlocks(blocks);
        transfer.ApplyTo(page, blocks[index]);
    }

    private static string Describe(in LogRecord record) => MemoryMarshal.Read<Transfer>(PageLog.PayloadOf(in record)).ToString();
}
