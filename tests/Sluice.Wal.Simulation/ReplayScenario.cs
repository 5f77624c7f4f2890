using System.Buffers.Binary;

namespace Sluice.Wal.Simulation;

/// <summary>
/// Changes of far more pages than there is memory for, seldom a checkpoint: recovery reads pages ahead, evicts changed ones while it is
/// still reading the log, and is itself killed. Each record changes three pages by one; so the sum of all is divisible by three, and no
/// page goes back behind what was acknowledged.
/// </summary>
[Scenario(
    "wal-replay", "Recovery of more pages than there is memory for: nothing acknowledged is lost, no record is there half or twice",
    Operations = 200, Crashes = 4)]
public sealed class ReplayScenario : PageScenario
{
    private const int Pages = 60;
    private const ushort Kind = 0x8002;

    private readonly long[] _acknowledged = new long[Pages];
    private readonly long[] _attempted = new long[Pages];

    /// <inheritdoc/>
    protected override int PageCount => Pages;

    /// <inheritdoc/>
    protected override int BufferCount => 24;

    /// <inheritdoc/>
    protected override PageRedo Redo => Increment;

    /// <inheritdoc/>
    public override async Task CheckAsync(SimulationRun run)
    {
        ArgumentNullException.ThrowIfNull(run);
        BufferSession session = await RecoverAsync(run);
        long sum = 0;
        for (int block = 0; block < Pages; block++)
        {
            using BufferPin pin = await session.ReadAsync(Relation, RelationFork.Main, (uint)block);
            long count = CountOf(pin.Page);
            sum += count;
            run.Expect(
                count >= _acknowledged[block],
                $"Page {block} was changed {_acknowledged[block]} times as acknowledged, and {count} are there.");
            run.Expect(
                count <= _attempted[block], $"Page {block} was changed {count} times, and only {_attempted[block]} changes were made.");
            _acknowledged[block] = count;
            _attempted[block] = count;
        }

        run.Expect(sum % 3 == 0, $"The changes of all pages are {sum}, and each record makes three: one is there in part.");

        // Seldom, so that the next recovery has the records of several lives to replay.
        if (run.Random.Next(3) == 0) await CheckpointAsync();
    }

    /// <inheritdoc/>
    protected override Task[] StartFlows(SimulationRun run) => [ChangeAllTheTimeAsync(run), ChangeAllTheTimeAsync(run)];

    /// <inheritdoc/>
    protected override int Fill(Span<byte> page, int block) => StorageLimits.PageHeaderBytes + sizeof(long);

    /// <inheritdoc/>
    protected override WalOptions Adjust(SimulationRun run, WalOptions options)
    {
        ArgumentNullException.ThrowIfNull(run);
        ArgumentNullException.ThrowIfNull(options);
        return options with { ReadAheadBytes = 256 << 10, ReplayReads = run.Random.Next(5) * 2, SystemId = 11 };
    }

    private static long CountOf(Span<byte> page) => BinaryPrimitives.ReadInt64LittleEndian(page[StorageLimits.PageHeaderBytes..]);

    private static void Increment(ushort kind, int index, Span<byte> page, ReadOnlySpan<byte> payload) =>
        BinaryPrimitives.WriteInt64LittleEndian(page[StorageLimits.PageHeaderBytes..], CountOf(page) + 1);

    private async Task ChangeAllTheTimeAsync(SimulationRun run)
    {
        await using BufferSession session = CreateSession("changes");
        BufferPin[] pins = new BufferPin[3];
        await RepeatAsync(run, () => ChangeThreeAsync(run, session, pins));
    }

    private async Task ChangeThreeAsync(SimulationRun run, BufferSession session, BufferPin[] pins)
    {
        int first = run.Random.Next(Pages - 9);
        int[] blocks = [first, first + 1 + run.Random.Next(4), first + 5 + run.Random.Next(4)];
        long[] counts = new long[blocks.Length];
        LogPosition end = await ChangeAsync(session, blocks, pins, async () =>
        {
            foreach (int block in blocks) _attempted[block]++;
            LogPosition added = await Log.AddAsync(Kind, pins, default);
            for (int place = 0; place < pins.Length; place++)
            {
                Increment(Kind, place, pins[place].Page, default);
                counts[place] = CountOf(pins[place].Page);
            }

            return added;
        });
        if (run.Random.Next(4) != 0) return;
        await Log.FlushAsync(end);
        if (run.IsDead) return;
        for (int place = 0; place < blocks.Length; place++)
        {
            _acknowledged[blocks[place]] = Math.Max(_acknowledged[blocks[place]], counts[place]);
        }
    }
}
