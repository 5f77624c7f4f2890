using Sluice.Simulation.Tests.Support;

namespace Sluice.Simulation.Tests;

/// <summary>Each kind of fault does what it says, where its rule says.</summary>
public sealed class FaultTests
{
    [Fact]
    public void AShortTransferIsContinuedToTheEnd() => With(
        FaultPlan.None.With(FaultKind.ShortRead, 0.9).With(FaultKind.ShortWrite, 0.9),
        async (disk, file) =>
        {
            for (int round = 0; round < 10; round++)
            {
                byte[] content = Started.Bytes((ulong)round, 20_000);
                await file.WriteAsync(content, 5);
                byte[] back = new byte[content.Length];
                Assert.Equal(content.Length, await file.ReadAsync(back, 5));
                Assert.Equal(content, back);
            }

            Assert.True(disk.CountFaults(FaultKind.ShortWrite) > 10 && disk.CountFaults(FaultKind.ShortRead) > 10);
        });

    [Fact]
    public void ATransientErrorPasses() => With(
        FaultPlan.None.With(new FaultRule(FaultKind.TransientError, 1) { CountMaximum = 1, Operation = IoOperation.Write }),
        async (_, file) =>
        {
            Assert.Equal(Errno.EIO, (await Assert.ThrowsAsync<AioException>(async () => await file.WriteAsync(new byte[10], 0))).Errno);
            Assert.False(file.IsPoisoned);
            await file.WriteAsync(new byte[10], 0);
        });

    [Fact]
    public void ABadSectorStaysBadUntilItIsWritten() => With(
        FaultPlan.None.With(new FaultRule(FaultKind.BadSector, 1) { CountMaximum = 1 }),
        async (_, file) =>
        {
            await file.WriteAsync(new byte[4096], 0);
            for (int round = 0; round < 3; round++)
            {
                await Assert.ThrowsAsync<AioException>(async () => await file.ReadAsync(new byte[4096], 0));
            }

            await file.WriteAsync(new byte[4096], 0);
            Assert.Equal(4096, await file.ReadAsync(new byte[4096], 0));
        });

    [Fact]
    public void BitRotIsOneBitForGood() => With(
        FaultPlan.None.With(new FaultRule(FaultKind.BitRot, 1) { CountMaximum = 1 }),
        async (_, file) =>
        {
            await file.WriteAsync(new byte[4096], 0);
            byte[] first = new byte[4096];
            byte[] second = new byte[4096];
            await file.ReadAsync(first, 0);
            await file.ReadAsync(second, 0);
            Assert.Equal(1, first.Sum(static one => System.Numerics.BitOperations.PopCount(one)));
            Assert.Equal(first, second);
        });

    [Fact]
    public void ALostWriteReportsSuccessAndDoesNothing() => With(
        FaultPlan.None.With(FaultKind.LostWrite, 1),
        async (disk, file) =>
        {
            disk.SetFaults(FaultPlan.None);
            await file.WriteAsync(new byte[4096], 0);
            disk.SetFaults(FaultPlan.None.With(FaultKind.LostWrite, 1));
            await file.WriteAsync(Started.Bytes(1, 4096), 0);
            byte[] back = new byte[4096];
            await file.ReadAsync(back, 0);
            Assert.All(back, static one => Assert.Equal(0, one));
        });

    [Fact]
    public void AMisdirectedWriteHitsAnotherPlaceOfTheFile() => With(
        FaultPlan.None,
        async (disk, file) =>
        {
            await file.WriteAsync(new byte[10 * 4096], 0);
            disk.SetFaults(FaultPlan.None.With(new FaultRule(FaultKind.MisdirectedWrite, 1) { CountMaximum = 1 }));
            while (disk.CountFaults(FaultKind.MisdirectedWrite) == 0)
            {
                await file.WriteAsync(Enumerable.Repeat((byte)1, 4096).ToArray(), 3 * 4096);
            }

            byte[] back = new byte[10 * 4096];
            await file.ReadAsync(back, 0);
            int[] hit = [.. Enumerable.Range(0, 10).Where(block => back[block * 4096] == 1)];
            Assert.DoesNotContain(3, hit);
            Assert.Single(hit);
        });

