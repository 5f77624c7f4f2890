using System.Runtime.InteropServices;

namespace Ledger;

/// <summary>
/// Where things stand in the one relation that a ledger has: numbers of 8 bytes, 1000 to a page, behind the page's header. First the
/// receipts, one page for each client, of which only the first number is used; then the accounts.
/// </summary>
/// <remarks>
/// A receipt says how many transfers of that client there are. Each client has a page of its own because a transfer locks the pages it
/// changes: if all receipts stood in one page, no two transfers could be made at once.
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

    internal static ref long Receipt(Span<byte> page) => ref Numbers(page)[0];

    internal static ref long Balance(Span<byte> page, int account) => ref Numbers(page)[account % AccountsPerPage];

    /// <summary>What a page holds before the first transfer.</summary>
    internal static void Fill(Span<byte> page, uint block, int accounts)
    {
        PageHeader.Initialize(page);
        int first = ((int)block - ClientsMax) * AccountsPerPage;
        int count = block < ClientsMax ? 1 : Math.Min(AccountsPerPage, accounts - first);
        if (block >= ClientsMax) Numbers(page)[..count].Fill(FirstBalance);

        // Says up to where the page is used: what is behind is left out when the log takes an image of the page.
        PageHeader header = new(page) { Lower = StorageLimits.PageHeaderBytes + (count * sizeof(long)) };
        _ = header;
    }

    private static Span<long> Numbers(Span<byte> page) => MemoryMarshal.Cast<byte, long>(page[StorageLimits.PageHeaderBytes..]);
}
