using Sluice.Methods;

namespace Sluice.Hosting.Tests.Support;

/// <summary>The method that follows a script.</summary>
internal sealed class ScriptedMethod(Script script, string name = "scripted") : IoMethod
{
    public override string Name => name;

    public override IoMethodCapabilities Capabilities { get; } = new() { IsDriven = false };

    public override IoMethodContext CreateContext(IoMethodContextOptions options) => new Context(script, options.Sink);

    public override IEnumerable<KeyValuePair<string, long>> ReadCounters() => [new("held", script.HeldCount)];

    public override void Dispose()
    {
    }

    private sealed class Context(Script script, IoCompletionSink sink) : IoMethodContext
    {
        public override int Submit(ReadOnlySpan<IoRequest> batch, bool waitFollows) => script.Submit(sink, batch);

        public override void Dispose()
        {
        }
    }
}
