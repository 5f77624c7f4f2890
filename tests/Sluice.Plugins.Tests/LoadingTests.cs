using System.Diagnostics.Tracing;
using System.Runtime.Loader;
using System.Text;
using Sluice.Methods;

namespace Sluice.Plugins.Tests;

/// <summary>What loading a plugin gives, and what becomes of plugins that fail.</summary>
public sealed class LoadingTests
{
    [Fact]
    public void ProbeLoadsAndActivateMakesTheMethodAndEachIsSeenInTheState()
    {
        using PluginFolder folder = PluginFolder.Of("echo");
        IoMethodPlugin plugin = folder.Discover().Get("echo");
        Assert.True(plugin.Probe(PluginFolder.Settings()).IsAvailable);
        Assert.Equal(PluginState.Loaded, plugin.State);
        Assert.Equal("the disk is asleep", plugin.Probe(PluginFolder.Settings(("unavailable", "the disk\nis asleep"))).Reason);
        Assert.Equal(PluginState.Loaded, plugin.State);
        IoMethod method = plugin.Activate(PluginFolder.Settings());
        Assert.Equal(PluginState.Active, plugin.State);
        Assert.Equal("echo", method.Name);
        Assert.True(plugin.Probe(PluginFolder.Settings(("unavailable", "yes"))).IsAvailable, "a method in use is available");
        plugin.BeginDrain();
        Assert.Equal(PluginState.Draining, plugin.State);
        Assert.Contains("is being drained", plugin.Probe(PluginFolder.Settings()).Reason);
        Assert.Throws<InvalidOperationException>(plugin.BeginDrain);
        method.Dispose();
    }

    [Fact]
    public void ThePluginIsToldItsFolder()
    {
        using PluginFolder folder = PluginFolder.Of("echo");
        IoMethodPlugin plugin = folder.Discover().Get("echo");
        Assert.Equal(Path.Combine(folder.Path, "echo"), PluginFolder.Describe(plugin, "directory"));
    }

