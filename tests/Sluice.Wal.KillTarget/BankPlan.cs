using System.Buffers.Binary;

namespace Sluice.Wal.KillTarget;

/// <summary>
/// Which transfer a client makes as its nth, and what it does to pages: known to the process that is killed and to whoever looks
/// afterwards. So the balances follow from how many transfers of each client are there.
/// </summary>
internal static class BankPlan
{
    internal const int AccountPages = 100;
    internal const int AccountsPerPage = 16;
    internal const int Clients = 4;

    /// <summary>Behind the accounts each client has a page, with the number of its last transfer.</summary>
    internal const int Pages = AccountPages + Clients;
    internal const int PayloadBytes = 18;

    // All over the page: one that is torn in the midst has old balances and new ones.
    private const int SlotBytes = 504;
    private const long Balance = 1000;

    /// <summary>The transfer a client makes as its nth: always between two pages.</summary>
    internal static (int From, int To, long Amount) Of(int client, long number)
    {
        ulong random = Mix(((ulong)client << 48) ^ (ulong)number);
        int from = (int)(random % (AccountPages * AccountsPerPage));
        int distance = AccountsPerPage + (int)((random >> 20) % ((AccountPages - 2) * AccountsPerPage));
        return (from, (from + distance) % (AccountPages * AccountsPerPage), 1 + (long)((random >> 40) % 90));
    }

    internal static void Initialize(Span<byte> page, uint block)
    {
        PageHeader.Initialize(page);
        for (int slot = 0; slot < AccountsPerPage; slot++) Write(page, slot, block < AccountPages ? Balance : 0);

        // No hole: what stands in one is left out of an image.
        PageHeader header = new(page);
        header.Lower = header.Upper;
    }

    internal static void WritePayload(Span<byte> payload, int client, long number)
    {
        (int from, int to, long amount) = Of(client, number);
        BinaryPrimitives.WriteInt64LittleEndian(payload, amount);
        BinaryPrimitives.WriteInt64LittleEndian(payload[8..], number);
        payload[16] = (byte)(from % AccountsPerPage);
        payload[17] = (byte)(to % AccountsPerPage);
    }

    /// <summary>Makes the change of one of a transfer's three pages: that of the giver, of the taker, of the client.</summary>
    internal static void Change(int index, Span<byte> page, ReadOnlySpan<byte> payload)
    {
        long amount = BinaryPrimitives.ReadInt64LittleEndian(payload);
        if (index == 0) Write(page, payload[16], Read(page, payload[16]) - amount);
        else if (index == 1) Write(page, payload[17], Read(page, payload[17]) + amount);
        else Write(page, 0, BinaryPrimitives.ReadInt64LittleEndian(payload[8..]));
    }

    internal static long Read(ReadOnlySpan<byte> page, int slot) => BinaryPrimitives.ReadInt64LittleEndian(page[At(slot)..]);

    /// <summary>The balances when so many transfers of each client are there.</summary>
    internal static long[] BalancesAfter(ReadOnlySpan<long> numbers)
    {
        long[] balances = new long[AccountPages * AccountsPerPage];
        Array.Fill(balances, Balance);
        for (int client = 0; client < numbers.Length; client++)
        {
            for (long number = 1; number <= numbers[client]; number++)
            {
                (int from, int to, long amount) = Of(client, number);
                balances[from] -= amount;
                balances[to] += amount;
            }
        }

        return balances;
    }

    private static void Write(Span<byte> page, int slot, long value) => BinaryPrimitives.WriteInt64LittleEndian(page[At(slot)..], value);

    private static int At(int slot) => StorageLimits.PageHeaderBytes + (slot * SlotBytes);

    private static ulong Mix(ulong value)
    {
        value = (value + 0x9E3779B97F4A7C15) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }
}
