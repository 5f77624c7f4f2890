using System.Buffers.Binary;

namespace Ledger;

/// <summary>What is decided when a ledger is made. It stands in <c>ledger.state</c>, which is written last: a ledger without it was
/// never finished.</summary>
/// <param name="Accounts">How many accounts there are.</param>
/// <param name="Seed">What the transfers follow from; see <see cref="TransferPlan"/>.</param>
internal sealed record LedgerShape(int Accounts, ulong Seed)
{
    internal const int AccountsMax = 100_000_000;
    private const int Bytes = 16;
    private const int Version = 1;

    internal byte[] ToBytes()
    {
        byte[] bytes = new byte[Bytes];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, Version);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(4), Accounts);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(8), Seed);
        return bytes;
    }

    internal static LedgerShape FromBytes(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length == Bytes && BinaryPrimitives.ReadInt32LittleEndian(bytes) == Version)
        {
            return new LedgerShape(BinaryPrimitives.ReadInt32LittleEndian(bytes[4..]), BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]));
        }

        throw new LedgerException($"{LedgerEngine.StateFile} has another format than this program reads: use the program that made the ledger.");
    }
}
