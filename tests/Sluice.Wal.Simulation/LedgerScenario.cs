using System.Buffers.Binary;

namespace Sluice.Wal.Simulation;

/// <summary>
/// Accounts in pages of a relation, transfers through the log, checkpoints all the time, killed anywhere: the sum of all balances stays, no
/// transfer is there half, and none that was acknowledged is lost. Torn pages are repaired from their images. Records are long, so that
/// segments are filled, given up by the checkpoints, and used again.
/// </summary>
[Scenario(
    "wal-ledger", "Transfers between pages through the log: none acknowledged is lost, none is there half", Operations = 150, Crashes = 4)]
public class LedgerScenario : PageScenario
{
    private const int Pages = 20;
    private const int AccountsPerPage = 4;
    private const int Accounts = Pages * AccountsPerPage;
    private const int AccountBytes = 16;
    private const long Balance = 1000;
    private const ushort TransferKind = 0x8001;
    private const int TransferBytes = 10;
    private const int NoteBytesMax = 60_000;

    // How often each account was changed by what was acknowledged; a page tells how often it was changed at all.
    private readonly int[] _acknowledged = new int[Accounts];
    private readonly int[] _attempted = new int[Accounts];

    /// <inheritdoc/>
    protected override int PageCount => Pages;

    /// <inheritdoc/>
    protected override int BufferCount => 16;

    /// <inheritdoc/>
    protected override PageRedo Redo => RedoTransfer;

    /// <inheritdoc/>
    public override async Task CheckAsync(SimulationRun run)
    {
        ArgumentNullException.ThrowIfNull(run);
        BufferSession session = await RecoverAsync(run);
        long sum = 0;
        for (int account = 0; account < Accounts; account++)
        {
            using BufferPin pin = await session.ReadAsync(Relation, RelationFork.Main, BlockOf(account));
            sum += BinaryPrimitives.ReadInt64LittleEndian(pin.Page[At(account)..]);
            int changes = CountOf(pin.Page, account);
            run.Expect(
                changes >= _acknowledged[account],
                $"Account {account} was changed {_acknowledged[account]} times as acknowledged, and {changes} are there.");
            run.Expect(
                changes <= _attempted[account],
                $"Account {account} was changed {changes} times, and only {_attempted[account]} changes were made.");
            _acknowledged[account] = changes;
            _attempted[account] = changes;
        }

        run.Expect(sum == Accounts * Balance, $"The sum of all balances is {sum} and was {Accounts * Balance}: a transfer is there half.");
        await CheckpointAsync();
    }

    /// <inheritdoc/>
    protected override Task[] StartFlows(SimulationRun run) =>
        [TransferAllTheTimeAsync(run), TransferAllTheTimeAsync(run), TransferAllTheTimeAsync(run), CheckpointAllTheTimeAsync(run)];

    /// <inheritdoc/>
    protected override int Fill(Span<byte> page, int block)
    {
        for (int account = 0; account < AccountsPerPage; account++) BinaryPrimitives.WriteInt64LittleEndian(page[At(account)..], Balance);

        // Every third page has no hole: its image is the whole page.
        return block % 3 == 0 ? StorageLimits.PageBytes : At(AccountsPerPage - 1) + AccountBytes;
    }

    /// <inheritdoc/>
    protected override WalOptions Adjust(SimulationRun run, WalOptions options)
    {
        ArgumentNullException.ThrowIfNull(run);
        ArgumentNullException.ThrowIfNull(options);
        WalSyncForm[] forms = [WalSyncForm.Fdatasync, WalSyncForm.WriteDatasync, WalSyncForm.LinkedFdatasync, WalSyncForm.OpenDatasync];
        return options with
        {
            SyncForm = forms[run.Random.Next(forms.Length)],
            Direct = run.Random.Chance(0.5),
            RecycledSegmentsMax = run.Random.Next(3),
            SystemId = 9,
        };
    }

    private static uint BlockOf(int account) => (uint)(account / AccountsPerPage);

    private static int At(int account) => StorageLimits.PageHeaderBytes + (account % AccountsPerPage * AccountBytes);

    private static int CountOf(Span<byte> page, int account) => BinaryPrimitives.ReadInt32LittleEndian(page[(At(account) + 8)..]);

    // Balance and count of changes: both change together, or neither.
    private static void Change(Span<byte> page, int account, long amount)
    {
        Span<byte> bytes = page[At(account)..];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, BinaryPrimitives.ReadInt64LittleEndian(bytes) + amount);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[8..], BinaryPrimitives.ReadInt32LittleEndian(bytes[8..]) + 1);
    }

    // The pages stand in the record in ascending order; a flag says which of the two pays.
    private static void RedoTransfer(ushort kind, int index, Span<byte> page, ReadOnlySpan<byte> payload)
    {
        long amount = BinaryPrimitives.ReadInt64LittleEndian(payload);
        bool pays = (index == 0) == (amount > 0);
        Change(page, payload[8 + index], pays ? -Math.Abs(amount) : Math.Abs(amount));
    }

    private Task CheckpointAllTheTimeAsync(SimulationRun run) => RepeatAsync(run, async () =>
    {
        await run.Time.DelayAsync(TimeSpan.FromMilliseconds(1 + run.Random.Next(10)));
        await CheckpointAsync();
    });

    private async Task TransferAllTheTimeAsync(SimulationRun run)
    {
        await using BufferSession session = CreateSession("transfers");
        BufferPin[] pins = new BufferPin[2];
        byte[] payload = new byte[TransferBytes + NoteBytesMax];
        await RepeatAsync(run, () => TransferAsync(run, session, pins, payload));
    }

    private async Task TransferAsync(SimulationRun run, BufferSession session, BufferPin[] pins, byte[] payload)
    {
        int low = run.Random.Next(Accounts - AccountsPerPage);
        int nextPage = ((low / AccountsPerPage) + 1) * AccountsPerPage;
        int high = nextPage + run.Random.Next(Accounts - nextPage);
        int[] accounts = [low, high];
        long amount = (1 + run.Random.Next(50)) * (run.Random.Chance(0.5) ? 1 : -1);
        BinaryPrimitives.WriteInt64LittleEndian(payload, amount);
        for (int place = 0; place < accounts.Length; place++) payload[8 + place] = (byte)(accounts[place] % AccountsPerPage);
        int length = TransferBytes + (run.Random.Chance(0.5) ? 0 : run.Random.Next(NoteBytesMax));
        int[] counts = new int[accounts.Length];
        LogPosition end = await ChangeAsync(session, [(int)BlockOf(low), (int)BlockOf(high)], pins, async () =>
        {
            foreach (int account in accounts) _attempted[account]++;
            LogPosition added = await Log.AddAsync(TransferKind, pins, payload.AsMemory(0, length));
            for (int place = 0; place < accounts.Length; place++)
            {
                RedoTransfer(TransferKind, place, pins[place].Page, payload);
                counts[place] = CountOf(pins[place].Page, accounts[place]);
            }

            return added;
        });
        await Log.Log!.FlushAsync(end);
        if (run.IsDead) return;
        for (int place = 0; place < accounts.Length; place++)
        {
            _acknowledged[accounts[place]] = Math.Max(_acknowledged[accounts[place]], counts[place]);
        }
    }
}
