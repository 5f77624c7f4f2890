using System.Runtime.CompilerServices;
using System.Runtime.Loader;
using System.Text;
using Sluice.Methods;

namespace Sluice.Plugins.Tests;

/// <summary>Unloading is verified, a plugin that leaks is called so, and a plugin that is gone can come back.</summary>
public sealed class UnloadingTests
{
    [Theory]
    [InlineData("echo", false)]
    [InlineData("echo", true)]
    [InlineData("private_dependency", false)]
    [InlineData("private_dependency", true)]
    [InlineData("null", false)]
    public async Task AnUnloadedPluginIsReallyGone(string name, bool loadsInMemory)
    {
        using PluginFolder folder = PluginFolder.Of(name);
        IoMethodPlugin plugin = new IoMethodCatalog { LoadInMemory = loadsInMemory }.Discover([folder.Path]).Get(name);
        WeakReference context = UseAndWatch(plugin);
        Assert.True(context.IsAlive, "the positive control: while it is loaded its context is alive");
        Assert.True(await plugin.UnloadAsync(PluginFolder.Watchdog), plugin.Reason);
        Assert.Equal(PluginState.Unloaded, plugin.State);
        Assert.Null(plugin.Reason);
        Assert.False(context.IsAlive);
        Assert.Equal(plugin.Path, loadsInMemory ? plugin.Path : plugin.ExplainLoad()[0].Path);
    }

    [Theory]
    [InlineData("create")]
    [InlineData("refuse")]
    [InlineData("name")]
    [InlineData("probe")]
    public async Task AnExceptionOfThePluginDoesNotKeepItAlive(string fail)
    {
        using PluginFolder folder = PluginFolder.Of("throwing");
        IoMethodPlugin plugin = folder.Discover().Get("throwing");
        Exception? kept = Fail(plugin, fail);
        Assert.True(await plugin.UnloadAsync(PluginFolder.Watchdog), plugin.Reason);
        Assert.Equal(PluginState.Unloaded, plugin.State);
        GC.KeepAlive(kept);
    }

    [Fact]
    public async Task APluginThatWasOnlyProbedCanBeUnloaded()
    {
        using PluginFolder folder = PluginFolder.Of("echo");
        IoMethodPlugin plugin = folder.Discover().Get("echo");
        Assert.True(await plugin.UnloadAsync(TimeSpan.Zero), "nothing was loaded");
        Assert.Equal(PluginState.Discovered, plugin.State);
        Assert.True(plugin.Probe(PluginFolder.Settings()).IsAvailable);
        Assert.True(await plugin.UnloadAsync(PluginFolder.Watchdog), plugin.Reason);
        Assert.Equal(PluginState.Unloaded, plugin.State);
    }

    [Fact]
    public void APluginInUseIsNotUnloaded()
    {
        using PluginFolder folder = PluginFolder.Of("echo");
        IoMethodPlugin plugin = folder.Discover().Get("echo");
        PluginFolder.Use(plugin, _ =>
        {
            InvalidOperationException refusal = Assert.Throws<InvalidOperationException>(
                () => plugin.UnloadAsync(TimeSpan.Zero).GetAwaiter().GetResult());
            Assert.Equal("io_method 'echo' is in use: drain it and dispose its method before it is unloaded.", refusal.Message);
            Assert.Equal(PluginState.Active, plugin.State);
        });
    }

    [Fact]
    public async Task AMethodThatTheHostStillHoldsMakesThePluginLeakedUntilItIsLetGo()
    {
        using PluginFolder folder = PluginFolder.Of("echo");
        IoMethodPlugin plugin = folder.Discover().Get("echo");
        await HoldWhileUnloading(plugin);
        Assert.Equal(PluginState.Leaked, plugin.State);
        Assert.Contains("its IoMethod object is still referred to", plugin.Reason);
        Assert.Contains("loaded from it: Sluice.TestPlugins.Echo", plugin.Reason);

        Assert.True(await plugin.UnloadAsync(PluginFolder.Watchdog), plugin.Reason);
        Assert.Equal(PluginState.Unloaded, plugin.State);
    }

    [Fact]
    public void AStackFrameThatStillRunsInThePluginMakesItLeaked()
    {
        using PluginFolder folder = PluginFolder.Of("echo");
        IoMethodPlugin plugin = folder.Discover().Get("echo");
        bool isGone = true;
        PluginFolder.Use(plugin, method =>
        {
            plugin.BeginDrain();
            isGone = plugin.UnloadAsync(PluginFolder.Brief).GetAwaiter().GetResult();
            Assert.Equal(PluginState.Leaked, plugin.State);
            GC.KeepAlive(method);
            plugin.MarkFaulted("so that the drain of the helper is legal");
        });
        Assert.False(isGone);
    }

