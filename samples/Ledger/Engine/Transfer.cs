using System.Buffers.Binary;

namespace Ledger;

/// <summary>One transfer: what the log keeps of it, and what it changes.</summary>
/// <param name="Client">Who asked for it.</param>
/// <param name="Number">Which of this client's transfers it is, from 1.</param>
/// <param name="From">The account that pays; it may go below zero.</param>
/// <param name="To">The account that is paid, another one.</param>
/// <param name="Amount">How much.</param>
internal readonly record struct Transfer(int Client, long Number, int From, int To, long Amount)
{
    internal const int Bytes = 28;
    internal const int PagesMax = 3;

    internal void Write(Span<byte> payload)
    {
        BinaryPrimitives.WriteInt32LittleEndian(payload, Client);
        BinaryPrimitives.WriteInt64LittleEndian(payload[4..], Number);
        BinaryPrimitives.WriteInt32LittleEndian(payload[12..], From);
        BinaryPrimitives.WriteInt32LittleEndian(payload[16..], To);
        BinaryPrimitives.WriteInt64LittleEndian(payload[20..], Amount);
    }

    internal static Transfer Read(ReadOnlySpan<byte> payload) => new(
        BinaryPrimitives.ReadInt32LittleEndian(payload), BinaryPrimitives.ReadInt64LittleEndian(payload[4..]),
        BinaryPrimitives.ReadInt32LittleEndian(payload[12..]), BinaryPrimitives.ReadInt32LittleEndian(payload[16..]),
        BinaryPrimitives.ReadInt64LittleEndian(payload[20..]));

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
    /// runs: the
    /// two cannot come to differ.
    /// </summary>
    internal void ApplyTo(Span<byte> page, uint block)
    {
        if (block == LedgerPages.BlockOfReceipt(Client)) LedgerPages.WriteReceipt(page, Number);
        if (block == LedgerPages.BlockOfAccount(From)) LedgerPages.WriteBalance(page, From, LedgerPages.ReadBalance(page, From) - Amount);
        if (block == LedgerPages.BlockOfAccount(To)) LedgerPages.WriteBalance(page, To, LedgerPages.ReadBalance(page, To) + Amount);
    }
}
