using Sluice.Simulation.Tests.Support;

namespace Sluice.Simulation.Tests;

/// <summary>Crashes: when they come, and what becomes of the system that was there.</summary>
public sealed class CrashTests
{
    [Fact]
    public void WhatIsInFlightFailsWithAnUnknownOutcomeAndTheDeadSystemCanBeDisposed()
    {
        SimulatedDisk disk = new();
        using (AioSystem system = Started.On(disk))
        {
            system.RunLoop(async () =>
            {
                AioContext context = AioLoop.Current!.Context;
                AioFile file = await Started.CreateAsync(system, "/file");
                using BufferArena arena = system.CreateArena(4096, 1);
                AioBuffer buffer = arena.Rent();
                AioReturn place = new();
                AioHandle handle = context.Acquire(place);
                WaitReference reference = handle.Reference;
                handle.SetVector(new IoVector(buffer.Address, 4096));
                handle.StartWrite(file.File, 0);
                context.Submit();
                await disk.CrashAsync(CrashKind.PowerLoss);
                await context.WaitAsync(reference);
                Assert.Equal(AioStatus.Error, place.Result.Status);
                Assert.True(place.Result.IsOutcomeUnknown);

                // Nothing that the dead ask for is done.
                await Assert.ThrowsAsync<AioException>(async () => await file.WriteAsync(new byte[10], 0));
                Assert.Throws<AioException>(() => system.FileSystem.Exists("/file"));
                buffer.Return();
            });
        }

        Started.Loop(disk, system =>
        {
            Assert.DoesNotContain(system.FileSystem.List("/"), static entry => entry.LengthBytes > 4096);
            return Task.CompletedTask;
        });
    }

    [Fact]
    public void ACrashComesAtTheOperationThatWasPlanned()
    {
        SimulatedDisk disk = new();
        int done = 0;
        Started.Loop(disk, async system =>
        {
            await using AioFile file = await Started.CreateAsync(system, "/file");
            disk.PlanCrash(new CrashPlan(CrashKind.ProcessDeath) { AtOperation = 5 });
            while (true)
            {
                await file.WriteAsync(new byte[100], 0);
                done++;
            }
        });
        Assert.Equal(4, done);
        Assert.Equal(1, disk.CrashCount);
    }

    [Fact]
    public void ACrashComesAtTheTimeThatWasPlanned()
    {
        SimulatedDisk disk = new();
        Started.Loop(disk, async system =>
        {
            await using AioFile file = await Started.CreateAsync(system, "/file");
            disk.PlanCrash(new CrashPlan(CrashKind.PowerLoss) { After = TimeSpan.FromSeconds(2) });
            while (true)
            {
                await file.WriteAsync(new byte[100], 0);
                await Task.Delay(TimeSpan.FromMilliseconds(300), disk.Time);
            }
        });
        Assert.Equal(1, disk.CrashCount);
        Assert.InRange(disk.Time.Now, TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(2.5));
    }

    [Fact]
    public void ACrashComesWhenThePredicateSaysSo()
    {
        SimulatedDisk disk = new();
        bool renamed = false;
        Started.Loop(disk, async system =>
        {
            await using AioFile file = await Started.CreateAsync(system, "/a");
            disk.PlanCrash(new CrashPlan(CrashKind.PowerLoss) { When = static record => record.Operation == TraceOperation.Rename });
            await file.WriteAsync(new byte[100], 0);
            await file.FlushAsync();
            system.FileSystem.Rename("/a", "/b");
            renamed = true;
        });
        Assert.False(renamed);
        Assert.Equal(1, disk.CrashCount);
    }

