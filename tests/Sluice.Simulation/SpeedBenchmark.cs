using System.Diagnostics;
using Sluice.Plugins;

namespace Sluice.Simulation;

/// <summary>How fast the simulation itself is: plain awaits of 8 KiB reads and writes on one loop, without faults.</summary>
public static class SpeedBenchmark
{
    private const int BlockBytes = 8192;
    private const int FileBlocks = 1024;
    private const int Flows = 32;

    /// <summary>Runs. The calling thread becomes the loop's.</summary>
    /// <param name="operations">How many operations in all.</param>
    /// <param name="writeShare">What share of them are writes, from 0 to 1.</param>
    /// <returns>Operations per second, the same per second of processor time, and bytes allocated per operation.</returns>
    public static (
        double OperationsPerSecond,
        double OperationsPerProcessorSecond,
        double AllocatedBytesPerOperation) Measure(int operations, double writeShare)
    {
        SimulatedDisk disk = new(new SimulatedDiskOptions { Latency = DiskLatency.Zero });
        IoMethodCatalog catalog = new();
        catalog.Add("simulated", new SimulatedMethodFactory(disk));
        using AioSystem system = AioSystem.Start(new AioSystemOptions
        {
            Method = "simulated",
            Catalog = catalog,
            TimeProvider = disk.Time,
            SharedContexts = 1,
            ContextsMax = 2,
            HandlesPerContext = Flows,
        });
        (double, double, double) result = default;
        system.RunLoop(async () =>
        {
            await using AioFile file = await AioFile.OpenAsync(
                system, "/bench", new IoOpenOptions { Access = IoAccess.ReadWrite, Creation = IoCreation.CreateNew });
            using BufferArena arena = system.CreateArena(BlockBytes, Flows);
            AioBuffer[] buffers = [.. Enumerable.Range(0, Flows).Select(_ => arena.Rent())];
            for (int block = 0; block < FileBlocks; block++) await file.WriteAsync(buffers[0].Memory, (long)block * BlockBytes);
            await file.FlushAsync();
            await RunAsync(file, buffers, operations / 10, writeShare);
            long allocated = GC.GetAllocatedBytesForCurrentThread();
            TimeSpan processor = Environment.CpuUsage.TotalTime;
            Stopwatch watch = Stopwatch.StartNew();
            await RunAsync(file, buffers, operations, writeShare);
            double seconds = watch.Elapsed.TotalSeconds;
            allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
            processor = Environment.CpuUsage.TotalTime - processor;
            result = (operations / seconds, operations / processor.TotalSeconds, (double)allocated / operations);
            foreach (AioBuffer buffer in buffers) buffer.Return();
        });
        return result;
    }

    private static Task RunAsync(AioFile file, AioBuffer[] buffers, int operations, double writeShare)
    {
        Task[] flows = new Task[buffers.Length];
        for (int index = 0; index < flows.Length; index++)
        {
            flows[index] = FlowAsync(file, buffers[index].Memory, (ulong)index, operations / flows.Length, writeShare);
        }

        return Task.WhenAll(flows);
    }

    private static async Task FlowAsync(AioFile file, Memory<byte> memory, ulong number, int operations, double writeShare)
    {
        SimulatedRandom random = new(number);
        for (int count = 0; count < operations; count++)
        {
            long offset = (long)random.Next(FileBlocks) * BlockBytes;
            if (random.Chance(writeShare)) await file.WriteAsync(memory, offset);
            else await file.ReadAsync(memory, offset);
        }
    }
}
