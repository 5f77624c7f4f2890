using Sluice.Simulation.Tests.Support;

namespace Sluice.Simulation.Tests;

/// <summary>The disk against a plain file in memory, without faults.</summary>
public sealed class ModelTests
{
    private const int LengthMaximum = 100_000;
    private const int Steps = 300;

    [Theory]
    [InlineData(512)]
    [InlineData(4096)]
    public void WithoutFaultsTheDiskIsAPlainFile(int sectorBytes)
    {
        for (ulong seed = 1; seed <= 30; seed++)
        {
            SimulatedDisk disk = new(new SimulatedDiskOptions { Seed = seed, SectorBytes = sectorBytes });
            SimulatedRandom random = new(seed, 99);
            byte[] model = [];
            Started.Loop(disk, async system =>
            {
                await using AioFile file = await AioFile.CreateDurableAsync(system, "/file");
                for (int step = 0; step < Steps; step++) model = await StepAsync(file, random, model);
                await file.FlushAsync();
            });
            disk.Crash(CrashKind.PowerLoss);
            Started.Loop(disk, async system => Assert.Equal(model, await Started.ReadAllAsync(system, "/file")));
        }
    }

    [Fact]
    public void SpaceIsAccountedForExactly()
    {
        for (ulong seed = 1; seed <= 20; seed++)
        {
            const long Capacity = 4096 * 64;
            SimulatedDisk disk = new(new SimulatedDiskOptions { Seed = seed, CapacityBytes = Capacity });
            SimulatedRandom random = new(seed, 98);
            Started.Loop(disk, async system =>
            {
                byte[] model = [];
                AioFile file = await AioFile.CreateDurableAsync(system, "/file");
                for (int step = 0; step < Steps; step++) model = await StepAsync(file, random, model);
                await file.DisposeAsync();
                if (random.Chance(0.5)) system.FileSystem.SyncDirectory("/");
            });
            disk.Crash(CrashKind.PowerLoss);
            Started.Loop(disk, system =>
            {
                system.FileSystem.Remove("/file");
                return Task.CompletedTask;
            });
            Assert.Equal(Capacity / 4096, disk.FreePages);
        }
    }

    private static async Task<byte[]> StepAsync(AioFile file, SimulatedRandom random, byte[] model)
    {
        int offset = random.Next(LengthMaximum);
        int length = random.Next(random.Chance(0.5) ? 500 : 20_000);
        switch (random.Next(10))
        {
            case < 4:
                byte[] bytes = new byte[length];
                random.Fill(bytes);
                await file.WriteAsync(bytes, offset, (AioDurability)random.Next(3));
                if (length == 0) return model;
                model = Grow(model, offset + length);
                bytes.CopyTo(model, offset);
                return model;
            case < 7:
                byte[] back = new byte[length];
                int count = await file.ReadAsync(back, offset);
                Assert.Equal(Math.Clamp(model.Length - offset, 0, length), count);
                Assert.Equal(model.AsSpan(Math.Min(offset, model.Length), count), back.AsSpan(0, count));
                return model;
            case 7:
                await file.SetLengthAsync(offset);
                return [.. model.Take(offset), .. new byte[Math.Max(0, offset - model.Length)]];
            case 8:
                if (length == 0) return model;
                await file.AllocateAsync(offset, length);
                return Grow(model, offset + length);
            default:
                await file.FlushAsync();
                Assert.Equal(model.Length, file.GetLength());
                return model;
        }
    }

    private static byte[] Grow(byte[] model, int length)
    {
        if (model.Length < length) Array.Resize(ref model, length);
        return model;
    }
}
