using Microsoft.Win32.SafeHandles;

namespace Ledger;

/// <summary>The process that is killed: recovers, then transfers and makes checkpoints for ever, and tells its parent through its
/// standard output.</summary>
internal sealed class CrashChild : IDisposable
{
    /// <summary>The command that starts it; not for people.</summary>
    internal const string Command = "crash-child";

    private readonly Lock _lock = new();
    private readonly byte[] _bytes = new byte[ChildMessage.Bytes];

    // Without a buffer of its own: what a buffer holds dies with the process. And a write fails when the parent is gone, which ends this
    // process too.
    private readonly FileStream _parent = new(new SafeFileHandle(1, ownsHandle: false), FileAccess.Write, bufferSize: 0);

    internal static async Task<int> RunAsync(CommandLine line, CancellationToken stopping)
    {
        using CrashChild child = new();
        int clients = line.Number("clients", 8, 1, LedgerPages.ClientsMax);
        int burst = line.Number("burst", 1, 1, 1000);
        await using AioSystem system = line.StartSystem(clients);
        LedgerOptions options = CrashSizes.Options(line) with { Recovering = () => child.Say(new ChildMessage(ChildMessageKind.Recovering)) };
        await using LedgerEngine ledger = await LedgerEngine.OpenAsync(system, line.Text("dir")!, options);
        await using (LedgerSession session = ledger.CreateSession("found"))
        {
            for (int client = 0; client < clients; client++) child.Say(new ChildMessage(ChildMessageKind.Found, client, await session.ReadReceiptAsync(client)));
        }

        child.Say(new ChildMessage(ChildMessageKind.Working));
        using CancellationTokenSource failing = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        Task[] flows =
        [
            .. Enumerable.Range(0, clients).Select(number => Task.Run(() => new Client(ledger, number, burst, child.Acknowledge).RunAsync(failing.Token))),
            Task.Run(() => child.CheckpointAsync(ledger, failing.Token)),
        ];

        // None of them ends unless something failed.
        await await Task.WhenAny(flows);
        return 1;
    }

    public void Dispose() => _parent.Dispose();

    private void Acknowledge(int client, long number) => Say(new ChildMessage(ChildMessageKind.Acknowledged, client, number));

    private void Say(ChildMessage message)
    {
        lock (_lock)
        {
            message.Write(_bytes);
            _parent.Write(_bytes);
        }
    }

    private async Task CheckpointAsync(LedgerEngine ledger, CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            await Task.Delay(Random.Shared.Next(1, 100), stopping);
            Say(new ChildMessage(ChildMessageKind.CheckpointBegins));
            await ledger.CheckpointAsync(isPaced: Random.Shared.Next(4) == 0, stopping);
        }
    }
}