    [Fact]
    public void AFullDiskSaysSoAndARemovedFileGivesItsSpaceBack()
    {
        SimulatedDisk disk = new(new SimulatedDiskOptions { CapacityBytes = 10 * 4096 });
        Started.Loop(disk, async system =>
        {
            AioFile file = await Started.CreateAsync(system, "/big");
            Assert.Equal(
                Errno.ENOSPC, (await Assert.ThrowsAsync<AioException>(async () => await file.WriteAsync(new byte[11 * 4096], 0))).Errno);
            Assert.Equal(10 * 4096, file.GetLength());
            Assert.Equal(Errno.ENOSPC, (await Assert.ThrowsAsync<AioException>(async () => await file.AllocateAsync(0, 11 * 4096))).Errno);
            await file.DisposeAsync();
            system.FileSystem.Remove("/big");
            await using AioFile other = await Started.CreateAsync(system, "/other");
            await other.AllocateAsync(0, 10 * 4096);
            await other.WriteAsync(new byte[10 * 4096], 0);
        });
    }

    [Fact]
    public void AnInventedLackOfSpaceHitsWritesAndReservationsOnly() => With(
        FaultPlan.None.With(FaultKind.NoSpace, 1),
        async (_, file) =>
        {
            Assert.Equal(Errno.ENOSPC, (await Assert.ThrowsAsync<AioException>(async () => await file.WriteAsync(new byte[10], 0))).Errno);
            Assert.Equal(Errno.ENOSPC, (await Assert.ThrowsAsync<AioException>(async () => await file.AllocateAsync(0, 10))).Errno);
            Assert.Equal(0, await file.ReadAsync(new byte[10], 0));
            await file.FlushAsync();
            Assert.Equal(0, file.GetLength());
        });

    [Fact]
    public void ALatencyLiesBetweenItsLeastAndItsMostAndALongTailIsMostlyShort()
    {
        TimeSpan least = TimeSpan.FromMilliseconds(1);
        TimeSpan most = TimeSpan.FromMilliseconds(1001);
        TimeSpan uniform = MedianOf(LatencyDistribution.Uniform);
        TimeSpan longTail = MedianOf(LatencyDistribution.LongTail);
        Assert.InRange(uniform, TimeSpan.FromMilliseconds(300), TimeSpan.FromMilliseconds(700));
        Assert.InRange(longTail, least, TimeSpan.FromMilliseconds(20));

        TimeSpan MedianOf(LatencyDistribution distribution)
        {
            FaultRule rule = new(FaultKind.Latency, 1) { LatencyMinimum = least, LatencyMaximum = most, Distribution = distribution };
            SimulatedDisk disk = new(new SimulatedDiskOptions { Faults = FaultPlan.None.With(rule), Latency = DiskLatency.Zero });
            List<TimeSpan> times = [];
            Started.Loop(disk, async system =>
            {
                await using AioFile file = await Started.CreateAsync(system, "/file");
                for (int index = 0; index < 300; index++)
                {
                    TimeSpan before = disk.Time.Now;
                    await file.WriteAsync(new byte[10], 0);
                    times.Add(disk.Time.Now - before);
                }
            });
            Assert.All(times, time => Assert.InRange(time, least, most));
            Assert.Contains(times, static time => time > TimeSpan.FromMilliseconds(300));
            return times.Order().ElementAt(times.Count / 2);
        }
    }