    [Fact]
    public void AWriteInFlightIsPartlyDoneForSomeSeeds()
    {
        HashSet<string> kinds = [];
        for (ulong seed = 1; seed <= 60; seed++)
        {
            SimulatedDisk disk = new(new SimulatedDiskOptions { Seed = seed, SectorBytes = 512 });
            Started.Loop(disk, async system =>
            {
                await using AioFile file = await AioFile.CreateDurableAsync(system, "/file");
                await file.WriteAsync(new byte[8192], 0, AioDurability.FlushAfter);
                disk.PlanCrash(new CrashPlan(CrashKind.ProcessDeath) { AtOperation = 1 });
                await file.WriteAsync(Enumerable.Repeat((byte)7, 8192).ToArray(), 0);
            });
            Started.Loop(disk, async system =>
            {
                int count = (await Started.ReadAllAsync(system, "/file")).Count(static one => one == 7);
                kinds.Add(count == 0 ? "none" : count == 8192 ? "all" : "part");
            });
        }

        Assert.Equal(["all", "none", "part"], kinds.Order());
    }

    [Fact]
    public void AWriteExecutedInPlaceIsPartlyDoneForSomeSeeds()
    {
        HashSet<string> kinds = [];
        for (ulong seed = 1; seed <= 60; seed++)
        {
            SimulatedDisk disk = new(new SimulatedDiskOptions { Seed = seed, SectorBytes = 512 });
            Started.Loop(disk, async system =>
            {
                await using AioFile file = await AioFile.CreateDurableAsync(system, "/file");
                await file.WriteAsync(new byte[8192], 0, AioDurability.FlushAfter);
                disk.PlanCrash(new CrashPlan(CrashKind.ProcessDeath) { AtOperation = 1 });

                // For a system on another disk the file is one of a kind that it does not know: it executes its requests itself.
                using AioSystem other = Started.On(new SimulatedDisk());
                using AioContext context = other.CreateContext();
                using BufferArena arena = other.CreateArena(8192, 1);
                AioBuffer buffer = arena.Rent();
                buffer.Span.Fill(7);
                AioReturn place = new();
                AioHandle handle = context.Acquire(place);
                handle.SetVector(new IoVector(buffer.Address, 8192));
                handle.StartWrite(file.File, 0);
                while (context.WaitForAny())
                {
                }

                buffer.Return();
                Assert.True(place.Result.IsOutcomeUnknown);
            });
            Started.Loop(disk, async system =>
            {
                int count = (await Started.ReadAllAsync(system, "/file")).Count(static one => one == 7);
                kinds.Add(count == 0 ? "none" : count == 8192 ? "all" : "part");
            });
        }

        Assert.Equal(["all", "none", "part"], kinds.Order());
    }

    [Fact]
    public void ANameIsChangedOrNotWhenTheCrashComesAtThatOperation()
    {
        HashSet<bool> renamed = [];
        for (ulong seed = 1; seed <= 20; seed++)
        {
            SimulatedDisk disk = new(new SimulatedDiskOptions { Seed = seed });
            Started.Loop(disk, async system =>
            {
                await using (await Started.CreateAsync(system, "/a"))
                {
                }

                disk.PlanCrash(new CrashPlan(CrashKind.ProcessDeath) { AtOperation = 1 });
                Assert.Throws<AioException>(() => system.FileSystem.Rename("/a", "/b"));
            });
            Started.Loop(disk, system =>
            {
                string name = Assert.Single(system.FileSystem.List("/")).Name;
                renamed.Add(name == "b");
                return Task.CompletedTask;
            });
        }

        Assert.Equal([false, true], renamed.Order());
    }

    [Fact]
    public async Task CrashesWorkWithoutALoop()
    {
        SimulatedDisk disk = new();
        await using AioSystem system = Started.On(disk);
        await using AioFile file = await Started.CreateAsync(system, "/file");
        Task[] writers = [.. Enumerable.Range(0, 4).Select(number => Task.Run(async () =>
        {
            byte[] block = new byte[512];
            while (true) await file.WriteAsync(block, number * 512);
        }))];
        while (disk.OperationCount < 500) await Task.Yield();
        disk.Crash(CrashKind.PowerLoss);
        foreach (Task writer in writers) await Assert.ThrowsAsync<AioException>(() => writer.WaitAsync(TimeSpan.FromSeconds(60)));
    }
}
