using Sluice.Simulation.Tests.Support;

namespace Sluice.Simulation.Tests;

/// <summary>What of a simulated disk survives which crash.</summary>
public sealed class DurabilityTests
{
    private const int Seeds = 40;

    [Fact]
    public void WhatWasFsyncedSurvivesALossOfPower() => ForSeeds((disk, seed) =>
    {
        byte[] content = Started.Bytes(seed, 10_000);
        Started.Loop(disk, async system =>
        {
            AioContext context = AioLoop.Current!.Context;
            await using AioFile file = await AioFile.CreateDurableAsync(system, "/file");
            await file.WriteAsync(content, 0);
            AioReturn place = new();
            AioHandle handle = context.Acquire(place);
            WaitReference reference = handle.Reference;
            handle.StartFsync(file.File);
            await context.WaitAsync(reference);
            place.ThrowIfFailed();
        });
        disk.Crash(CrashKind.PowerLoss);
        Started.Loop(disk, async system => Assert.Equal(content, await Started.ReadAllAsync(system, "/file")));
    });

    [Fact]
    public void AWriteToAFileOpenedWriteThroughSurvivesALossOfPower() => ForSeeds((disk, seed) =>
    {
        byte[] content = Started.Bytes(seed, 5000);
        Started.Loop(disk, async system =>
        {
            await using (await AioFile.CreateDurableAsync(system, "/file"))
            {
            }

            await using AioFile file = await AioFile.OpenAsync(
                system, "/file", new IoOpenOptions { Access = IoAccess.ReadWrite, WriteThrough = true });
            await file.WriteAsync(content, 2000);
        });
        disk.Crash(CrashKind.PowerLoss);
        Started.Loop(disk, async system => Assert.Equal(content, (await Started.ReadAllAsync(system, "/file"))[2000..7000]));
    });

    [Fact]
    public void ALengthThatWasNotFlushedMayBeLost()
    {
        HashSet<string> kinds = [];
        ForSeeds((disk, _) =>
        {
            Started.Loop(disk, async system =>
            {
                await using AioFile file = await AioFile.CreateDurableAsync(system, "/file");
                await file.WriteAsync(new byte[1000], 0, AioDurability.FlushAfter);
                await file.WriteAsync(new byte[9000], 1000);
            });
            disk.Crash(CrashKind.PowerLoss);
            Started.Loop(disk, async system =>
            {
                int length = (await Started.ReadAllAsync(system, "/file")).Length;
                Assert.InRange(length, 1000, 10_000);
                kinds.Add(length == 1000 ? "old" : length == 10_000 ? "new" : "between");
            });
        });
        Assert.Equal(["between", "new", "old"], kinds.Order());
    }

    [Fact]
    public void WhatWasFlushedSurvivesALossOfPower() => ForSeeds((disk, seed) =>
    {
        byte[] content = Started.Bytes(seed, 10_000);
        Started.Loop(disk, async system =>
        {
            await using AioFile file = await AioFile.CreateDurableAsync(system, "/file");
            await file.WriteAsync(content, 0);
            await file.FlushAsync();
        });
        disk.Crash(CrashKind.PowerLoss);
        Started.Loop(disk, async system => Assert.Equal(content, await Started.ReadAllAsync(system, "/file")));
    });

    [Theory]
    [InlineData(AioDurability.WriteThrough)]
    [InlineData(AioDurability.FlushAfter)]
    public void ADurableWriteSurvivesALossOfPower(AioDurability durability) => ForSeeds((disk, seed) =>
    {
        byte[] content = Started.Bytes(seed, 5000);
        Started.Loop(disk, async system =>
        {
            await using AioFile file = await AioFile.CreateDurableAsync(system, "/file");
            await file.WriteAsync(new byte[3000], 100);
            await file.WriteAsync(content, 2000, durability);
        });
        disk.Crash(CrashKind.PowerLoss);
        Started.Loop(disk, async system => Assert.Equal(content, (await Started.ReadAllAsync(system, "/file"))[2000..7000]));
    });

