using Sluice.Methods;
using Sluice.TestPlugins;

[assembly: IoMethodPlugin("no_factory", typeof(NotAFactory), IoContract.Major, IoContract.Minor)]

namespace Sluice.TestPlugins;

/// <summary>Named by the attribute as the factory, and none.</summary>
public sealed class NotAFactory
{
}
