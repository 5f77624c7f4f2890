using System.Diagnostics;
using Sluice.Methods;

namespace Sluice.Tool.Bench.Engines;

/// <summary>
/// Threads that own a context each and block for completions. The leanest way to use Sluice: one system call submits what is new and
/// waits for what is old.
/// </summary>
internal sealed class BlockingEngine : Engine
{
    private readonly SluiceHost _host;
    private readonly GenericFileTarget _target;
    private readonly BlockOffsets[] _offsets;
    private readonly Flows _flows;

    internal BlockingEngine(Workload workload, Window window, string method)
        : base(workload, window, workload.Threads)
    {
        _host = new SluiceHost(workload, method, contexts: workload.Threads, sharedContexts: 1);
        _target = GenericFileTarget.For(_host.File.File);
        _offsets = workload.Offsets(workload.Threads);
        _flows = new Flows(window, workload.Threads, Run);
    }

    internal override string Method => _host.System.MethodName;

    internal override void Start() => _flows.Start();

    internal override void Join() => _flows.Join();

    public override void Dispose() => _host.Dispose();

    private void Run(int flow)
    {
        Slot[] slots = new Slot[Workload.Depth];
        AioReturnQueue completed = new();
        for (int index = 0; index < slots.Length; index++)
        {
            AioBuffer buffer = _host.Buffers[(flow * slots.Length) + index];
            slots[index] = new Slot(new AioReturn(completed, tag: index), new IoVector(buffer.Address, (nuint)Workload.BlockBytes));
        }

        using AioContext context = _host.System.CreateContext($"bench-{flow}");
        KeepInFlight(context, completed, slots, _offsets[flow], Tallies[flow]);
    }

    // One clock reading serves all that completed together: it is their end, and the start of what takes their places.
    private void KeepInFlight(AioContext context, AioReturnQueue completed, Slot[] slots, BlockOffsets offsets, Tally tally)
    {
        bool flushes = Workload.FlushesSeparately;

        // The batch stays open: starting only stages, and WaitForAny hands over what is staged by the call that waits.
        using AioBatch batch = context.EnterBatch();
        long now = Stopwatch.GetTimestamp();
        foreach (Slot slot in slots) Issue(context, slot, offsets.Next(), now);
        int inFlight = slots.Length;
        while (inFlight > 0)
        {
            context.WaitForAny();
            now = Stopwatch.GetTimestamp();
            for (int count = completed.Count; count > 0 && completed.TryTake(out AioReturn? filled); count--)
            {
                if (filled.Result.Status != AioStatus.Ok) throw Failed(filled);
                Slot slot = slots[filled.Tag];
                if (flushes && filled.Operation == IoOperation.Write)
                {
                    _target.StartFdatasync(context.Acquire(filled), _host.File.File);
                    continue;
                }

                tally.Record(now - slot.StartedAt);
                if (Window.IsRunning) Issue(context, slot, offsets.Next(), now);
                else inFlight--;
            }
        }
    }

    private void Issue(AioContext context, Slot slot, long offsetBytes, long now)
    {
        slot.StartedAt = now;
        AioHandle handle = context.Acquire(slot.Return);
        if (Workload.Scenario == Scenario.Null) handle.RegisterCallback(CountedCallback.Id);
        if (Workload.IsWriting) _target.StartWrite(handle, _host.File.File, offsetBytes, slot.Vector, Workload.WriteDurability);
        else _target.StartRead(handle, _host.File.File, offsetBytes, slot.Vector);
    }

    private static Exception Failed(AioReturn filled) => filled.Result.Status == AioStatus.Partial
        ? BenchFile.ShortTransfer(filled.Result.Value, filled.LengthBytes)
        : filled.ToException();

    private sealed class Slot(AioReturn place, IoVector vector)
    {
        internal AioReturn Return { get; } = place;

        internal IoVector Vector { get; } = vector;

        internal long StartedAt { get; set; }
    }
}
