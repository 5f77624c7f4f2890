using System.IO.Compression;
using System.Text;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Sluice.Tests.Shared;

namespace Sluice.Package.Tests;

/// <summary>The packages hold what they should, and an empty project does I/O with nothing but them.</summary>
public sealed partial class PackageTests(PackageFixture packages) : IClassFixture<PackageFixture>
{
    [Fact]
    public Task ThePackagesHold()
    {
        StringBuilder text = new();

        // The tool's package has its dependencies in it; its own test looks at what matters.
        foreach (string path in Directory.GetFiles(packages.Feed).Where(static path =>
            !path.Contains("Sluice.Tool", StringComparison.Ordinal)).Order(StringComparer.Ordinal))
        {
            text.Append(VersionInName().Replace(Path.GetFileName(path), ".VERSION.")).Append('\n');
            using ZipArchive archive = ZipFile.OpenRead(path);
            foreach (string entry in archive.Entries.Select(static entry => entry.FullName).Where(IsOurs).Order(StringComparer.Ordinal))
            {
                text.Append("  ").Append(entry).Append('\n');
            }
        }

        return Verifier.Verify(text.ToString().TrimEnd());
    }

    [Fact]
    public void EveryPackageHasLicenseReadmeAndDescription()
    {
        string[] paths = Directory.GetFiles(packages.Feed, "*.nupkg");
        Assert.NotEmpty(paths);
        foreach (string path in paths)
        {
            XElement metadata = Manifest(path).Root!.Elements().Single();
            Assert.Equal("MIT", Value(metadata, "license"));
            Assert.Equal("README.md", Value(metadata, "readme"));
            Assert.NotEqual("Package Description", Value(metadata, "description"));
            Assert.True(File.Exists(Path.ChangeExtension(path, ".snupkg")), $"{Path.GetFileName(path)} has no package of symbols.");
        }
    }

    [Fact]
    public void APackageOfAMethodDependsOnNothingButTheContract()
    {
        string[] paths = Directory.GetFiles(packages.Feed, "Sluice.Methods.*.nupkg");
        Assert.Equal(4, paths.Length);
        foreach (string path in paths)
        {
            // The one that tests refer to needs the contract; the others get the host's at run time.
            string[] expected = path.Contains("Simulated", StringComparison.Ordinal) ? ["Sluice.Abstractions"] : [];
            Assert.Equal(expected, Manifest(path).Descendants().Where(static element =>
                element.Name.LocalName == "dependency").Select(static element => (string?)element.Attribute("id")));
        }
    }

    [Theory]
    [InlineData("Sluice.Hosting")]
    [InlineData("Sluice.Simulation")]
    [InlineData("Sluice.Storage")]
    [InlineData("Sluice.TempFiles")]
    [InlineData("Sluice.Wal")]
    public void APackageOnSluiceLetsTheGeneratorThrough(string name)
    {
        string path = Directory.GetFiles(packages.Feed, $"{name}.*.nupkg").Single();
        XElement sluice = Manifest(path).Descendants().Single(static element =>
            element.Name.LocalName == "dependency" && (string?)element.Attribute("id") == "Sluice");
        Assert.DoesNotContain("Analyzers", (string?)sluice.Attribute("exclude") ?? "", StringComparison.Ordinal);
    }

