using Sluice.Methods;

namespace Sluice.Plugins.Tests;

/// <summary>How an io_method is chosen, and methods that are linked into the host.</summary>
public sealed class SelectionTests
{
    [Fact]
    public void AutoTakesTheBestThatWorksAndSaysWhyTheOthersDoNot()
    {
        var catalog = new IoMethodCatalog();
        catalog.Add("sync", new Factory(null));
        catalog.Add("worker", new Factory(null));
        catalog.Add("io_uring", new Factory("kernel.io_uring_disabled is 2:\nset it to 0"));
        IoMethodPlugin chosen = IoMethodSelector.Resolve(
            catalog, "auto", static _ => PluginFolder.Settings(), out IReadOnlyList<string> reasons);
        Assert.Equal("worker", chosen.Name);
        Assert.Equal(["io_uring: kernel.io_uring_disabled is 2: set it to 0"], reasons);
    }

    [Fact]
    public void AutoPassesOverWhatIsMissingOrFails()
    {
        var catalog = new IoMethodCatalog();
        catalog.Add("worker", new Factory("throw"));
        catalog.Add("sync", new Factory(null));
        var asked = new List<string>();
        IoMethodPlugin chosen = IoMethodSelector.Resolve(
            catalog,
            IoMethodSelector.Auto,
            name =>
            {
                asked.Add(name);
                return PluginFolder.Settings();
            },
            out IReadOnlyList<string> reasons);
        Assert.Equal("sync", chosen.Name);
        Assert.Equal(
            ["io_uring: there is no such plugin", "worker: faulted: its Probe threw InvalidOperationException: broken"], reasons);
        Assert.Equal(["worker", "sync"], asked);
    }

    [Fact]
    public void AutoWithNothingThatWorksSaysWhyForEach()
    {
        var catalog = new IoMethodCatalog();
        catalog.Add("sync", new Factory("no disk"));
        IoMethodException refusal = Assert.Throws<IoMethodException>(
            () => IoMethodSelector.Resolve(catalog, "auto", static _ => PluginFolder.Settings(), out _));
        Assert.Equal(
            "No io_method works here. io_uring: there is no such plugin; worker: there is no such plugin; sync: no disk.",
            refusal.Message);
    }

    [Fact]
    public void AMethodThatIsNamedMustWork()
    {
        var catalog = new IoMethodCatalog();
        catalog.Add("sync", new Factory(null));
        catalog.Add("io_uring", new Factory("not allowed"));
        IoMethodPlugin chosen = IoMethodSelector.Resolve(
            catalog, "sync", static _ => PluginFolder.Settings(), out IReadOnlyList<string> reasons);
        Assert.Equal("sync", chosen.Name);
        Assert.Empty(reasons);
        IoMethodException refusal = Assert.Throws<IoMethodException>(
            () => IoMethodSelector.Resolve(catalog, "io_uring", static _ => PluginFolder.Settings(), out _));
        Assert.Equal("io_method 'io_uring' cannot be used: not allowed", refusal.Message);
        refusal = Assert.Throws<IoMethodException>(
            () => IoMethodSelector.Resolve(catalog, "rados", static _ => PluginFolder.Settings(), out _));
        Assert.Equal("io_method 'rados' is not known; known: io_uring (loaded), sync (loaded).", refusal.Message);
    }

    [Fact]
    public async Task ALinkedMethodIsLoadedFromTheStartAndNeverUnloaded()
    {
        IoMethodPlugin plugin = new IoMethodCatalog().Add("linked", new Factory(null));
        Assert.Equal(PluginState.Loaded, plugin.State);
        Assert.True(plugin.IsLinked);
        Assert.Null(plugin.Path);
        Assert.Equal(new Version(IoContract.Major, IoContract.Minor), plugin.ContractVersion);
        for (int round = 0; round < 2; round++)
        {
            PluginFolder.Use(plugin);
            Assert.Equal(PluginState.Draining, plugin.State);
            Assert.True(await plugin.UnloadAsync(TimeSpan.Zero));
            Assert.Equal(PluginState.Loaded, plugin.State);
        }

        Assert.Empty(plugin.ExplainLoad());
    }

    [Fact]
    public void ALinkedMethodNeedsANameOfItsOwn()
    {
        using PluginFolder folder = PluginFolder.Of("echo");
        IoMethodCatalog catalog = folder.Discover();
        IoMethodException refusal = Assert.Throws<IoMethodException>(() => catalog.Add("echo", new Factory(null)));
        Assert.Equal(
            $"There is an io_method 'echo' already ({catalog.Get("echo").Path}): give the one you add another name.", refusal.Message);
        refusal = Assert.Throws<IoMethodException>(() => catalog.Add("Echo", new Factory(null)));
        Assert.Equal("The io_method name 'Echo' is not allowed: use lower-case letters, digits and underscores.", refusal.Message);
    }

    [Fact]
    public void ALinkedMethodWinsOverAPluginWithItsName()
    {
        using PluginFolder folder = PluginFolder.Of("echo");
        var catalog = new IoMethodCatalog();
        IoMethodPlugin linked = catalog.Add("echo", new Factory(null));
        catalog.Discover([folder.Path]);
        Assert.Same(linked, catalog.Get("echo"));
        IoMethodPlugin rejected = catalog.Plugins.Single(static plugin => !plugin.IsLinked);
        Assert.StartsWith("has the same name as the one linked into the host", rejected.Reason);
    }

    private sealed class Factory(string? obstacle) : IIoMethodFactory
    {
        public IoMethodAvailability Probe(IoMethodSettings settings) => obstacle switch
        {
            null => IoMethodAvailability.Available,
            "throw" => throw new InvalidOperationException("broken"),
            _ => IoMethodAvailability.Unavailable(obstacle),
        };

        public IoMethod Create(IoMethodSettings settings) => new LinkedMethod();
    }

    private sealed class LinkedMethod : IoMethod
    {
        public override string Name => "linked";

        public override IoMethodCapabilities Capabilities { get; } = new() { IsDriven = false };

        public override IoMethodContext CreateContext(IoMethodContextOptions options) => throw new NotSupportedException();

        public override void Dispose()
        {
        }
    }
}
