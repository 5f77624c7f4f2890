namespace Sluice.Tool.Bench.Engines;

/// <summary>
/// Loops with a thread each, on which as many asynchronous loops run as are to be in flight: no thread hop, submitted in batches.
/// </summary>
internal sealed class LoopEngine : Engine
{
    private readonly SluiceHost _host;
    private readonly BlockOffsets[] _offsets;
    private readonly AioLoop?[] _loops;
    private readonly Task[] _flows;

    internal LoopEngine(Workload workload, Window window, string method)
        : base(workload, window, workload.Threads)
    {
        _host = new SluiceHost(workload, method, contexts: workload.Threads, sharedContexts: 1);
        _offsets = workload.Offsets(workload.Threads);
        _loops = new AioLoop?[workload.Threads];
        _flows = new Task[workload.Threads];
        Array.Fill(_flows, Task.CompletedTask);
    }

    internal override string Method => _host.System.MethodName;

    internal override void Start()
    {
        for (int index = 0; index < _loops.Length; index++)
        {
            int number = index;
            AioLoop loop = _host.System.CreateLoop($"bench-{number}");
            _loops[number] = loop;
            _flows[number] = loop.InvokeAsync(() => RunAsync(number));
        }
    }

    internal override void Join() => Task.WaitAll(_flows);

    public override void Dispose()
    {
        foreach (AioLoop? loop in _loops) loop?.Dispose();
        _host.Dispose();
    }

    // All on one thread, so the flows share places and counts.
    private Task RunAsync(int number)
    {
        Task[] flows = new Task[Workload.Depth];
        for (int index = 0; index < flows.Length; index++)
        {
            Memory<byte> block = _host.Buffers[(number * flows.Length) + index].Memory;
            flows[index] = FileFlow.RunAsync(Workload, Window, _host.File, block, _offsets[number], Tallies[number]);
        }

        return Task.WhenAll(flows);
    }
}
