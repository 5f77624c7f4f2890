using System.Diagnostics;

namespace Sluice.Tool.Bench.Engines;

/// <summary>One asynchronous loop over an <see cref="AioFile"/>: what awaiting code looks like, on the thread pool or on a loop.</summary>
internal static class FileFlow
{
    /// <summary>Reads or writes one block after the other until the window closes. Failures go to the window.</summary>
    internal static async Task RunAsync(
        Workload workload, Window window, AioFile file, Memory<byte> block, BlockOffsets offsets, Tally tally)
    {
        try
        {
            if (workload.IsWriting) await WriteAsync(workload, window, file, block, offsets, tally);
            else await ReadAsync(window, file, block, offsets, tally);
        }
        catch (Exception exception)
        {
            window.Fail(exception);
        }
    }

    private static async Task ReadAsync(Window window, AioFile file, Memory<byte> block, BlockOffsets offsets, Tally tally)
    {
        long startedAt = Stopwatch.GetTimestamp();
        while (window.IsRunning)
        {
            int bytes = await file.ReadAsync(block, offsets.Next());
            if (bytes != block.Length) throw BenchFile.ShortTransfer(bytes, block.Length);
            long now = Stopwatch.GetTimestamp();
            tally.Record(now - startedAt);
            startedAt = now;
        }
    }

    private static async Task WriteAsync(
        Workload workload, Window window, AioFile file, Memory<byte> block, BlockOffsets offsets, Tally tally)
    {
        AioDurability durability = workload.WriteDurability;
        bool flushes = workload.FlushesSeparately;
        long startedAt = Stopwatch.GetTimestamp();
        while (window.IsRunning)
        {
            await file.WriteAsync(block, offsets.Next(), durability);
            if (flushes) await file.FlushAsync();
            long now = Stopwatch.GetTimestamp();
            tally.Record(now - startedAt);
            startedAt = now;
        }
    }
}
