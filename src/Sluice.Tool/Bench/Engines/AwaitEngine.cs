namespace Sluice.Tool.Bench.Engines;

/// <summary>As many asynchronous loops as are to be in flight, on the thread pool, with plain <c>await</c>.</summary>
internal sealed class AwaitEngine : Engine
{
    private readonly SluiceHost _host;
    private readonly BlockOffsets[] _offsets;
    private readonly Task[] _flows;

    internal AwaitEngine(Workload workload, Window window, string method)
        : base(workload, window, workload.Depth * workload.Threads)
    {
        _host = new SluiceHost(workload, method, contexts: 0, sharedContexts: 0);
        _offsets = workload.Offsets(Tallies.Length);
        _flows = new Task[Tallies.Length];
        Array.Fill(_flows, Task.CompletedTask);
    }

    internal override string Method => _host.System.MethodName;

    internal override void Start()
    {
        for (int index = 0; index < _flows.Length; index++)
        {
            int flow = index;
            _flows[flow] = Task.Run(
                () => FileFlow.RunAsync(Workload, Window, _host.File, _host.Buffers[flow].Memory, _offsets[flow], Tallies[flow]));
        }
    }

    internal override void Join() => Task.WaitAll(_flows);

    public override void Dispose() => _host.Dispose();
}
