using System.Reflection;
using Sluice.Tests.Shared;

namespace Sluice.Package.Tests;

/// <summary>Packs everything once into a folder.</summary>
public sealed class PackageFixture : IAsyncLifetime
{
    /// <summary>A folder of the tests' own, removed at the end.</summary>
    public string Root { get; } = Directory.CreateTempSubdirectory("sluice-packages-").FullName;

    /// <summary>The folder with the packages.</summary>
    public string Feed => Path.Combine(Root, "feed");

    /// <summary>Whether this build takes packages of others that are no part of the feed.</summary>
    internal static bool UsesUpstreamPackages { get; } = typeof(PackageFixture).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Any(static attribute => attribute is { Key: "UpstreamPackages", Value: "true" });

    /// <inheritdoc/>
    public async Task InitializeAsync()
    {
        ChildProcess pack = await ChildProcess.RunDotnetAsync(
            Repository.PathOf("tests", "Sluice.Package.Tests", "Packing"), new Dictionary<string, string>(),
            "msbuild", "PackAll.proj", "-nologo", "-v:m", "-nodeReuse:false", "-p:_IsPacking=true",
            $"-p:Configuration={Repository.Configuration}",
            $"-p:Feed={Feed}",
            $"-p:UpstreamPackages={(UsesUpstreamPackages ? "true" : "false")}");
        Assert.True(pack.ExitCode == 0, pack.Output + pack.Errors);
    }

    /// <inheritdoc/>
    public Task DisposeAsync()
    {
        Directory.Delete(Root, recursive: true);
        return Task.CompletedTask;
    }
}