    [Fact]
    public void AnOperationOnNamesFailsWhereItsRuleSaysAndChangesNothing()
    {
        SimulatedDisk disk = new();
        Started.Loop(disk, async system =>
        {
            await using AioFile file = await Started.CreateAsync(system, "/file");
            disk.SetFaults(FaultPlan.None.With(
                new FaultRule(FaultKind.NameError, 1) { NameOperation = TraceOperation.Rename, Files = "/f*", CountMaximum = 1 }));
            system.FileSystem.SyncDirectory("/");
            Assert.Equal(Errno.EIO, Assert.Throws<AioException>(() => system.FileSystem.Rename("/file", "/other")).Errno);
            Assert.True(system.FileSystem.Exists("/file"));
            Assert.False(system.FileSystem.Exists("/other"));
            await file.WriteAsync(new byte[10], 0);
            system.FileSystem.Rename("/file", "/other");
            Assert.Equal(1, disk.CountFaults(FaultKind.NameError));
            disk.SetFaults(FaultPlan.None.With(FaultKind.NameError, 1));
            await Assert.ThrowsAsync<AioException>(() => Started.CreateAsync(system, "/new"));
            Assert.Throws<AioException>(() => system.FileSystem.SyncDirectory("/"));
            await Assert.ThrowsAsync<AioException>(async () => await file.SetLengthAsync(5));
            Assert.Equal(10, file.GetLength());
        });
    }

    [Fact]
    public async Task FaultsWorkWithoutALoop()
    {
        FaultPlan plan = FaultPlan.None
            .With(FaultKind.TransientError, 0.3)
            .With(FaultKind.ShortRead, 0.3)
            .With(FaultKind.ShortWrite, 0.3)
            .With(FaultKind.Reorder, 0.5);
        SimulatedDisk disk = new(new SimulatedDiskOptions { Faults = plan });
        await using AioSystem system = Started.On(disk);
        int[] failures = await Task.WhenAll(
            Enumerable.Range(0, 4).Select(number => Task.Run(() => WriteAsync(number)))).WaitAsync(TimeSpan.FromSeconds(120));
        Assert.All(failures, static count => Assert.True(count > 10));
        Assert.True(disk.CountFaults(FaultKind.TransientError) >= failures.Sum() && disk.CountFaults(FaultKind.ShortWrite) > 10);

        async Task<int> WriteAsync(int number)
        {
            int failed = 0;
            await using AioFile file = await Started.CreateAsync(system, $"/file{number}");
            byte[] content = Started.Bytes((ulong)number, 3000);
            byte[] back = new byte[3000];
            for (int round = 0; round < 200; round++)
            {
                await Task.Yield();
                try
                {
                    await file.WriteAsync(content, 0);
                    await file.ReadAsync(back, 0);
                    Assert.Equal(content, back);
                }
                catch (AioException)
                {
                    failed++;
                }
            }

            return failed;
        }
    }

    [Fact]
    public void AnEagainOfTheDeviceIsTheMethodsToSolve() => With(
        FaultPlan.None.With(FaultKind.Again, 0.8),
        async (disk, file) =>
        {
            for (int index = 0; index < 20; index++) await file.WriteAsync(new byte[100], index * 100);
            Assert.True(disk.CountFaults(FaultKind.Again) > 5);
        });

    [Fact]
    public void ReorderedWritesOvertakeEachOther()
    {
        SimulatedDisk disk = new(new SimulatedDiskOptions { KeepsTrace = true, Latency = DiskLatency.Zero });
        Started.Loop(disk, async system =>
        {
            await using AioFile file = await Started.CreateAsync(system, "/file");
            disk.SetFaults(FaultPlan.None.With(FaultKind.Reorder, 0.5));
            await Task.WhenAll(Enumerable.Range(0, 16).Select(index => file.WriteAsync(new byte[512], index * 512).AsTask()));
        });
        long[] offsets = [.. disk.Trace.Records.Where(static record =>
            record.Operation == TraceOperation.Write).Select(static record => record.OffsetBytes)];
        Assert.Equal(16, offsets.Length);
        Assert.NotEqual(offsets.Order(), offsets);
    }

