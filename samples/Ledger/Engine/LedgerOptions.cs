using System.Buffers.Binary;

namespace Ledger;

/// <summary>How a ledger is opened.</summary>
internal sealed record LedgerOptions
{
    /// <summary>What to make where there is no ledger; null to refuse then.</summary>
    internal LedgerShape? NewShape { get; init; }

    /// <summary>How many pages of 8 KiB are kept in memory.</summary>
    internal int BufferCount { get; init; } = 8192;

    /// <summary>The log's sizes, and how commits become durable.</summary>
    internal WalOptions Log { get; init; } = new();

    /// <summary>What is done wrong on purpose: so that one can see the crash test find it.</summary>
    internal LedgerMistake Mistake { get; init; }

    /// <summary>Told when a ledger is there and recovery begins.</summary>
    internal Action? Recovering { get; init; }

    /// <summary>Told how far recovery has come in the log, about once for each MiB; null for nobody.</summary>
    internal IProgress<LogPosition>? Progress { get; init; }
}

/// <summary>
/// What is decided when a ledger is made. Stands in <c>ledger.state</c>, which is written last: without it a ledger was never finished.
/// </summary>
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
        bool isKnown = bytes.Length == Bytes && BinaryPrimitives.ReadInt32LittleEndian(bytes) == Version;
        if (!isKnown)
        {
            throw new LedgerException(
                $"{LedgerEngine.StateFile} has another format than this program reads: use the program that made the ledger.");
        }

        return new LedgerShape(BinaryPrimitives.ReadInt32LittleEndian(bytes[4..]), BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]));
    }
}

/// <summary>A mistake that engines really have had, to be made on purpose.</summary>
internal enum LedgerMistake
{
    None,

    /// <summary>A transfer is acknowledged when it is in the log's memory, not when it is durable.</summary>
    AcknowledgeEarly,
}

/// <summary>
/// Something that the user should know, in one line; and how the program ends: 1 when it failed, 2 when it was asked for what there is not.
/// </summary>
internal sealed class LedgerException(string message, int exitCode = 1) : Exception(message)
{
    internal int ExitCode { get; } = exitCode;
}
