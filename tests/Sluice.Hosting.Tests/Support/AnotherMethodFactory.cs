using Sluice.Methods;

namespace Sluice.Hosting.Tests.Support;

/// <summary>A factory that no attribute names: a scan skips it, and AddMethod takes it.</summary>
public sealed class AnotherMethodFactory : IIoMethodFactory
{
    public IoMethodAvailability Probe(IoMethodSettings settings) => IoMethodAvailability.Available;

    public IoMethod Create(IoMethodSettings settings) => new ScriptedMethod(new Script(), "another");
}
