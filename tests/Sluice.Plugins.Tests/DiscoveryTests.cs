using System.Text;
using Sluice.Methods;

namespace Sluice.Plugins.Tests;

/// <summary>How plugins are found, and what is refused before any of their code runs.</summary>
public sealed class DiscoveryTests
{
    [Fact]
    public void ThePluginsBesideTheApplicationAreFoundByDefaultInOrdinalOrder()
    {
        IoMethodCatalog catalog = new IoMethodCatalog().Discover();
        Assert.Equal(
            ["echo", "leaky", "newer_minor", "no_factory", "null", "private_dependency", "throwing", "wrong_contract"],
            catalog.Plugins.Select(static plugin => plugin.Name));
        IoMethodPlugin echo = catalog.Get("echo");
        Assert.Equal(PluginState.Discovered, echo.State);
        Assert.Equal(PluginFolder.FileOf("echo"), echo.Path);
        Assert.Equal(new Version(0, 1, 0, 0), echo.Version);
        Assert.Equal(new Version(IoContract.Major, IoContract.Minor), echo.ContractVersion);
        Assert.Null(echo.Reason);
        Assert.Empty(echo.ExplainLoad());
    }

    [Fact]
    public void NoCodeOfAPluginRunsWhileItIsDiscoveredOrRefused()
    {
        object? loads = AppDomain.CurrentDomain.GetData("Sluice.TestPlugins.Echo.Loads");
        IoMethodCatalog catalog = new IoMethodCatalog().Discover();
        foreach (string name in (string[])["wrong_contract", "newer_minor"])
        {
            Assert.Throws<IoMethodException>(() => catalog.Get(name).Activate(PluginFolder.Settings()));
            Assert.False(catalog.Get(name).Probe(PluginFolder.Settings()).IsAvailable);
        }

        Assert.Null(AppDomain.CurrentDomain.GetData("Sluice.TestPlugins.WrongContract.Ran"));
        Assert.Null(AppDomain.CurrentDomain.GetData("Sluice.TestPlugins.NewerMinor.Ran"));
        Assert.Equal(loads, AppDomain.CurrentDomain.GetData("Sluice.TestPlugins.Echo.Loads"));
    }

    [Fact]
    public void AnotherMajorVersionOfTheContractIsRefusedWithBothVersions()
    {
        IoMethodPlugin plugin = new IoMethodCatalog().Discover().Get("wrong_contract");
        Assert.Equal(PluginState.Rejected, plugin.State);
        Assert.Equal(new Version(99, 0), plugin.ContractVersion);
        Assert.Equal(
            "compiled against contract 99.0, but this host has 1.0: use a newer Sluice, or a plugin compiled against 1.x",
            plugin.Reason);
    }

    [Fact]
    public void ANewerMinorVersionOfTheContractIsRefusedWithBothVersions()
    {
        IoMethodPlugin plugin = new IoMethodCatalog().Discover().Get("newer_minor");
        Assert.Equal(PluginState.Rejected, plugin.State);
        Assert.Equal(
            "compiled against contract 1.999, but this host has only 1.0: "
            + "use a newer Sluice, or compile the plugin against this host's version",
            plugin.Reason);
    }