    [Fact]
    public async Task AnEmptyProjectDoesInputAndOutputWithThePackages()
    {
        string project = Path.Combine(packages.Root, "Consumer");
        await PublishAsync("Consumer", project);

        string[] methods =
        [
            "io_methods/io_uring/Sluice.Methods.IoUring.dll",
            "io_methods/sync/Sluice.Methods.Sync.dll",
            "io_methods/worker/Sluice.Methods.Worker.dll",
        ];
        foreach (string folder in (string[])["published", "bin/Release/net10.0"])
        {
            string output = Path.Combine(project, folder);
            IEnumerable<string> found = Directory.GetFiles(output, "Sluice.Methods.*.dll", SearchOption.AllDirectories).Select(path =>
                Path.GetRelativePath(output, path).Replace('\\', '/'));
            Assert.Equal(methods, found.Order(StringComparer.Ordinal));
        }

        ChildProcess run = await ChildProcess.RunDotnetAsync(
            project, new Dictionary<string, string>(), Path.Combine("published", "Consumer.dll"));
        Assert.True(run.ExitCode == 0, run.Output + run.Errors);
        string[] lines = run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(4, lines.Length);
        Assert.Equal("sync: thing 7 Ok 4096, sum 172032", lines[0]);
        Assert.Equal("worker: thing 7 Ok 4096, sum 172032", lines[1]);
        Assert.Matches("^io_uring: (thing 7 Ok 4096, sum 172032|not here: io_method 'io_uring' cannot be used: .+)$", lines[2]);
        Assert.Equal("auto: thing 7 Ok 4096, sum 172032", lines[3]);
    }

    [Fact]
    public async Task AStrangersProjectRunsAScenarioOfItsOwnOnTheSimulatedDisk()
    {
        string project = Path.Combine(packages.Root, "Simulated");
        await PublishAsync("Simulated", project);
        ChildProcess run = await ChildProcess.RunDotnetAsync(
            project, new Dictionary<string, string>(), Path.Combine("published", "Simulated.dll"));
        Assert.True(run.ExitCode == 0, run.Output + run.Errors);
        string[] lines =
        [
            "counter: 50 runs, 150 crashes, 50 different traces, 0 failures",
            "without its flush: caught",
            "simulated as a plugin: 5 bytes",
        ];
        Assert.Equal(lines, run.Output.ReplaceLineEndings("\n").TrimEnd().Split('\n'));

        // The installed tool finds the scenario in the stranger's assembly.
        string tool = await InstallToolAsync();
        ChildProcess simulate = await ChildProcess.RunDotnetAsync(
            project,
            new Dictionary<string, string>(),
            [tool, "simulate", "counter", "--assembly", Path.Combine("published", "Simulated.dll"), "--seed", "1", "--seeds", "20"]);
        Assert.True(simulate.ExitCode == 0, simulate.Output + simulate.Errors);
        Assert.StartsWith("counter: seeds 1 to 20, ", simulate.Output, StringComparison.Ordinal);
    }

    /// <summary>It refers to the layers alone: pages, log, temporary files, and the generator, come with them.</summary>
    [Fact]
    public async Task AStrangersProjectKeepsPagesALogAndTemporaryFiles()
    {
        string project = Path.Combine(packages.Root, "Keeper");
        await PublishAsync("Keeper", project);
        ChildProcess run = await ChildProcess.RunDotnetAsync(
            project, new Dictionary<string, string>(), Path.Combine("published", "Keeper.dll"));
        Assert.True(run.ExitCode == 0, run.Output + run.Errors);
        string[] lines =
        [
            "pages: life 1, 0 replayed, 0 before, 5 after",
            "pages: life 2, 1 replayed, 5 before, 10 after",
            "pages: life 3, 0 replayed, 10 before, 15 after",
            "log: deposit, doubling, balance 20",
            "sort: 200000 in order: True, through files: True",
            "target: thing 7 Ok 4096",
        ];
        Assert.Equal(lines, run.Output.ReplaceLineEndings("\n").TrimEnd().Split('\n'));
    }

    [Fact]
    public async Task TheToolIsInstalledFromItsPackageAndHasItsMethods()
    {
        string assembly = await InstallToolAsync();
        ChildProcess methods = await ChildProcess.RunDotnetAsync(packages.Root, new Dictionary<string, string>(), assembly, "methods");
        Assert.True(methods.ExitCode == 0, methods.Output + methods.Errors);
        foreach (string name in (string[])["sync", "worker", "io_uring", "simulated"])
        {
            Assert.Contains(name, methods.Output, StringComparison.Ordinal);
        }
    }

