namespace Sluice.Methods.Sync;

/// <summary>The state of <c>sync</c> for one issuer: none.</summary>
internal sealed class SyncContext : IoMethodContext
{
    public override bool NeedsSynchronousExecution(IoRequest request) => true;

    public override int Submit(ReadOnlySpan<IoRequest> batch, bool waitFollows) => throw new InvalidOperationException(
        "io_method 'sync' was given requests to submit: NeedsSynchronousExecution said that the issuer executes every request itself. " +
        "The runtime has to ask it for each request before Submit.");

    public override void Dispose()
    {
    }
}