    [Fact]
    public void ThePluginsFileCanBeReplacedAndDeletedAfterDiscovery()
    {
        using PluginFolder folder = PluginFolder.Of("echo");
        IoMethodPlugin plugin = folder.Discover().Get("echo");
        using (new FileStream(plugin.Path!, FileMode.Open, FileAccess.ReadWrite, FileShare.None))
        {
        }

        File.Delete(plugin.Path!);
        IoMethodAvailability availability = plugin.Probe(PluginFolder.Settings());
        Assert.StartsWith("rejected: cannot be read (", availability.Reason);
        Assert.Equal(PluginState.Rejected, plugin.State);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(64)]
    [InlineData(127)]
    [InlineData(512)]
    [InlineData(1024)]
    [InlineData(2000)]
    [InlineData(-1)]
    [InlineData(-600)]
    public void ATruncatedFileIsRejectedAndDoesNotStopTheRest(int lengthBytes)
    {
        using PluginFolder folder = PluginFolder.Of("echo");
        byte[] whole = File.ReadAllBytes(PluginFolder.FileOf("leaky"));
        folder.Write("cut/Cut.dll", whole[..(lengthBytes < 0 ? whole.Length + lengthBytes : lengthBytes)]);
        IoMethodCatalog catalog = folder.Discover();
        Assert.Equal(["cut", "echo"], catalog.Plugins.Select(static plugin => plugin.Name));
        IoMethodPlugin cut = catalog.Get("cut");
        Assert.Equal(PluginState.Rejected, cut.State);
        Assert.StartsWith("Cut.dll is ", cut.Reason);
        Assert.DoesNotContain('\n', cut.Reason!);
        PluginFolder.Use(catalog.Get("echo"));
    }

    [Fact]
    public void EveryByteOfTheHeadersAndMetadataMayBeWrongAndDiscoveryStillAnswers()
    {
        using PluginFolder folder = PluginFolder.Of("echo");
        byte[] whole = File.ReadAllBytes(PluginFolder.FileOf("leaky"));
        for (int at = 0; at < whole.Length; at += 3)
        {
            byte[] damaged = [.. whole];
            damaged[at] ^= 0xFF;
            folder.Write("damaged/Damaged.dll", damaged);
            IoMethodCatalog catalog = folder.Discover();
            Assert.Equal(PluginState.Discovered, catalog.Get("echo").State);
            Assert.All(catalog.Plugins, static plugin => Assert.Equal(plugin.State == PluginState.Rejected, plugin.Reason is not null));
        }
    }

    [Fact]
    public void AFileThatIsNoAssemblyIsRejected()
    {
        using PluginFolder folder = PluginFolder.Of("echo");
        folder.Write("text/Text.dll", Encoding.UTF8.GetBytes("This is a text and not an assembly."));
        IoMethodPlugin plugin = folder.Discover().Get("text");
        Assert.Equal(PluginState.Rejected, plugin.State);
        Assert.Equal("Text.dll is not a .NET assembly, or is damaged: build or copy it again", plugin.Reason);
    }

    [Fact]
    public void AFolderWithoutAPluginIsRejectedWithWhatIsMissing()
    {
        using PluginFolder folder = PluginFolder.Of();
        Directory.CreateDirectory(Path.Combine(folder.Path, "empty"));
        string library = Path.Combine(
            IoMethodCatalog.DefaultDirectory, "private_dependency", "Sluice.TestPlugins.PrivateDependency.Library.dll");
        folder.Write("library/Library.dll", File.ReadAllBytes(library));
        IoMethodCatalog catalog = folder.Discover();
        Assert.Equal(
            "the folder has no .dll file: put an assembly with [assembly: IoMethodPlugin(...)] there, or remove the folder",
            catalog.Get("empty").Reason);
        Assert.Equal(
            "the folder has 1 .dll file(s), but not one io_method plugin: "
            + "put an assembly with [assembly: IoMethodPlugin(...)] there, or remove the folder",
            catalog.Get("library").Reason);
        Assert.All(catalog.Plugins, static plugin => Assert.Equal(PluginState.Rejected, plugin.State));
    }

    [Fact]
    public void AnythingElseBesideAPluginBelongsToIt()
    {
        using PluginFolder folder = PluginFolder.Of("private_dependency");
        folder.Write("private_dependency/libnative.dll", [1, 2, 3]);
        Assert.Equal(PluginState.Discovered, Assert.Single(folder.Discover().Plugins).State);
    }

    [Fact]
    public void APluginThatLiesDirectlyInTheDirectoryIsRejectedWithWhereToPutIt()
    {
        using PluginFolder folder = PluginFolder.Of();
        folder.Write("Stray.dll", File.ReadAllBytes(PluginFolder.FileOf("echo")));
        IoMethodPlugin plugin = Assert.Single(folder.Discover().Plugins);
        Assert.Equal($"lies directly in {folder.Path}: put it and what belongs to it into a folder of its own there", plugin.Reason);
    }

