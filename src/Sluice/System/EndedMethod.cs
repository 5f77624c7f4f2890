using Sluice.Methods;

namespace Sluice;

/// <summary>
/// Stands in for the method of a system that was disposed, so that the plugin is no longer held and late questions have an answer.
/// </summary>
internal sealed class EndedMethod(string name, IoMethodCapabilities capabilities) : IoMethod
{
    public override string Name => name;

    public override IoMethodCapabilities Capabilities => capabilities;

    public override IoMethodContext CreateContext(IoMethodContextOptions options) => throw new ObjectDisposedException(nameof(AioSystem));

    public override void Dispose()
    {
    }
}
