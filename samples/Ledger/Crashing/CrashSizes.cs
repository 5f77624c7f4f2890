namespace Ledger;

/// <summary>Sizes for crash tests: everything is too small, so that what is rare elsewhere happens all the time.</summary>
internal static class CrashSizes
{
    internal static LedgerOptions Options(CommandLine line) => new()
    {
        NewShape = new LedgerShape(line.Number("accounts", 100_000, 2, LedgerShape.AccountsMax), (ulong)line.Number("seed", 1, 0, int.MaxValue)),

        // Fewer pages in memory than the ledger has: a page is written whenever its place is needed, and its record must be durable by then.
        BufferCount = 64,
        Log = new WalOptions
        {
            // A new segment, and an old one used again, every few thousand transfers; a ring that is full now and then.
            SegmentBytes = 1 << 20,
            RingBytes = 256 << 10,
            SegmentsAhead = 1,
            RecycledSegmentsMax = 2,
            SyncForm = line.SyncForm(),
        },
        Mistake = line.Choice("mistake", LedgerMistake.None),
    };
}