    [Fact]
    public void TheSecondOfTwoPluginsWithOneNameIsRejectedWithBothPaths()
    {
        using PluginFolder first = PluginFolder.Of();
        using PluginFolder second = PluginFolder.Of();
        string[] paths = [first.Add("echo", "b"), first.Add("echo", "a"), second.Add("echo", "echo")];
        IoMethodCatalog catalog = new IoMethodCatalog().Discover([first.Path, second.Path]);
        Assert.Equal(3, catalog.Plugins.Count);
        Assert.Equal(paths[1], catalog.Get("echo").Path);
        foreach (string path in (string[])[paths[0], paths[2]])
        {
            IoMethodPlugin rejected = catalog.Plugins.Single(plugin => plugin.Path == path);
            Assert.Equal(PluginState.Rejected, rejected.State);
            Assert.Equal($"has the same name as {paths[1]}: remove one of the two, {path} or that one", rejected.Reason);
        }
    }

    [Theory]
    [InlineData("ECHO")]
    [InlineData("ec-o")]
    [InlineData("ec o")]
    public void ANameThatSettingsCannotWriteIsRejected(string name)
    {
        using PluginFolder folder = PluginFolder.Of();
        byte[] renamed = PluginFolder.Replace(PluginFolder.FileOf("echo"), "\u0004echo", "\u0004" + name, Encoding.ASCII);
        folder.Write("folder_name/Renamed.dll", renamed);
        IoMethodPlugin plugin = Assert.Single(folder.Discover().Plugins);
        Assert.Equal("folder_name", plugin.Name);
        Assert.Equal(PluginState.Rejected, plugin.State);
        Assert.Equal($"the name '{name}' is not allowed: use lower-case letters, digits and underscores", plugin.Reason);
    }

    [Fact]
    public void AnUnknownNameListsTheKnownOnesWithTheirStatesAndWhereTheyWereLookedFor()
    {
        using PluginFolder folder = PluginFolder.Of("echo", "wrong_contract");
        string missing = Path.Combine(folder.Path, "missing");
        IoMethodCatalog catalog = new IoMethodCatalog().Discover([folder.Path, missing]);
        IoMethodException refusal = Assert.Throws<IoMethodException>(() => catalog.Get("ekko"));
        Assert.Equal(
            $"io_method 'ekko' is not known; known: echo (discovered), wrong_contract (rejected); "
            + $"looked in {folder.Path}, {missing} (does not exist).",
            refusal.Message);
    }

    [Fact]
    public void ARelativeDirectoryIsTakenFromTheCurrentDirectory()
    {
        using PluginFolder folder = PluginFolder.Of("echo");
        string relative = Path.GetRelativePath(Environment.CurrentDirectory, folder.Path);
        Assert.False(Path.IsPathRooted(relative));
        IoMethodPlugin plugin = new IoMethodCatalog().Discover([relative]).Get("echo");
        Assert.True(Path.IsPathRooted(plugin.Path));
        PluginFolder.Use(plugin);
    }

    [Fact]
    public void DiscoveringAgainKeepsWhatIsKnownAndLooksAgainAtWhatWasRejected()
    {
        using PluginFolder folder = PluginFolder.Of("echo");
        string cut = folder.Write("leaky/Leaky.dll", [1, 2, 3]);
        IoMethodCatalog catalog = folder.Discover();
        IoMethodPlugin echo = catalog.Get("echo");
        Assert.Equal(PluginState.Rejected, catalog.Get("leaky").State);

        File.Copy(PluginFolder.FileOf("leaky"), cut, overwrite: true);
        catalog.Discover([folder.Path]);
        Assert.Equal(2, catalog.Plugins.Count);
        Assert.Same(echo, catalog.Get("echo"));
        Assert.Equal(PluginState.Discovered, catalog.Get("leaky").State);
    }
}
