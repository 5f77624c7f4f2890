using Sluice.Methods.Simulated;
using Sluice.Storage.Tests.Support;

namespace Sluice.Storage.Tests.Syncing;

/// <summary>
/// Writers, removals and checkpoints on a disk that loses power: what a pass of syncs said is durable is there afterwards, and a name
/// that was to last until the next checkpoint is.
/// </summary>
public sealed class SyncSimulationTests
{
    private const int Seeds = 60;
    private const int Relations = 5;
    private const uint BlocksPerRelation = 20;
    private const string Folder = "/data";

    [Fact]
    public void WhatAPassCoveredSurvivesTheLossOfPower()
    {
        int covered = 0;
        for (ulong seed = 1; seed <= Seeds; seed++) covered += Run(seed, breaks: false);
        Assert.True(covered > Seeds, "The passes covered next to nothing: the test looks at nothing.");
    }

    [Fact]
    public void WithoutTheSyncsTheTestFindsTheLoss()
    {
        // The positive control: the same programme with syncing off must be caught.
        int caught = 0;
        for (ulong seed = 1; seed <= 10; seed++)
        {
            try
            {
                Run(seed, breaks: true);
            }
            catch (Xunit.Sdk.XunitException)
            {
                caught++;
            }
            catch (AioException)
            {
                caught++;
            }
        }

        Assert.True(caught > 5, $"Only {caught} of 10 losses were found.");
    }

    [Fact]
    public void ARemovedRelationKeepsItsNameUntilACheckpointThatBeganLaterHasEnded()
    {
        for (ulong seed = 1; seed <= Seeds; seed++)
        {
            SimulatedDisk disk = new(new SimulatedDiskOptions { Seed = seed });
            bool mayBeGone = false;
            SimulatedRandom random = new(seed, 5);
            SimulatedRig.Loop(disk, async system =>
            {
                using StorageManager storage = new(system, Folder);
                AioContext context = AioLoop.Current!.Context;
                Relation relation = storage.Open(new RelationId(RelationId.DefaultTablespace, 5, 1));
                await relation.CreateAsync(RelationFork.Main);
                await relation.ZeroExtendAsync(context, RelationFork.Main, 0, 4);
                await relation.SyncAsync(context, RelationFork.Main);
                storage.SyncRequests.PreCheckpoint();
                disk.PlanCrash(new CrashPlan(CrashKind.PowerLoss) { AtOperation = 1 + random.Next(11) });
                await relation.UnlinkAsync(RelationFork.Main);
                await storage.SyncRequests.ProcessAsync(context);
                await storage.SyncRequests.PostCheckpointAsync();
                storage.SyncRequests.PreCheckpoint();
                await storage.SyncRequests.ProcessAsync(context);
                mayBeGone = true;
                await storage.SyncRequests.PostCheckpointAsync();
            });
            disk.PlanCrash(null);
            disk.Crash(CrashKind.PowerLoss);
            SimulatedRig.Loop(disk, system =>
            {
                if (!mayBeGone) Assert.True(
                    system.FileSystem.Exists($"{Folder}/base/5/1"), $"seed {seed}: the name went before its checkpoint.");
                return Task.CompletedTask;
            });
        }
    }

    private static int Run(ulong seed, bool breaks)
    {
        SimulatedDisk disk = new(new SimulatedDiskOptions { Seed = seed });
        Model model = new();
        SimulatedRandom random = new(seed, 7);
        StorageOptions options = new() { SegmentBlocks = 8, OpenFilesMax = 6, Sync = !breaks };
        SimulatedRig.Loop(disk, async system =>
        {
            using StorageManager storage = new(system, Folder, options);
            AioContext context = AioLoop.Current!.Context;
            for (uint number = 1; number <= Relations; number++)
            {
                Relation relation = storage.Open(new RelationId(RelationId.DefaultTablespace, 5, number));
                await relation.CreateAsync(RelationFork.Main);
                await relation.ZeroExtendAsync(context, RelationFork.Main, 0, BlocksPerRelation);
            }

            disk.PlanCrash(new CrashPlan(CrashKind.PowerLoss) { AtOperation = 50 + random.Next(550) });
            bool isOver = false;
            Task writers = Task.WhenAll(
                Enumerable.Range(0, 4)
                .Select(writer => WriteAsync(storage, context, model, new SimulatedRandom(seed, 100 + (ulong)writer), () => isOver)));
            try
            {
                for (int checkpoint = 0; checkpoint < 12; checkpoint++)
                {
                    await Task.Delay(TimeSpan.FromMicroseconds(random.Next(5000)), disk.Time);
                    Dictionary<(uint, uint), uint> before = new(model.Completed);
                    storage.SyncRequests.PreCheckpoint();
                    await storage.SyncRequests.ProcessAsync(context);
                    await storage.SyncRequests.PostCheckpointAsync();
                    foreach (((uint, uint) page, uint version) in before) model.Durable[page] = version;
                }
            }
            finally
            {
                isOver = true;
                await writers;
            }
        });
        disk.PlanCrash(null);
        disk.Crash(CrashKind.PowerLoss);
        SimulatedRig.Loop(disk, system => CheckAsync(system, options, model, seed));
        return model.Durable.Count;
    }

