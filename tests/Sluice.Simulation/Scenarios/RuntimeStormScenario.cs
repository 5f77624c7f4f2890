using System.Runtime.InteropServices;

namespace Sluice.Simulation.Scenarios;

/// <summary>
/// The runtime itself under a storm of faults: every handle comes back, every return is filled exactly once with what was asked for, no
/// completion is for a generation that is over, and nothing that a crash took is reported as done.
/// </summary>
[Scenario("runtime-storm", "The runtime under faults: every handle returns, every return is filled once", Operations = 150)]
public sealed class RuntimeStormScenario : Scenario
{
    private const int FlowMaximum = 32;
    private const int BlockBytes = 4096;
    private const int FileBlocks = 64;
    private const string Folder = "/storm";

    private readonly AioReturnQueue _filled = new();
    private long _lastTag;

    /// <inheritdoc/>
    public override FaultPlan PlanFaults(SimulatedRandom random) => FaultPlan.None
        .With(FaultKind.ShortRead, 0.1)
        .With(FaultKind.ShortWrite, 0.1)
        .With(FaultKind.TransientError, 0.1)
        .With(FaultKind.NoSpace, 0.05)
        .With(FaultKind.BadSector, 0.01)
        .With(FaultKind.Again, 0.1)
        .With(FaultKind.Stall, 0.01)
        .With(new FaultRule(FaultKind.Reorder, 0.5) { LatencyMaximum = TimeSpan.FromMilliseconds(10) });

    /// <inheritdoc/>
    public override async Task SetUpAsync(SimulationRun run)
    {
        ArgumentNullException.ThrowIfNull(run);
        run.System.FileSystem.CreateDirectory(Folder);
        for (int index = 0; index < 3; index++)
        {
            await using AioFile file = await AioFile.OpenAsync(
                run.System, PathOf(index), new IoOpenOptions { Access = IoAccess.ReadWrite, Creation = IoCreation.CreateNew });
            await file.WriteAsync(new byte[FileBlocks * BlockBytes], 0, AioDurability.FlushAfter);
        }

        run.System.FileSystem.SyncDirectory(Folder);
        run.System.FileSystem.SyncDirectory("/");
    }

