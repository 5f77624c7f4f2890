using System.Diagnostics;
using Microsoft.Win32.SafeHandles;

namespace Sluice.Tool.Bench.Engines;

/// <summary>
/// .NET's own blocking calls, one after the other: the least that can be done, and the measure for the runtime's own cost.
/// </summary>
internal sealed class PreadEngine : Engine
{
    private readonly SystemFile _file;
    private readonly NativeBlocks _blocks;
    private readonly BlockOffsets[] _offsets;
    private readonly Flows _flows;

    internal PreadEngine(Workload workload, Window window)
        : base(workload, window, workload.Threads)
    {
        _file = new SystemFile(workload);
        _blocks = new NativeBlocks(workload, workload.Threads);
        _offsets = workload.Offsets(workload.Threads);
        _flows = new Flows(window, workload.Threads, Run);
    }

    internal override string Method => Names.PreadMethod;

    internal override Mode? Mode => Bench.Mode.Blocking;

    internal override int Depth => 1;

    internal override void Start() => _flows.Start();

    internal override void Join() => _flows.Join();

    public override void Dispose()
    {
        _file.Dispose();
        _blocks.Dispose();
    }

    private void Run(int flow)
    {
        Span<byte> block = _blocks[flow].Span;
        BlockOffsets offsets = _offsets[flow];
        if (Workload.IsWriting) Write(block, offsets, Tallies[flow]);
        else Read(block, offsets, Tallies[flow]);
    }

    private void Read(Span<byte> block, BlockOffsets offsets, Tally tally)
    {
        SafeFileHandle handle = _file.Handle;
        long startedAt = Stopwatch.GetTimestamp();
        while (Window.IsRunning)
        {
            int bytes = RandomAccess.Read(handle, block, offsets.Next());
            if (bytes != block.Length) throw BenchFile.ShortTransfer(bytes, block.Length);
            long now = Stopwatch.GetTimestamp();
            tally.Record(now - startedAt);
            startedAt = now;
        }
    }

    private void Write(Span<byte> block, BlockOffsets offsets, Tally tally)
    {
        SafeFileHandle handle = _file.Handle;
        bool flushes = Workload.IsDurable && Workload.Durable != DurableWriteForm.FileWriteThrough;
        long startedAt = Stopwatch.GetTimestamp();
        while (Window.IsRunning)
        {
            RandomAccess.Write(handle, block, offsets.Next());
            if (flushes) RandomAccess.FlushToDisk(handle);
            long now = Stopwatch.GetTimestamp();
            tally.Record(now - startedAt);
            startedAt = now;
        }
    }
}
