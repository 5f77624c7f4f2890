using Sluice.Hosting.Tests.Support;
using Sluice.Methods;

[assembly: IoMethodPlugin("scripted", typeof(ScriptedMethodFactory), IoContract.Major, IoContract.Minor)]

namespace Sluice.Hosting.Tests.Support;

/// <summary>A method that is linked into the test host: does what its <see cref="Script"/>, a service of the host, says.</summary>
public sealed class ScriptedMethodFactory(Script script) : IIoMethodFactory
{
    public IoMethodAvailability Probe(IoMethodSettings settings) => IoMethodAvailability.Available;

    public IoMethod Create(IoMethodSettings settings) => new ScriptedMethod(script);
}
