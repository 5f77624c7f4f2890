using Sluice.Methods;

namespace Sluice.TestPlugins.Injecting;

internal sealed class InjectingMethod : IoMethod
{
    private readonly IoMethod _inner;
    private readonly InjectionControl _control;
    private readonly Queue<int> _ready = new();

    internal InjectingMethod(IoMethod inner, InjectionControl control)
    {
        _inner = inner;
        _control = control;

        // Whatever executes in place by itself is executed by the wrapper's Submit, so that its completion can be injected too.
        Capabilities = inner.Capabilities with { IsSynchronous = false };
    }

    public override string Name => "injecting";

    public override IoMethodCapabilities Capabilities { get; }

    public override IoFileSystem? FileSystem => _control.FileSystem ?? _inner.FileSystem;

    public override IoMethodContext CreateContext(IoMethodContextOptions options) => new InjectingContext(this, _inner, _control, options);

    public override bool RegisterBuffers(nint address, nuint lengthBytes) => _inner.RegisterBuffers(address, lengthBytes);

    public override void UnregisterBuffers(nint address) => _inner.UnregisterBuffers(address);

    public override void FileClosing(IoFile file) => _inner.FileClosing(file);

    public override int WaitForReady(Span<int> readyContextIds, int timeoutMilliseconds)
    {
        lock (_ready)
        {
            if (_ready.TryDequeue(out readyContextIds[0])) return 1;
        }

        int count = _inner.WaitForReady(readyContextIds, timeoutMilliseconds);
        lock (_ready)
        {
            while (count < readyContextIds.Length && _ready.TryDequeue(out int id)) readyContextIds[count++] = id;
        }

        return count;
    }

    public override void WakeReadyWaiter() => _inner.WakeReadyWaiter();

    public override bool TryChangeSetting(string name, string value, out string? refusal) =>
        _inner.TryChangeSetting(name, value, out refusal);

    public override IEnumerable<KeyValuePair<string, string>> Describe() => _inner.Describe();

    public override IEnumerable<KeyValuePair<string, long>> ReadCounters() => _inner.ReadCounters();

    public override void Dispose() => _inner.Dispose();

    internal void SignalReady(int contextId)
    {
        lock (_ready) _ready.Enqueue(contextId);
        _inner.WakeReadyWaiter();
    }
}