    [Fact]
    public async Task AnEventOfTheFrameworkMakesThePluginLeakedAndItCanBeLoadedAgainBesideTheLeak()
    {
        using PluginFolder folder = PluginFolder.Of("leaky");
        IoMethodPlugin plugin = folder.Discover().Get("leaky");
        PluginFolder.Use(plugin, look: null, ("leak", "event"));
        Assert.False(await plugin.UnloadAsync(PluginFolder.Brief));
        Assert.Equal(PluginState.Leaked, plugin.State);
        Assert.StartsWith("was told to unload and is still there after ", plugin.Reason);
        Assert.DoesNotContain('\n', plugin.Reason!);

        PluginFolder.Use(plugin, look: null, ("leak", "none"));
        Assert.True(await plugin.UnloadAsync(PluginFolder.Watchdog), plugin.Reason);
        Assert.Equal(PluginState.Unloaded, plugin.State);
    }

    [Fact]
    public async Task AThreadOfThePluginMakesItLeakedUntilTheThreadEnds()
    {
        using PluginFolder folder = PluginFolder.Of("leaky");
        IoMethodPlugin plugin = folder.Discover().Get("leaky");
        using var release = new ManualResetEvent(false);
        string key = Guid.NewGuid().ToString();
        AppDomain.CurrentDomain.SetData(key, release);
        PluginFolder.Use(plugin, look: null, ("leak", "thread"), ("release", key));
        Assert.False(await plugin.UnloadAsync(PluginFolder.Brief));
        Assert.Contains("its IoMethod object is gone, so look for a thread", plugin.Reason);
        release.Set();
        Assert.True(await plugin.UnloadAsync(PluginFolder.Watchdog), plugin.Reason);
        AppDomain.CurrentDomain.SetData(key, null);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task APluginThatWasUnloadedIsLoadedAgainFromTheFileThatIsThereNow(bool loadsInMemory)
    {
        using PluginFolder folder = PluginFolder.Of("echo");
        IoMethodPlugin plugin = new IoMethodCatalog { LoadInMemory = loadsInMemory }.Discover([folder.Path]).Get("echo");
        Assert.Equal("first build", PluginFolder.Describe(plugin, "build"));
        Assert.True(await plugin.UnloadAsync(PluginFolder.Watchdog), plugin.Reason);

        File.WriteAllBytes(plugin.Path!, PluginFolder.Replace(plugin.Path!, "first build", "other build", Encoding.Unicode));
        Assert.Equal("other build", PluginFolder.Describe(plugin, "build"));
        Assert.True(await plugin.UnloadAsync(PluginFolder.Watchdog), plugin.Reason);
    }

    [Fact]
    public async Task AFileThatWasReplacedByAnotherPluginIsRefusedAtReload()
    {
        using PluginFolder folder = PluginFolder.Of("echo");
        IoMethodPlugin plugin = folder.Discover().Get("echo");
        PluginFolder.Use(plugin);
        Assert.True(await plugin.UnloadAsync(PluginFolder.Watchdog), plugin.Reason);
        File.Copy(PluginFolder.FileOf("wrong_contract"), plugin.Path!, overwrite: true);
        IoMethodException refusal = Assert.Throws<IoMethodException>(() => plugin.Activate(PluginFolder.Settings()));
        Assert.Contains("compiled against contract 99.0, but this host has 1.0", refusal.Message);
        Assert.Equal(PluginState.Rejected, plugin.State);
    }

    [Fact]
    public async Task ManyRoundsOfLoadingAndUnloadingLeaveNothingBehind()
    {
        using PluginFolder folder = PluginFolder.Of("private_dependency");
        IoMethodPlugin plugin = folder.Discover().Get("private_dependency");
        for (int round = 0; round < 20; round++)
        {
            PluginFolder.Use(plugin);
            Assert.True(await plugin.UnloadAsync(PluginFolder.Watchdog), plugin.Reason);
        }

        Assert.DoesNotContain(AssemblyLoadContext.All, static context => context.Name == "Sluice.TestPlugins.PrivateDependency");
    }

    [Fact]
    public async Task TwoWhoUnloadAtOnceGetTheSameAnswer()
    {
        using PluginFolder folder = PluginFolder.Of("echo");
        IoMethodPlugin plugin = folder.Discover().Get("echo");
        PluginFolder.Use(plugin);
        bool[] answers = await Task.WhenAll(
            Enumerable.Range(0, 4).Select(_ => Task.Run(() => plugin.UnloadAsync(PluginFolder.Watchdog))));
        Assert.All(answers, Assert.True);
        Assert.Equal(PluginState.Unloaded, plugin.State);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static WeakReference UseAndWatch(IoMethodPlugin plugin)
    {
        WeakReference? context = null;
        PluginFolder.Use(plugin, method =>
        {
            AssemblyLoadContext? loadContext = AssemblyLoadContext.GetLoadContext(method.GetType().Assembly);
            context = new WeakReference(loadContext, trackResurrection: true);
        });
        return context!;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Exception? Fail(IoMethodPlugin plugin, string fail)
    {
        if (fail != "probe") return Record.Exception(() => plugin.Activate(PluginFolder.Settings(("fail", fail))));
        Assert.False(plugin.Probe(PluginFolder.Settings(("fail", fail))).IsAvailable);
        return null;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static async Task HoldWhileUnloading(IoMethodPlugin plugin)
    {
        IoMethod method = plugin.Activate(PluginFolder.Settings());
        plugin.BeginDrain();
        method.Dispose();
        Assert.False(await plugin.UnloadAsync(PluginFolder.Brief));
        GC.KeepAlive(method);
    }
}
