using System.Diagnostics;

namespace Ledger;

/// <summary>
/// One client: makes a transfer, waits until it lasts, says so, makes the next. A flow of its own, on threads of the pool.
/// </summary>
/// <param name="ledger">The ledger.</param>
/// <param name="number">Which client.</param>
/// <param name="burst">How many transfers it makes before it waits for the last of them: the log is durable in order, so all of them last
/// then.</param>
/// <param name="acknowledge">Told which transfer is the last that lasts; null for nobody.</param>
internal sealed class Client(LedgerEngine ledger, int number, int burst = 1, Action<int, long>? acknowledge = null)
{
    /// <summary>
    /// How long each commit took, from asking to lasting, in ticks of the clock. All are kept: ten seconds are a few MiB.
    /// </summary>
    internal List<long> Latencies { get; } = [];

    /// <summary>Works until it is stopped, or the ledger fails.</summary>
    internal async Task RunAsync(CancellationToken stopping)
    {
        // Each client has its own session, and so its own context: its I/O never waits for handles that others hold.
        await using LedgerSession session = ledger.CreateSession($"client {number}");
        long done = await session.ReadReceiptAsync(number);
        while (!stopping.IsCancellationRequested)
        {
            long begun = Stopwatch.GetTimestamp();
            LogPosition end = default;
            for (int made = 0; made < burst; made++)
            {
                end = await ledger.TransferAsync(session, TransferPlan.Of(ledger.Shape, number, ++done));
            }

            await ledger.CommitAsync(end);

            // Only now. Whoever hears of it may rely on it, whatever dies next.
            acknowledge?.Invoke(number, done);
            Latencies.Add(Stopwatch.GetTimestamp() - begun);
        }
    }
}
