namespace Sluice.Conformance.Support;

/// <summary>A method to switch to where there is no other: everything is executed by the issuer.</summary>
internal sealed class PlainMethodFactory : IIoMethodFactory
{
    public IoMethodAvailability Probe(IoMethodSettings settings) => IoMethodAvailability.Available;

    public IoMethod Create(IoMethodSettings settings) => new PlainMethod();

    private sealed class PlainMethod : IoMethod
    {
        public override string Name => "plain";

        public override IoMethodCapabilities Capabilities { get; } = new() { IsDriven = false, IsSynchronous = true };

        public override IoMethodContext CreateContext(IoMethodContextOptions options) => new PlainContext();

        public override void Dispose()
        {
        }
    }

    private sealed class PlainContext : IoMethodContext
    {
        public override bool NeedsSynchronousExecution(IoRequest request) => true;

        public override int Submit(ReadOnlySpan<IoRequest> batch, bool waitFollows) => throw new NotSupportedException();

        public override void Dispose()
        {
        }
    }
}