    /// <inheritdoc/>
    public override Task CheckAsync(SimulationRun run)
    {
        ArgumentNullException.ThrowIfNull(run);
        AioStatistics statistics = run.System.ReadStatistics();
        run.Expect(statistics.StaleCompletions == 0, "A completion came for an I/O that was over.");
        run.Expect(
            statistics.MethodFaults == 0 && statistics.CallbackFaults == 0 && statistics.RefusedByMethod == 0,
            "The method threw or refused.");
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public override async Task WorkAsync(SimulationRun run)
    {
        ArgumentNullException.ThrowIfNull(run);
        AioContext context = AioLoop.Current!.Context;
        Slot[] slots = [.. Enumerable.Range(0, FlowMaximum).Select(index => new Slot(new AioReturn(_filled, index)))];
        IoFile[] files = [.. Enumerable.Range(0, 3).Select(index =>
            run.System.FileSystem.Open(PathOf(index), new IoOpenOptions { Access = IoAccess.ReadWrite }))];
        try
        {
            for (int count = 0; count < run.Operations && !run.IsDead; count++)
            {
                // Some await one I/O, some let many fly.
                Slot? free = Array.Find(slots, static slot => !slot.IsBusy);
                if (free is null || run.Random.Chance(0.2)) await WaitOneAsync(run, context, slots);
                if (free is not null && !free.IsBusy) Start(run, context, free, files[run.Random.Next(files.Length)]);
                if (run.Random.Chance(0.05)) await run.Time.DelayAsync(TimeSpan.FromMicroseconds(run.Random.Between(1, 3000)));
                Collect(run, slots);
            }

            while (Array.Exists(slots, static slot => slot.IsBusy)) await WaitOneAsync(run, context, slots);
            Collect(run, slots);
            ExpectAllBack(run, context);
        }
        finally
        {
            foreach (IoFile file in files) file.Dispose();
            foreach (Slot slot in slots) slot.Free();
        }
    }

    private static string PathOf(int index) => $"{Folder}/{index}";

    private static void ExpectAllBack(SimulationRun run, AioContext context)
    {
        context.Poll();
        run.Expect(context.IdleCount == context.HandleCount, $"{context.HandleCount - context.IdleCount} handles did not come back.");
        AioStatistics statistics = run.System.ReadStatistics();
        run.Expect(statistics.StaleCompletions == 0, "A completion came for an I/O that was over.");
        run.Expect(statistics.MethodFaults == 0 && statistics.RefusedByMethod == 0, "The method threw or refused.");
    }

    private unsafe void Start(SimulationRun run, AioContext context, Slot slot, IoFile file)
    {
        AioHandle handle = context.Acquire(slot.Return);
        slot.Reference = handle.Reference;
        slot.Tag = ++_lastTag;
        slot.Offset = (long)run.Random.Next(FileBlocks) * BlockBytes;
        slot.Length = BlockBytes * run.Random.Between(1, Slot.BlocksMaximum);
        slot.IsBusy = true;
        byte* memory = slot.Memory;
        switch (run.Random.Next(10))
        {
            case < 4:
                handle.SetVector(new IoVector(memory, slot.Length));
                handle.StartRead(file, slot.Offset);
                break;
            case < 8:
                handle.SetVectors([new IoVector(memory, 512), new IoVector(memory + 512, slot.Length - 512)]);
                handle.StartWrite(file, slot.Offset, (AioDurability)run.Random.Next(3));
                break;
            case 8:
                handle.StartFdatasync(file);
                slot.Length = 0;
                break;
            default:
                handle.StartAllocate(file, slot.Offset, slot.Length);
                break;
        }
    }

    private static async Task WaitOneAsync(SimulationRun run, AioContext context, Slot[] slots)
    {
        Slot[] busy = [.. slots.Where(static slot => slot.IsBusy)];
        if (busy.Length == 0) return;
        Slot chosen = busy[run.Random.Next(busy.Length)];
        await context.WaitAsync(chosen.Reference);
        run.Expect(chosen.Return.IsFilled, "The wait for an I/O is over and its return is not filled.");
        Settle(run, chosen);
    }

    private void Collect(SimulationRun run, Slot[] slots)
    {
        while (_filled.TryTake(out AioReturn? filled))
        {
            Slot slot = slots[filled.Tag];
            run.Expect(slot.QueuedTag != slot.Tag, "A return was filled twice.");
            slot.QueuedTag = slot.Tag;
            Settle(run, slot);
        }
    }

    private static void Settle(SimulationRun run, Slot slot)
    {
        AioResult result = slot.Return.Result;
        run.Expect(result.Status != AioStatus.Unknown, "A filled return has no status.");
        run.Expect(slot.Return.OffsetBytes == slot.Offset || slot.Length == 0, "A return was filled with the outcome of another I/O.");
        if (result.IsOutcomeUnknown) run.Expect(result.Status == AioStatus.Error, "An unknown outcome was reported as done.");
        slot.IsBusy = false;
    }

    private sealed unsafe class Slot(AioReturn place)
    {
        internal const int BlocksMaximum = 4;

        internal AioReturn Return { get; } = place;

        internal byte* Memory { get; } = (byte*)NativeMemory.AlignedAlloc(BlocksMaximum * BlockBytes, BlockBytes);

        internal WaitReference Reference { get; set; }

        internal long Tag { get; set; }

        internal long QueuedTag { get; set; }

        internal long Offset { get; set; }

        internal int Length { get; set; }

        internal bool IsBusy { get; set; }

        internal void Free()
        {
            // What is in flight may still touch it: then it is kept, which only happens when the run has failed anyway.
            if (!IsBusy) NativeMemory.AlignedFree(Memory);
        }
    }
}
