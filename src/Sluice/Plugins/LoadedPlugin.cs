using System.Reflection;
using McMaster.NETCore.Plugins;
using Sluice.Methods;

namespace Sluice.Plugins;

/// <summary>
/// All strong references that the plugin host has into a loaded plugin, in one object, so that dropping it drops them all.
/// </summary>
internal sealed record LoadedPlugin(PluginLoader Loader, Assembly Main, IIoMethodFactory Factory, PluginLoadLog Log);