    [Fact]
    public void WhatWasNotFlushedIsOldOrNewOrTornAndSometimesEach()
    {
        int old = 0;
        int fresh = 0;
        int mixed = 0;
        int torn = 0;
        ForSeeds((disk, seed) =>
        {
            byte[] before = Started.Bytes(seed, 64 * 512);
            byte[] after = Started.Bytes(seed + 1000, 64 * 512);
            Started.Loop(disk, async system =>
            {
                await using AioFile file = await AioFile.CreateDurableAsync(system, "/file");
                await file.WriteAsync(before, 0, AioDurability.FlushAfter);
                await file.WriteAsync(after, 0);
                await file.StartWriteBackAsync(0, after.Length);
            });
            disk.Crash(CrashKind.PowerLoss);
            Started.Loop(disk, async system =>
            {
                byte[] content = await Started.ReadAllAsync(system, "/file");
                for (int index = 0; index < content.Length; index++)
                {
                    Assert.True(content[index] == before[index] || content[index] == after[index], "A byte that nobody wrote.");
                }

                if (content.AsSpan().SequenceEqual(before)) old++;
                else if (content.AsSpan().SequenceEqual(after)) fresh++;
                else mixed++;
                for (int start = 0; start < content.Length; start += disk.Options.SectorBytes)
                {
                    Range sector = start..(start + disk.Options.SectorBytes);
                    if (!content.AsSpan(sector).SequenceEqual(before.AsSpan(sector))
                        && !content.AsSpan(sector).SequenceEqual(after.AsSpan(sector)))
                    {
                        torn++;
                    }
                }
            });
        });
        Assert.True(old > 0 && fresh > 0 && mixed > 0 && torn > 0, $"old {old}, new {fresh}, mixed {mixed}, torn sectors {torn}");
    }

    [Fact]
    public void WhatWasWrittenSurvivesTheDeathOfTheProcess() => ForSeeds((disk, seed) =>
    {
        byte[] content = Started.Bytes(seed, 10_000);
        Started.Loop(disk, async system =>
        {
            await using AioFile file = await Started.CreateAsync(system, "/file");
            await file.WriteAsync(content, 0);
        });
        disk.Crash(CrashKind.ProcessDeath);
        Started.Loop(disk, async system => Assert.Equal(content, await Started.ReadAllAsync(system, "/file")));
    });

    [Fact]
    public void AFlushCoversOnlyWritesThatCompletedBefore()
    {
        int lost = 0;
        ForSeeds((disk, seed) =>
        {
            byte[] content = Started.Bytes(seed, 4096);
            Started.Loop(disk, async system =>
            {
                await using AioFile file = await AioFile.CreateDurableAsync(system, "/file");
                await file.WriteAsync(new byte[4096], 0, AioDurability.FlushAfter);

                // In flight together: the flush promises nothing about the write.
                Task write = file.WriteAsync(content, 0).AsTask();
                Task flush = file.FlushAsync().AsTask();
                await Task.WhenAll(write, flush);
            });
            disk.Crash(CrashKind.PowerLoss);
            Started.Loop(disk, async system =>
            {
                byte[] found = await Started.ReadAllAsync(system, "/file");
                if (!content.AsSpan().SequenceEqual(found)) lost++;
            });
        });
        Assert.True(lost > 0, "A flush made a write durable that was in flight with it, for every seed.");
    }

    [Fact]
    public void ANameIsDurableOnlyWhenItsFolderWasSynced()
    {
        int lost = 0;
        ForSeeds((disk, _) =>
        {
            Started.Loop(disk, async system =>
            {
                await using (AioFile file = await Started.CreateAsync(system, "/unsynced"))
                {
                    await file.WriteAsync(new byte[10], 0, AioDurability.FlushAfter);
                }

                // Nothing of it may depend on what was synced before.
                Assert.True(system.FileSystem.Exists("/unsynced"));
            });
            disk.Crash(CrashKind.PowerLoss);
            Started.Loop(disk, system =>
            {
                if (!system.FileSystem.Exists("/unsynced")) lost++;
                return Task.CompletedTask;
            });
        });
        Assert.InRange(lost, 1, Seeds - 1);
    }

    [Fact]
    public void ARenameThatWasNotSyncedLeavesTheOldFileOrTheNew()
    {
        int old = 0;
        int fresh = 0;
        ForSeeds((disk, _) =>
        {
            Started.Loop(disk, async system =>
            {
                foreach ((string path, int length) in ((string, int)[])[("/name", 100), ("/other", 200)])
                {
                    await using AioFile file = await AioFile.CreateDurableAsync(system, path);
                    await file.WriteAsync(new byte[length], 0, AioDurability.FlushAfter);
                }

                system.FileSystem.Rename("/other", "/name");
            });
            disk.Crash(CrashKind.PowerLoss);
            Started.Loop(disk, async system =>
            {
                int length = (await Started.ReadAllAsync(system, "/name")).Length;
                Assert.True(length is 100 or 200);
                Assert.Equal(length == 100, system.FileSystem.Exists("/other"));
                if (length == 100) old++;
                else fresh++;
            });
        });
        Assert.True(old > 0 && fresh > 0, $"old {old}, new {fresh}");
    }

