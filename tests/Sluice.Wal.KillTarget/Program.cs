using System.Diagnostics;
using System.Globalization;
using Sluice;
using Sluice.Wal;
using Sluice.Wal.KillTarget;

// Arguments: folder, method, form, then "work", or "recover" and after how many changes made again it kills itself.
(string folder, string method, WalSyncForm form) = (args[0], args[1], Enum.Parse<WalSyncForm>(args[2]));
int left = args[3] == "recover" ? int.Parse(args[4], CultureInfo.InvariantCulture) : int.MaxValue;
await using AioSystem system = AioSystem.Start(new AioSystemOptions { Method = method, HandlesPerContext = 64 });
await using Bank bank = await Bank.OpenAsync(system, folder, Bank.Options(form), Redoing);
Say($"opened {bank.Replayed}");
if (args[3] == "recover") return;

// Says each transfer that is durable, one line each, until it is killed.
(long[] numbers, _) = await bank.ReadAsync();
IEnumerable<Task> clients = Enumerable.Range(0, BankPlan.Clients).Select(client => Task.Run(() => CommitAsync(client)));
await Task.WhenAny([CheckpointAsync(), .. clients]).Unwrap();

async Task CommitAsync(int client)
{
    await using Sluice.Storage.BufferSession session = bank.CreateSession($"client-{client}");
    for (long number = numbers[client] + 1; ; number++)
    {
        await bank.Log.FlushAsync(await bank.TransferAsync(session, client, number));
        Say($"{client} {number}");
    }
}

async Task CheckpointAsync()
{
    while (true)
    {
        await Task.Delay(100);
        await bank.CheckpointAsync();
        Say("checkpoint");
    }
}

void Redoing()
{
    if (--left != 0) return;
    using Process self = Process.GetCurrentProcess();
    self.Kill();
    Thread.Sleep(Timeout.Infinite);
}

static void Say(string line)
{
    lock (Console.Out) Console.WriteLine(line);
}
