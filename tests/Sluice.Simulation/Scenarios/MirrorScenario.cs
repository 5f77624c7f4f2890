using System.Buffers.Binary;

namespace Sluice.Simulation.Scenarios;

/// <summary>
/// Blocks in two copies on a disk that lies: flipped bits, bad sectors, lost and misdirected writes, but by the budget never in both copies
/// of a block. Every block reads back as it was written last.
/// </summary>
[Scenario("mirror", "Two copies on a disk that lies: every block reads back", Operations = 200, Crashes = 0)]
public sealed class MirrorScenario : Scenario
{
    private const int BlockBytes = 4096;
    private const int Blocks = 24;
    private static readonly string[] s_paths = ["/mirror/a", "/mirror/b"];

    private readonly long[] _versions = new long[Blocks];
    private readonly byte[][] _buffers = [new byte[BlockBytes], new byte[BlockBytes]];
    private AioFile[] _files = [];

    /// <inheritdoc/>
    public override SimulatedDiskOptions DescribeDisk(SimulatedRandom random) => new() { SectorBytes = BlockBytes };

    /// <inheritdoc/>
    public override FaultPlan PlanFaults(SimulatedRandom random) => (FaultPlan.None with { Budget = new FaultBudget { Copies = s_paths } })
        .With(FaultKind.BitRot, 0.05)
        .With(FaultKind.BadSector, 0.02)
        .With(FaultKind.LostWrite, 0.05)
        .With(FaultKind.MisdirectedWrite, 0.03);

    /// <inheritdoc/>
    public override async Task SetUpAsync(SimulationRun run)
    {
        ArgumentNullException.ThrowIfNull(run);
        run.System.FileSystem.CreateDirectory("/mirror");
        run.System.FileSystem.SyncDirectory("/");
        foreach (string path in s_paths)
        {
            await using AioFile file = await AioFile.CreateDurableAsync(run.System, path);
            for (int block = 0; block < Blocks; block++) await file.WriteAsync(Encode(_buffers[0], block, 0), (long)block * BlockBytes);
            await file.FlushAsync();
        }
    }

    /// <inheritdoc/>
    public override async Task CheckAsync(SimulationRun run)
    {
        ArgumentNullException.ThrowIfNull(run);
        _files = [await OpenAsync(run, s_paths[0]), await OpenAsync(run, s_paths[1])];
        for (int block = 0; block < Blocks; block++) await ReadAsync(run, block);
    }

    /// <inheritdoc/>
    public override async Task WorkAsync(SimulationRun run)
    {
        ArgumentNullException.ThrowIfNull(run);
        while (run.HasMoreWork)
        {
            int block = run.Random.Next(Blocks);
            if (run.Random.Chance(0.5))
            {
                await ReadAsync(run, block);
                continue;
            }

            // One copy after the other: a crash finds one of them whole.
            foreach (AioFile file in _files)
            {
                await file.WriteAsync(Encode(_buffers[0], block, _versions[block] + 1), (long)block * BlockBytes);
                await file.FlushAsync();
            }

            _versions[block]++;
        }

        foreach (AioFile file in _files) await file.DisposeAsync();
    }

    private static Task<AioFile> OpenAsync(SimulationRun run, string path) =>
        AioFile.OpenAsync(run.System, path, new IoOpenOptions { Access = IoAccess.ReadWrite });

    private async Task ReadAsync(SimulationRun run, int block)
    {
        long newest = -1;
        for (int copy = 0; copy < _files.Length; copy++)
        {
            try
            {
                int count = await _files[copy].ReadAsync(_buffers[copy], (long)block * BlockBytes);
                if (count == BlockBytes) newest = Math.Max(newest, Decode(_buffers[copy], block));
            }
            catch (AioException) when (!run.IsDead)
            {
                // A bad sector: the other copy has it.
            }
        }

        run.Expect(newest == _versions[block], $"Block {block} was written in version {_versions[block]}, and the best copy has {newest}.");
    }

    private static byte[] Encode(byte[] buffer, int block, long version)
    {
        buffer.AsSpan().Fill((byte)(version + block));
        BinaryPrimitives.WriteInt64LittleEndian(buffer, block);
        BinaryPrimitives.WriteInt64LittleEndian(buffer.AsSpan(8), version);
        BinaryPrimitives.WriteUInt64LittleEndian(
            buffer.AsSpan(BlockBytes - sizeof(ulong)), Checksum.Of(buffer.AsSpan(0, BlockBytes - sizeof(ulong))));
        return buffer;
    }

    private static long Decode(byte[] buffer, int block)
    {
        bool isWhole = BinaryPrimitives.ReadUInt64LittleEndian(buffer.AsSpan(BlockBytes - sizeof(ulong))) == Checksum.Of(
            buffer.AsSpan(0, BlockBytes - sizeof(ulong)));
        return isWhole && BinaryPrimitives.ReadInt64LittleEndian(buffer) == block
            ? BinaryPrimitives.ReadInt64LittleEndian(buffer.AsSpan(8))
            : -1;
    }
}
