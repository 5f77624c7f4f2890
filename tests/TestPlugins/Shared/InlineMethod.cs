using Sluice.Methods;

namespace Sluice.TestPlugins;

/// <summary>The smallest method that does real I/O: executes each request at submission, on the issuing thread.</summary>
internal class InlineMethod(string name) : IoMethod
{
    public override string Name => name;

    public override IoMethodCapabilities Capabilities { get; } = new() { IsDriven = false, IsSynchronous = true };

    public override IoMethodContext CreateContext(IoMethodContextOptions options) => new InlineContext(options.Sink);

    public override void Dispose()
    {
    }

    private sealed class InlineContext(IoCompletionSink sink) : IoMethodContext
    {
        public override int Submit(ReadOnlySpan<IoRequest> batch, bool waitFollows)
        {
            foreach (IoRequest request in batch)
            {
                ulong token = request.Token;
                sink.Complete([new IoCompletion(token, request.File.Execute(request))]);
            }

            return batch.Length;
        }

        public override void Dispose()
        {
        }
    }
}
