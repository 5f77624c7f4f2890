using System.Runtime.CompilerServices;
using Sluice.Methods;
using Sluice.TestPlugins;
using Sluice.TestPlugins.PrivateDependency.Library;

[assembly: IoMethodPlugin("private_dependency", typeof(PrivateDependencyMethodFactory), IoContract.Major, IoContract.Minor)]

namespace Sluice.TestPlugins;

/// <summary>Needs an assembly that only lies beside it.</summary>
public sealed class PrivateDependencyMethodFactory : IIoMethodFactory
{
    public IoMethodAvailability Probe(IoMethodSettings settings) => IoMethodAvailability.Available;

    public IoMethod Create(IoMethodSettings settings) => new TellingMethod(ReadSecret());

    // Not inlined, so that the dependency is asked for only here.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static string ReadSecret() => Secret.Text;

    private sealed class TellingMethod(string secret) : InlineMethod("private_dependency")
    {
        public override IEnumerable<KeyValuePair<string, string>> Describe() => [KeyValuePair.Create("secret", secret)];
    }
}
