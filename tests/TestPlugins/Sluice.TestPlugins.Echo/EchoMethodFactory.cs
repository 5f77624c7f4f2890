using System.Runtime.CompilerServices;
using Sluice.Methods;
using Sluice.TestPlugins;

[assembly: IoMethodPlugin("echo", typeof(EchoMethodFactory), IoContract.Major, IoContract.Minor)]

namespace Sluice.TestPlugins;

/// <summary>A sound plugin. Counts in the process how often it was loaded, and says which build it is.</summary>
public sealed class EchoMethodFactory : IIoMethodFactory
{
    private const string LoadsKey = "Sluice.TestPlugins.Echo.Loads";

#pragma warning disable CA2255 // Shows whether anything of the assembly ran.
    [ModuleInitializer]
    internal static void CountLoad() =>
        AppDomain.CurrentDomain.SetData(LoadsKey, (AppDomain.CurrentDomain.GetData(LoadsKey) as int? ?? 0) + 1);
#pragma warning restore CA2255

    public IoMethodAvailability Probe(IoMethodSettings settings) =>
        settings.Values.TryGetValue("unavailable", out string? reason)
            ? IoMethodAvailability.Unavailable(reason)
            : IoMethodAvailability.Available;

    public IoMethod Create(IoMethodSettings settings) => new EchoMethod(settings.PluginDirectory);

    private sealed class EchoMethod(string directory) : InlineMethod("echo")
    {
        public override IEnumerable<KeyValuePair<string, string>> Describe() =>
            [KeyValuePair.Create("build", "first build"), KeyValuePair.Create("directory", directory)];
    }
}
