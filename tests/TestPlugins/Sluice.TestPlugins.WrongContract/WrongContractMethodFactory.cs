using System.Runtime.CompilerServices;
using Sluice.Methods;
using Sluice.TestPlugins;

[assembly: IoMethodPlugin("wrong_contract", typeof(WrongContractMethodFactory), 99, 0)]

namespace Sluice.TestPlugins;

/// <summary>Says that it was compiled against a contract that no host here has. None of its code may run.</summary>
public sealed class WrongContractMethodFactory : IIoMethodFactory
{
#pragma warning disable CA2255 // Shows whether anything of the assembly ran.
    [ModuleInitializer]
    internal static void NoteThatItRan() => AppDomain.CurrentDomain.SetData("Sluice.TestPlugins.WrongContract.Ran", true);
#pragma warning restore CA2255

    public IoMethodAvailability Probe(IoMethodSettings settings) => IoMethodAvailability.Available;

    public IoMethod Create(IoMethodSettings settings) => new InlineMethod("wrong_contract");
}
