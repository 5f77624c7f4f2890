namespace Ledger;

/// <summary>Sizes for crash tests: everything is too small, so that what is rare elsewhere happens all the time.</summary>
internal static class CrashSizes
{
    internal static LedgerOptions Options(CommandLine line)
    {
        bool isInBursts = line.Number("burst", 1, 1, 1000) > 1;
        return new LedgerOptions
        {
            NewShape = new LedgerShape(line.Number("accounts", 100_000, 2, LedgerShape.AccountsMax), (ulong)line.Number("seed", 1, 0, int.MaxValue)),

            // Fewer pages in memory than the ledger has: a page is written whenever its place is needed, and its record must be durable
            // by then.
            BufferCount = 64,
            Log = new WalOptions
            {
                // A new segment, and an old one used again, every few hundred transfers.
                SegmentBytes = 1 << 20,

                // Either it is full all the time; or nothing of the log is written before somebody waits for it, or a page's write does,
                // so that
                // as much as can be dies with the process.
                RingBytes = isInBursts ? 4 << 20 : 256 << 10,
                EagerWriteBytes = isInBursts ? 1 << 30 : 64 << 10,
                SegmentsAhead = 1,
                RecycledSegmentsMax = 2,
                SyncForm = line.SyncForm(),
            },
            Mistake = line.Choice("mistake", LedgerMistake.None),
        };
    }
}