    private static bool IsOurs(string entry) => !entry.StartsWith("_rels/", StringComparison.Ordinal)
        && !entry.StartsWith("package/", StringComparison.Ordinal) && entry != "[Content_Types].xml";

    private static string? Value(XElement metadata, string name) =>
        metadata.Elements().SingleOrDefault(element => element.Name.LocalName == name)?.Value;

    private static XDocument Manifest(string path)
    {
        using ZipArchive archive = ZipFile.OpenRead(path);
        using Stream stream = archive.Entries.Single(static entry => entry.FullName.EndsWith(".nuspec", StringComparison.Ordinal)).Open();
        return XDocument.Load(stream);
    }

    private async Task PublishAsync(string name, string project)
    {
        WriteConsumer(name, project);
        Dictionary<string, string> environment = new()
        {
            ["NUGET_PACKAGES"] = Path.Combine(packages.Root, "cache"),
            ["NUGET_FALLBACK_PACKAGES"] = "",
        };
        ChildProcess publish = await ChildProcess.RunDotnetAsync(
            project,
            environment,
            [
                "publish", $"{name}.csproj", "-c", "Release", "-o", "published",
                "-nodeReuse:false", "-p:UseSharedCompilation=false", "-v", "q",
            ]);
        Assert.True(publish.ExitCode == 0, publish.Output + publish.Errors);
    }

    // Once: the tests of a class run one after the other.
    private async Task<string> InstallToolAsync()
    {
        string directory = Path.Combine(packages.Root, "Tool");
        if (!Directory.Exists(directory))
        {
            WriteSources(directory);
            Dictionary<string, string> environment = new() { ["NUGET_PACKAGES"] = Path.Combine(packages.Root, "cache") };
            ChildProcess install = await ChildProcess.RunDotnetAsync(
                directory, environment, "tool", "install", "Sluice.Tool", "--tool-path", "installed", "--configfile", "nuget.config");
            Assert.True(install.ExitCode == 0, install.Output + install.Errors);
            Assert.Single(
                Directory.GetFiles(Path.Combine(directory, "installed")),
                static path => Path.GetFileNameWithoutExtension(path) == "sluice");
        }

        return Directory.GetFiles(Path.Combine(directory, "installed"), "Sluice.Tool.dll", SearchOption.AllDirectories).Single();
    }

    private void WriteConsumer(string name, string project)
    {
        Directory.CreateDirectory(project);
        string version = Value(
            Manifest(Directory.GetFiles(packages.Feed, "Sluice.Abstractions.*.nupkg").Single()).Root!.Elements().Single(), "version")!;
        foreach (string path in Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "Consumers", name)))
        {
            File.WriteAllText(
                Path.Combine(project, Path.GetFileNameWithoutExtension(path)),
                File.ReadAllText(path).Replace("VERSION", version, StringComparison.Ordinal));
        }

        WriteSources(project);
    }

    private void WriteSources(string directory)
    {
        Directory.CreateDirectory(directory);

        // Only the folder: what is not in it, a fresh machine would not have either. Packages of others come from where they always come
        // from.
        string otherSources = PackageFixture.UsesUpstreamPackages ? "" : "<clear />";
        File.WriteAllText(Path.Combine(directory, "nuget.config"), $"""
            <configuration>
              <packageSources>
                {otherSources}
                <add key="packages" value="{packages.Feed}" />
              </packageSources>
              <fallbackPackageFolders><clear /></fallbackPackageFolders>
            </configuration>
            """);
        foreach (string name in (string[])["Directory.Build.props", "Directory.Build.targets", "Directory.Packages.props"])
        {
            File.WriteAllText(Path.Combine(directory, name), "<Project />");
        }
    }

    [GeneratedRegex(@"\.\d+\.\d+\.\d+[^/]*\.(?=s?nupkg)")]
    private static partial Regex VersionInName();
}
