using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Ledger;

/// <summary>
/// The process that is killed: recovers, then transfers and makes checkpoints for ever, and tells its parent through its standard output.
/// </summary>
internal sealed class CrashChild : IDisposable
{
    /// <summary>The command that starts it; not for people.</summary>
    internal const string Command = "crash-child";

    private readonly Lock _lock = new();

    // Without a buffer of its own: what a buffer holds dies with the process. And a write fails when the parent is gone, which ends this
    // process too.
    private readonly FileStream _parent = new(new SafeFileHandle(1, ownsHandle: false), FileAccess.Write, bufferSize: 0);

    internal static async Task<int> RunAsync(CommandLine line, CancellationToken stopping)
    {
        using CrashChild child = new();
        int clients = line.Number("clients", 8, 1, LedgerPages.ClientsMax);
        int burst = line.Number("burst", 1, 1, 1000);
        await using AioSystem system = line.StartSystem(clients);
        LedgerOptions options = Options(line) with { Recovering = () => child.Say(ChildMessageKind.Recovering) };
        await using LedgerEngine ledger = await LedgerEngine.OpenAsync(system, line.Text("dir")!, options);
        await using (LedgerSession session = ledger.CreateSession("found"))
        {
            for (int client = 0; client < clients; client++)
            {
                child.Say(ChildMessageKind.Found, client, await session.ReadReceiptAsync(client));
            }
        }

        child.Say(ChildMessageKind.Working);
        void Acknowledge(int client, long number) => child.Say(ChildMessageKind.Acknowledged, client, number);
        IEnumerable<Task> flows = Enumerable.Range(0, clients).Select(
            client => Task.Run(() => new Client(ledger, client, burst, Acknowledge).RunAsync(stopping)));

        // None of them ends unless something failed.
        await await Task.WhenAny(flows.Append(child.CheckpointAsync(ledger, stopping)));
        return 1;
    }

    /// <summary>Sizes for crash tests: everything is too small, so that what is rare elsewhere happens all the time.</summary>
    internal static LedgerOptions Options(CommandLine line)
    {
        bool isInBursts = line.Number("burst", 1, 1, 1000) > 1;
        return new LedgerOptions
        {
            NewShape = new LedgerShape(
                line.Number("accounts", 100_000, 2, LedgerShape.AccountsMax), (ulong)line.Number("seed", 1, 0, int.MaxValue)),

            // Fewer pages in memory than the ledger has: a page is written whenever its place is needed, and its record must be durable by
            // then.
            BufferCount = 64,
            Log = new WalOptions
            {
                // A new segment, and an old one used again, every few hundred transfers.
                SegmentBytes = 1 << 20,

                // Either it is full all the time; or nothing of the log is written before somebody waits for it, or a page's write does, so
                // that as much as can be dies with the process.
                RingBytes = isInBursts ? 4 << 20 : 256 << 10,
                EagerWriteBytes = isInBursts ? 1 << 30 : 64 << 10,
                SegmentsAhead = 1,
                RecycledSegmentsMax = 2,
                SyncForm = line.SyncForm(),
            },
            Mistake = line.Choice("mistake", LedgerMistake.None),
        };
    }

    public void Dispose() => _parent.Dispose();

    private void Say(ChildMessageKind kind, int client = 0, long number = 0)
    {
        ChildMessage message = new(kind, client, number);
        lock (_lock) _parent.Write(MemoryMarshal.AsBytes(new ReadOnlySpan<ChildMessage>(in message)));
    }

    private async Task CheckpointAsync(LedgerEngine ledger, CancellationToken stopping)
    {
        while (true)
        {
            await Task.Delay(Random.Shared.Next(1, 100), stopping);
            Say(ChildMessageKind.CheckpointBegins);
            await ledger.CheckpointAsync(isPaced: Random.Shared.Next(4) == 0, stopping);
        }
    }
}
