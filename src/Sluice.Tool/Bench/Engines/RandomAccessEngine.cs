using System.Diagnostics;
using Microsoft.Win32.SafeHandles;

namespace Sluice.Tool.Bench.Engines;

/// <summary>
/// .NET's own asynchronous file I/O, as many operations in flight as the others: what a program would use without Sluice.
/// </summary>
internal sealed class RandomAccessEngine : Engine
{
    private readonly SystemFile _file;
    private readonly NativeBlocks _blocks;
    private readonly BlockOffsets[] _offsets;
    private readonly Task[] _flows;

    internal RandomAccessEngine(Workload workload, Window window)
        : base(workload, window, workload.Depth * workload.Threads)
    {
        _file = new SystemFile(workload);
        _blocks = new NativeBlocks(workload, Tallies.Length);
        _offsets = workload.Offsets(Tallies.Length);
        _flows = new Task[Tallies.Length];
        Array.Fill(_flows, Task.CompletedTask);
    }

    internal override string Method => Names.RandomAccessMethod;

    internal override Mode? Mode => Bench.Mode.Await;

    internal override void Start()
    {
        for (int index = 0; index < _flows.Length; index++)
        {
            int flow = index;
            _flows[flow] = Task.Run(() => RunAsync(flow));
        }
    }

    internal override void Join() => Task.WaitAll(_flows);

    public override void Dispose()
    {
        _file.Dispose();
        _blocks.Dispose();
    }

    private async Task RunAsync(int flow)
    {
        try
        {
            if (Workload.IsWriting) await WriteAsync(_blocks[flow], _offsets[flow], Tallies[flow]);
            else await ReadAsync(_blocks[flow], _offsets[flow], Tallies[flow]);
        }
        catch (Exception exception)
        {
            Window.Fail(exception);
        }
    }

    private async Task ReadAsync(Memory<byte> block, BlockOffsets offsets, Tally tally)
    {
        SafeFileHandle handle = _file.Handle;
        long startedAt = Stopwatch.GetTimestamp();
        while (Window.IsRunning)
        {
            int bytes = await RandomAccess.ReadAsync(handle, block, offsets.Next());
            if (bytes != block.Length) throw BenchFile.ShortTransfer(bytes, block.Length);
            long now = Stopwatch.GetTimestamp();
            tally.Record(now - startedAt);
            startedAt = now;
        }
    }

    private async Task WriteAsync(Memory<byte> block, BlockOffsets offsets, Tally tally)
    {
        SafeFileHandle handle = _file.Handle;

        // .NET has one way to make a write durable besides opening the file so, and no asynchronous form of it.
        bool flushes = Workload.IsDurable && Workload.Durable != DurableWriteForm.FileWriteThrough;
        long startedAt = Stopwatch.GetTimestamp();
        while (Window.IsRunning)
        {
            await RandomAccess.WriteAsync(handle, block, offsets.Next());
            if (flushes) RandomAccess.FlushToDisk(handle);
            long now = Stopwatch.GetTimestamp();
            tally.Record(now - startedAt);
            startedAt = now;
        }
    }
}