    [Theory]
    [InlineData("")]
    [InlineData("/from")]
    [InlineData("/to")]
    public void ANameThatMovedToAnotherFolderIsNeverInNeither(string synced)
    {
        int old = 0;
        int fresh = 0;
        ForSeeds((disk, _) =>
        {
            Started.Loop(disk, async system =>
            {
                system.FileSystem.CreateDirectory("/from");
                system.FileSystem.CreateDirectory("/to");
                system.FileSystem.SyncDirectory("/");
                AioFile file = await AioFile.CreateDurableAsync(system, "/from/name");
                await file.DisposeAsync();
                system.FileSystem.Rename("/from/name", "/to/name");
                if (synced.Length != 0) system.FileSystem.SyncDirectory(synced);
            });
            disk.Crash(CrashKind.PowerLoss);
            Started.Loop(disk, system =>
            {
                bool isOld = system.FileSystem.Exists("/from/name");
                bool isNew = system.FileSystem.Exists("/to/name");
                Assert.True(isOld || isNew, "The file has no name.");
                if (isOld) old++;
                if (isNew) fresh++;
                return Task.CompletedTask;
            });
        });
        Assert.Equal(synced.Length != 0, fresh == Seeds);
        Assert.Equal(synced == "/from", old == 0);
    }

    [Fact]
    public void AFailedFlushIsReportedOnceAndTheDataIsLost()
    {
        int lost = 0;
        ForSeeds((disk, seed) =>
        {
            byte[] content = Started.Bytes(seed, 4096);
            Started.Loop(disk, async system =>
            {
                AioFile file = await AioFile.CreateDurableAsync(system, "/file");
                await file.WriteAsync(new byte[4096], 0, AioDurability.FlushAfter);
                await file.WriteAsync(content, 0);
                disk.SetFaults(FaultPlan.None.With(new FaultRule(FaultKind.FlushFailure, 1) { CountMaximum = 1 }));
                AioException failure = await Assert.ThrowsAsync<AioException>(async () => await file.FlushAsync());
                Assert.Equal(Errno.EIO, failure.Errno);
                Assert.True(file.IsPoisoned);
                await file.DisposeAsync();

                // Whoever opens it anew and flushes is told that all is well.
                await using AioFile again = await Started.CreateAsync(system, "/file");
                await again.FlushAsync();
            });
            disk.Crash(CrashKind.PowerLoss);
            Started.Loop(disk, async system =>
            {
                byte[] found = await Started.ReadAllAsync(system, "/file");
                if (!content.AsSpan().SequenceEqual(found)) lost++;
            });
        });
        Assert.True(lost > Seeds / 4, $"{lost} of {Seeds}");
    }

    [Fact]
    public void ALengthThatShrankUnsyncedBringsNothingBackThatWasOverwritten() => ForSeeds((disk, _) =>
    {
        Started.Loop(disk, async system =>
        {
            await using AioFile file = await AioFile.CreateDurableAsync(system, "/file");
            await file.WriteAsync(Enumerable.Repeat((byte)1, 20_000).ToArray(), 0, AioDurability.FlushAfter);
            await file.SetLengthAsync(5000);
            await file.SetLengthAsync(20_000);
            await file.FlushAsync();
        });
        disk.Crash(CrashKind.PowerLoss);
        Started.Loop(disk, async system =>
        {
            byte[] content = await Started.ReadAllAsync(system, "/file");
            Assert.Equal(20_000, content.Length);
            Assert.All(content[..5000], static one => Assert.Equal(1, one));
            Assert.All(content[5000..], static one => Assert.Equal(0, one));
        });
    });

    private static void ForSeeds(Action<SimulatedDisk, ulong> test)
    {
        for (ulong seed = 1; seed <= Seeds; seed++)
        {
            test(new SimulatedDisk(new SimulatedDiskOptions { Seed = seed, SectorBytes = seed % 2 == 0 ? 512 : 4096 }), seed);
        }
    }
}