    [Fact]
    public void ARuleKeepsToItsScope()
    {
        SimulatedDisk disk = new();
        Started.Loop(disk, async system =>
        {
            await using AioFile good = await Started.CreateAsync(system, "/good.log");
            await using AioFile bad = await Started.CreateAsync(system, "/bad.log");
            disk.SetFaults(FaultPlan.None.With(new FaultRule(FaultKind.TransientError, 1)
            {
                Files = "/bad*",
                OffsetMinimum = 1000,
                OffsetMaximum = 2000,
                Operation = IoOperation.Write,
            }));
            await good.WriteAsync(new byte[100], 1500);
            await bad.WriteAsync(new byte[100], 0);
            await bad.WriteAsync(new byte[100], 2000);
            await bad.ReadAsync(new byte[100], 1500);
            await Assert.ThrowsAsync<AioException>(async () => await bad.WriteAsync(new byte[100], 950));
            disk.SetFaults(
                FaultPlan.None.With(new FaultRule(FaultKind.TransientError, 1) { TimeMinimum = disk.Time.Now + TimeSpan.FromSeconds(1) }));
            await bad.WriteAsync(new byte[100], 0);
            await Task.Delay(TimeSpan.FromSeconds(1), disk.Time);
            await Assert.ThrowsAsync<AioException>(async () => await bad.WriteAsync(new byte[100], 0));
        });
    }

    [Fact]
    public void TheBudgetKeepsOneCopyOfEverySector()
    {
        SimulatedDisk disk = new(new SimulatedDiskOptions { SectorBytes = 512 });
        FaultBudget budget = new() { Copies = ["/a", "/b"] };
        Started.Loop(disk, async system =>
        {
            AioFile[] files = [await Started.CreateAsync(system, "/a"), await Started.CreateAsync(system, "/b")];
            foreach (AioFile file in files) await file.WriteAsync(new byte[20 * 512], 0);
            disk.SetFaults((FaultPlan.None with { Budget = budget }).With(FaultKind.BitRot, 1));
            byte[][] contents = [new byte[20 * 512], new byte[20 * 512]];
            for (int round = 0; round < 100; round++)
            {
                for (int copy = 0; copy < 2; copy++) await files[copy].ReadAsync(contents[copy], 0);
            }

            Assert.True(disk.CountFaults(FaultKind.BitRot) > 10);
            for (int sector = 0; sector < 20; sector++)
            {
                bool isSound = contents.Any(content => content.AsSpan(sector * 512, 512).IndexOfAnyExcept((byte)0) < 0);
                Assert.True(isSound, $"Both copies of sector {sector} are damaged.");
            }

            foreach (AioFile file in files) await file.DisposeAsync();
        });
    }

    [Fact]
    public void TheBudgetBoundsTheDamagesOfARun() => With(
        (FaultPlan.None with { Budget = new FaultBudget { DamagesMaximum = 3 } }).With(FaultKind.BitRot, 1).With(FaultKind.LostWrite, 0.5),
        async (disk, file) =>
        {
            await file.AllocateAsync(0, 8192);
            for (int round = 0; round < 50; round++)
            {
                await file.WriteAsync(new byte[8192], 0);
                await file.ReadAsync(new byte[8192], 0);
            }

            // A lost write of two sectors is two damages.
            Assert.InRange(disk.CountFaults(FaultKind.BitRot) + disk.CountFaults(FaultKind.LostWrite), 2, 3);
        });

    [Fact]
    public void LeavingOutARuleDoesNotChangeWhatTheOthersDo()
    {
        FaultPlan both = FaultPlan.None.With(FaultKind.Stall, 0).With(FaultKind.TransientError, 0.3);
        Assert.Equal(Failures(both), Failures(both.Without([1])));

        static List<int> Failures(FaultPlan plan)
        {
            SimulatedDisk disk = new(new SimulatedDiskOptions { Faults = plan });
            List<int> failed = [];
            Started.Loop(disk, async system =>
            {
                await using AioFile file = await Started.CreateAsync(system, "/file");
                for (int index = 0; index < 100; index++)
                {
                    try
                    {
                        await file.WriteAsync(new byte[10], 0);
                    }
                    catch (AioException)
                    {
                        failed.Add(index);
                    }
                }
            });
            Assert.NotEmpty(failed);
            return failed;
        }
    }

    private static void With(FaultPlan plan, Func<SimulatedDisk, AioFile, Task> test)
    {
        SimulatedDisk disk = new(new SimulatedDiskOptions { Faults = plan });
        Started.Loop(disk, async system =>
        {
            await using AioFile file = await Started.CreateAsync(system, "/file");
            await test(disk, file);
        });
    }
}
