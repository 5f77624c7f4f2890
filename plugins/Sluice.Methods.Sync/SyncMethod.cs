namespace Sluice.Methods.Sync;

/// <summary>
/// The io_method <c>sync</c>: no threads, no queue, no state. It answers each question "must this be executed by the issuer?" with
/// yes, so the runtime executes every request in place and completes it before its start returns. The measure for all other methods.
/// </summary>
internal sealed class SyncMethod : IoMethod
{
    public override string Name => "sync";

    // A request with FlushAfter is one call of the file's Execute, so the link costs nothing here.
    public override IoMethodCapabilities Capabilities { get; } = new() { IsDriven = false, IsSynchronous = true, LinksFlush = true };

    public override IoMethodContext CreateContext(IoMethodContextOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return new SyncContext();
    }

    public override IEnumerable<KeyValuePair<string, string>> Describe() => [new("execution", "on the issuing thread")];

    public override void Dispose()
    {
    }
}
