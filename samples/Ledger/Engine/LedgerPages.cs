using System.Buffers.Binary;

namespace Ledger;

/// <summary>
/// Where things stand in the one relation that a ledger has. A number of 8 bytes each, 1000 to a page, behind the page's header: first
/// the receipts, one
/// page for each client, of which only the first number is used; then the accounts.
/// </summary>
/// <remarks>
/// A receipt says how many transfers of that client there are. Each client has a page of its own because a transfer locks the pages it
/// changes:
/// if all receipts stood in one page, no two transfers could be made at once.
/// </remarks>
internal static class LedgerPages
{
    internal const int ClientsMax = 128;
    internal const int AccountsPerPage = 1000;
    internal const long FirstBalance = 1000;

    // Any numbers will do: the file is DIR/base/1/1000.
    internal static readonly RelationId Relation = new(RelationId.DefaultTablespace, 1, 1000);

    internal static uint BlockCount(int accounts) => (uint)(ClientsMax + ((accounts + AccountsPerPage - 1) / AccountsPerPage));

    internal static uint BlockOfReceipt(int client) => (uint)client;

    internal static uint BlockOfAccount(int account) => (uint)(ClientsMax + (account / AccountsPerPage));

    internal static long ReadReceipt(ReadOnlySpan<byte> page) => BinaryPrimitives.ReadInt64LittleEndian(page[StorageLimits.PageHeaderBytes..]);

    internal static void WriteReceipt(Span<byte> page, long transfers) =>
        BinaryPrimitives.WriteInt64LittleEndian(page[StorageLimits.PageHeaderBytes..], transfers);

    internal static long ReadBalance(ReadOnlySpan<byte> page, int account) => BinaryPrimitives.ReadInt64LittleEndian(page[OffsetOf(account)..]);

    internal static void WriteBalance(Span<byte> page, int account, long balance) =>
        BinaryPrimitives.WriteInt64LittleEndian(page[OffsetOf(account)..], balance);

    /// <summary>What a page holds before the first transfer.</summary>
    internal static void Fill(Span<byte> page, uint block, int accounts)
    {
        PageHeader.Initialize(page);
        int first = ((int)block - ClientsMax) * AccountsPerPage;
        int count = block < ClientsMax ? 1 : Math.Min(AccountsPerPage, accounts - first);
        if (block >= ClientsMax)
        {
            for (int index = 0; index < count; index++) WriteBalance(page, index, FirstBalance);
        }

        // Says up to where the page is used: what is behind is left out when the log takes an image of the page.
        PageHeader header = new(page) { Lower = StorageLimits.PageHeaderBytes + (count * sizeof(long)) };
        _ = header;
    }

    private static int OffsetOf(int account) => StorageLimits.PageHeaderBytes + (account % AccountsPerPage * sizeof(long));
}
