using Sluice.Conformance.Layer;

namespace Sluice.Conformance.Support;

/// <summary>
/// A read of another issuer, on a thread of its own, that stands still between its raw and its shared completion. With every
/// method: the thread that reaps it (or executes it) is the one that stands still.
/// </summary>
public sealed class GatedRead
{
    private readonly Gate _gate = GateCallback.Create();
    private readonly ManualResetEventSlim _isStarted = new();
    private readonly Task _issuer;

    public GatedRead(AioSystem system, IoFile file, int block, int count, NativeBlock memory)
    {
        _issuer = ConformanceRun.OnThread(() =>
        {
            using AioContext context = system.CreateContext("gated");
            AioHandle handle = context.Acquire(Return);
            Reference = handle.Reference;
            _isStarted.Set();
            handle.RegisterCallback(GateCallback.Id, _gate.Number);
            context.Wait(Blocks.StartRead(handle, file, block, count, memory));
        });
        Watchdog.Wait(_isStarted, "the issuer acquires");
        _gate.WaitUntilReached();
    }

    public AioReturn Return { get; } = new();

    public WaitReference Reference { get; private set; }

    /// <summary>Lets the completion go on, and waits until the issuer has ended.</summary>
    public void Release()
    {
        _gate.Open();
        Watchdog.Wait(_issuer, "the issuer of the gated read ends");
    }
}