    private static async Task WriteAsync(StorageManager storage, AioContext context, Model model, SimulatedRandom random, Func<bool> isOver)
    {
        using Support.Pages pages = new(4);
        AioReturn place = new();
        while (!isOver())
        {
            uint number = (uint)(1 + random.Next(Relations));
            uint block = (uint)random.Next((int)BlocksPerRelation);
            Relation relation = storage.Open(new RelationId(RelationId.DefaultTablespace, 5, number));
            int run = Math.Min(1 + random.Next(4),
                Math.Min(relation.MaxCombine(RelationFork.Main, block), (int)(BlocksPerRelation - block)));

            // One writer per page at a time, as the buffer pool has it.
            if (Enumerable.Range(0, run).Any(index => model.Busy.Contains((number, block + (uint)index))))
            {
                await Task.Yield();
                continue;
            }

            uint version = ++model.LastVersion;
            for (int index = 0; index < run; index++)
            {
                pages.Fill(index, number, block + (uint)index, version);
                model.Busy.Add((number, block + (uint)index));
                model.Issued[(number, block + (uint)index)] = version;
            }

            AioHandle handle = context.Acquire(place);
            WaitReference reference = handle.Reference;
            relation.StartWrite(handle, RelationFork.Main, block, pages.Vectors(0, run));
            await context.WaitAsync(reference);
            place.ThrowIfFailed();
            for (int index = 0; index < run; index++)
            {
                (uint, uint) page = (number, block + (uint)index);
                model.Busy.Remove(page);
                if (index < place.Result.Value) model.Completed[page] = version;
            }

            // A sync takes as long as many writes: the writers must not wear the operations out that the crash counts.
            await Task.Delay(TimeSpan.FromMicroseconds(random.Next(3000)), context.System.TimeProvider);
        }
    }

    private static async Task CheckAsync(AioSystem system, StorageOptions options, Model model, ulong seed)
    {
        using StorageManager storage = new(system, Folder, options);
        AioContext context = AioLoop.Current!.Context;
        using Support.Pages pages = new(1);
        AioReturn place = new();
        foreach (((uint number, uint block), uint version) in model.Durable)
        {
            // A later write that had begun may have replaced it, or half of it.
            if (model.Issued[(number, block)] != version) continue;
            AioHandle handle = context.Acquire(place);
            WaitReference reference = handle.Reference;
            storage.Open(new RelationId(RelationId.DefaultTablespace, 5, number))
                .StartRead(handle, RelationFork.Main, block, [pages.Vector()]);
            await context.WaitAsync(reference);
            place.ThrowIfFailed();
            Assert.True(PageVerifier.Verify(pages[0], block, checksums: true) == PageVerdict.Valid,
                $"seed {seed}: block {block} of {number} is not valid.");
            Support.Pages.Check(pages[0], number, block, version);
        }
    }

    private sealed class Model
    {
        internal Dictionary<(uint, uint), uint> Issued { get; } = [];

        internal Dictionary<(uint, uint), uint> Completed { get; } = [];

        internal Dictionary<(uint, uint), uint> Durable { get; } = [];

        internal HashSet<(uint, uint)> Busy { get; } = [];

        internal uint LastVersion { get; set; }
    }
}
