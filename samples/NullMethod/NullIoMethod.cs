using Sluice.Methods;

namespace NullMethod;

/// <summary>
/// The io_method <c>null</c>: says of every request that it is done, at submission, and touches no memory and no file. What
/// it costs to use it is what the runtime itself costs.
/// </summary>
public sealed class NullIoMethod : IoMethod
{
    /// <inheritdoc/>
    public override string Name => "null";

    /// <summary>Not driven: completions come by themselves, from inside Submit.</summary>
    public override IoMethodCapabilities Capabilities { get; } = new()
    {
        IsDriven = false,
        IsSynchronous = true,

        // Whoever asked for a write and a flush gets both done as one nothing.
        LinksFlush = true,
    };

    /// <inheritdoc/>
    public override IoMethodContext CreateContext(IoMethodContextOptions options) => new NullIoMethodContext(options);

    /// <summary>There are no threads to join and there is nothing to release.</summary>
    public override void Dispose()
    {
    }
}