    [Fact]
    public void APluginIsUsedByOneSystemAtATime()
    {
        using PluginFolder folder = PluginFolder.Of("echo");
        IoMethodPlugin plugin = folder.Discover().Get("echo");
        PluginFolder.Use(plugin, _ =>
        {
            IoMethodException refusal = Assert.Throws<IoMethodException>(() => plugin.Activate(PluginFolder.Settings()));
            Assert.Equal(
                "io_method 'echo' is in use: one system uses a plugin at a time. Make a catalog for each system.", refusal.Message);
        });
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void TheContractIsTheHostsEvenWhenACopyLiesBesideThePlugin(bool loadsInMemory)
    {
        using PluginFolder folder = PluginFolder.Of("echo");
        string contract = typeof(IoMethod).Assembly.Location;
        File.Copy(contract, Path.Combine(folder.Path, "echo", Path.GetFileName(contract)));
        IoMethodPlugin plugin = new IoMethodCatalog { LoadInMemory = loadsInMemory }.Discover([folder.Path]).Get("echo");
        PluginFolder.Use(plugin, method =>
        {
            Assert.NotSame(typeof(IoMethod).Assembly, method.GetType().Assembly);
            Assert.Same(typeof(IoMethod), method.GetType().BaseType!.BaseType);
            Assert.Single(AssemblyLoadContext.GetLoadContext(method.GetType().Assembly)!.Assemblies);
            PluginResolution line = plugin.ExplainLoad().Single(line => line.Resolver == "contract");
            Assert.Equal(contract, line.Path);
        });
    }

    [Fact]
    public void APrivateDependencyComesFromThePluginsFolder()
    {
        using PluginFolder folder = PluginFolder.Of("private_dependency");
        IoMethodPlugin plugin = folder.Discover().Get("private_dependency");
        Assert.Equal("from the private dependency", PluginFolder.Describe(plugin, "secret"));
        Assert.DoesNotContain(
            AssemblyLoadContext.Default.Assemblies,
            static assembly => assembly.GetName().Name!.StartsWith("Sluice.TestPlugins", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("""{ "runtimeTarget": { "name": "any" }, "targets": { "any": {} }, "libraries": {} }""")]
    public void APrivateDependencyIsFoundInTheFolderWhenTheDepsFileIsMissingOrDoesNotListIt(string? dependencies)
    {
        using PluginFolder folder = PluginFolder.Of("private_dependency");
        string path = Assert.Single(Directory.GetFiles(Path.Combine(folder.Path, "private_dependency"), "*.deps.json"));
        File.Delete(path);
        if (dependencies is not null) File.WriteAllText(path, dependencies);
        Assert.Equal("from the private dependency", PluginFolder.Describe(folder.Discover().Get("private_dependency"), "secret"));
    }

    [Fact]
    public void ADepsFileThatCannotBeReadFaultsThePlugin()
    {
        using PluginFolder folder = PluginFolder.Of("echo");
        folder.Write("echo/Sluice.TestPlugins.Echo.deps.json", [0x7B]);
        IoMethodPlugin plugin = folder.Discover().Get("echo");
        Assert.StartsWith("faulted: it cannot be loaded: InvalidOperationException: ", plugin.Probe(PluginFolder.Settings()).Reason);
        Assert.Equal(PluginState.Faulted, plugin.State);
    }

    [Fact]
    public void ExplainLoadSaysWhereEachAssemblyCameFrom()
    {
        using PluginFolder folder = PluginFolder.Of("private_dependency");
        IoMethodPlugin plugin = folder.Discover().Get("private_dependency");
        Assert.True(plugin.Probe(PluginFolder.Settings()).IsAvailable);
        Assert.Equal("not needed yet", Line(plugin, "Sluice.TestPlugins.PrivateDependency.Library").Resolver);

        PluginFolder.Use(plugin);
        PluginResolution own = plugin.ExplainLoad()[0];
        Assert.Equal(("plugin", plugin.Path), (own.Resolver, own.Path));
        PluginResolution library = Line(plugin, "Sluice.TestPlugins.PrivateDependency.Library");
        Assert.Equal(
            (
                "plugin",
                new Version(3, 2, 1, 0),
                Path.Combine(Path.GetDirectoryName(plugin.Path)!, library.Requested.Split(',')[0] + ".dll")),
            (library.Resolver, library.Version, library.Path));
        Assert.Equal("Sluice.TestPlugins.PrivateDependency", library.Context);
        PluginResolution contract = Line(plugin, "Sluice.Abstractions");
        Assert.Equal(("contract", typeof(IoMethod).Assembly.Location), (contract.Resolver, contract.Path));
        Assert.Equal("host", Line(plugin, "System.Runtime").Resolver);
    }

    [Fact]
    public void AMissingDependencyFaultsThePluginAndIsExplained()
    {
        using PluginFolder folder = PluginFolder.Of("private_dependency");
        File.Delete(Path.Combine(folder.Path, "private_dependency", "Sluice.TestPlugins.PrivateDependency.Library.dll"));
        IoMethodPlugin plugin = folder.Discover().Get("private_dependency");
        IoMethodException refusal = Assert.Throws<IoMethodException>(() => plugin.Activate(PluginFolder.Settings()));
        Assert.Equal(PluginState.Faulted, plugin.State);
        const string Start = "io_method 'private_dependency' cannot be used: faulted: its factory threw FileNotFoundException: ";
        Assert.StartsWith(Start, refusal.Message);
        Assert.Contains("Sluice.TestPlugins.PrivateDependency.Library", refusal.Message);
        Assert.Equal("not found", Line(plugin, "Sluice.TestPlugins.PrivateDependency.Library").Resolver);
    }

    [Fact]
    public void AFactoryThatIsNoneIsRejectedWhenItIsLoaded()
    {
        using PluginFolder folder = PluginFolder.Of("no_factory");
        IoMethodPlugin plugin = folder.Discover().Get("no_factory");
        Assert.Equal(PluginState.Discovered, plugin.State);
        IoMethodException refusal = Assert.Throws<IoMethodException>(() => plugin.Activate(PluginFolder.Settings()));
        Assert.Equal(PluginState.Rejected, plugin.State);
        Assert.Equal(
            "io_method 'no_factory' cannot be used: rejected: its factory Sluice.TestPlugins.NotAFactory "
            + "does not implement IIoMethodFactory: "
            + "implement it, or name the class that does in the IoMethodPlugin attribute",
            refusal.Message);
    }

    [Fact]
    public void AFactoryThatDoesNotExistIsRejectedWhenItIsLoaded()
    {
        using PluginFolder folder = PluginFolder.Of("echo");
        string path = Assert.Single(folder.Discover().Plugins).Path!;

        // The attribute's text follows its length; the type's own name in the metadata ends with a zero.
        const string Length = "\u0024";
        const string Factory = "Sluice.TestPlugins.EchoMethodFactory";
        const string Missing = "Sluice.TestPlugins.EchoMethodFactorz";
        File.WriteAllBytes(path, PluginFolder.Replace(path, Length + Factory, Length + Missing, Encoding.ASCII));
        IoMethodPlugin plugin = folder.Discover().Get("echo");
        string reason = plugin.Probe(PluginFolder.Settings()).Reason!;
        Assert.Contains($"its factory {Missing} does not exist in Sluice.TestPlugins.Echo", reason);
        Assert.Equal(PluginState.Rejected, plugin.State);
    }

    [Theory]
    [InlineData("create", "faulted: its factory threw OwnException: the creation failed")]
    [InlineData("null", "faulted: its factory made no method (Create returned null)")]
    [InlineData("name", "faulted: its method is named 'somebody_else', not 'throwing': make IoMethod.Name the name in the attribute")]
    public void AFactoryThatFailsFaultsThePluginWithOneLine(string fail, string expected)
    {
        using PluginFolder folder = PluginFolder.Of("throwing");
        IoMethodPlugin plugin = folder.Discover().Get("throwing");
        IoMethodException refusal = Assert.Throws<IoMethodException>(() => plugin.Activate(PluginFolder.Settings(("fail", fail))));
        Assert.Equal($"io_method 'throwing' cannot be used: {expected}", refusal.Message);
        Assert.Null(refusal.InnerException);
        Assert.Equal(PluginState.Faulted, plugin.State);
        Assert.Equal(expected, "faulted: " + plugin.Reason);
        PluginFolder.Use(plugin);
        Assert.Null(plugin.Reason);
    }

    [Fact]
    public void AProbeThatThrowsFaultsThePluginAndIsAnAnswer()
    {
        using PluginFolder folder = PluginFolder.Of("throwing");
        IoMethodPlugin plugin = folder.Discover().Get("throwing");
        IoMethodAvailability availability = plugin.Probe(PluginFolder.Settings(("fail", "probe")));
        Assert.Equal("faulted: its Probe threw OwnException: the probe failed", availability.Reason);
        Assert.Equal(PluginState.Faulted, plugin.State);
    }

    [Fact]
    public void AConstructorThatThrowsFaultsThePluginUntilItIsRepaired()
    {
        using PluginFolder folder = PluginFolder.Of("throwing");
        string marker = folder.Write("throwing/fail-in-constructor", []);
        IoMethodPlugin plugin = folder.Discover().Get("throwing");
        for (int attempt = 0; attempt < 2; attempt++)
        {
            IoMethodAvailability availability = plugin.Probe(PluginFolder.Settings());
            Assert.Equal("faulted: it cannot be loaded: OwnException: the constructor failed", availability.Reason);
            Assert.Equal(PluginState.Faulted, plugin.State);
        }

        File.Delete(marker);
        Assert.True(plugin.Probe(PluginFolder.Settings()).IsAvailable);
        Assert.Equal(PluginState.Loaded, plugin.State);
    }

    [Fact]
    public void AMethodThatRefusesToWorkHereIsNoFault()
    {
        using PluginFolder folder = PluginFolder.Of("throwing");
        IoMethodPlugin plugin = folder.Discover().Get("throwing");
        IoMethodException refusal = Assert.Throws<IoMethodException>(() => plugin.Activate(PluginFolder.Settings(("fail", "refuse"))));
        Assert.Equal("io_method 'throwing' cannot be used: the kernel says no: allow it", refusal.Message);
        Assert.Null(refusal.InnerException);
        Assert.Equal(PluginState.Loaded, plugin.State);
    }

    [Fact]
    public void AMethodThatFailsInUseStaysLoadedUntilItIsDrainedAndUnloaded()
    {
        using PluginFolder folder = PluginFolder.Of("echo");
        IoMethodPlugin plugin = folder.Discover().Get("echo");
        PluginFolder.Use(plugin, _ =>
        {
            plugin.MarkFaulted("threw out of Submit\nand again");
            Assert.Equal("echo (Faulted: threw out of Submit and again)", plugin.ToString());
            IoMethodException refusal = Assert.Throws<IoMethodException>(() => plugin.Activate(PluginFolder.Settings()));
            Assert.EndsWith("unload it before it is tried again", refusal.Message);
        });
        Assert.Equal(PluginState.Draining, plugin.State);
    }

    [Fact]
    public async Task EventsTellWhatWasLoadedAndWhatFailed()
    {
        using var listener = new Listener();
        using PluginFolder folder = PluginFolder.Of("private_dependency", "wrong_contract");
        IoMethodPlugin plugin = folder.Discover().Get("private_dependency");
        PluginFolder.Use(plugin);
        Assert.True(await plugin.UnloadAsync(PluginFolder.Watchdog));
        string[] events = listener.Take();
        AssertHas(events, "Failed wrong_contract compiled against contract 99.0");
        AssertHas(events, $"ContextCreated private_dependency Sluice.TestPlugins.PrivateDependency {plugin.Path}");
        AssertHas(events, "Resolved private_dependency Sluice.TestPlugins.PrivateDependency.Library, Version=3.2.1.0");
        AssertHas(events, "Unloaded private_dependency");
    }

    private static void AssertHas(string[] events, string start) =>
        Assert.Contains(events, text => text.StartsWith(start, StringComparison.Ordinal));

    private static PluginResolution Line(IoMethodPlugin plugin, string simpleName) =>
        plugin.ExplainLoad().Single(line => line.Requested.StartsWith(simpleName + ",", StringComparison.Ordinal));

    private sealed class Listener : EventListener
    {
        private readonly List<string> _events = [];

        public string[] Take()
        {
            lock (_events) return [.. _events];
        }

        protected override void OnEventSourceCreated(EventSource eventSource)
        {
            if (eventSource.Name == "Sluice-Plugins") EnableEvents(eventSource, EventLevel.Verbose);
        }

        protected override void OnEventWritten(EventWrittenEventArgs eventData)
        {
            lock (_events) _events.Add($"{eventData.EventName} {string.Join(' ', eventData.Payload ?? (IReadOnlyList<object?>)[])}");
        }
    }
}
