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
        foreach (string path in Directory.GetFiles(packages.Feed).Where(static path => !path.Contains("Sluice.Tool", StringComparison.Ordinal)).Order(StringComparer.Ordinal))
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
    public void APackageOfAMethodDependsOnNothing()
    {
        string[] paths = Directory.GetFiles(packages.Feed, "Sluice.Methods.*.nupkg");
        Assert.Equal(3, paths.Length);
        foreach (string path in paths) Assert.DoesNotContain(Manifest(path).Descendants(), static element => element.Name.LocalName == "dependency");
    }

    [Fact]
    public async Task AnEmptyProjectDoesInputAndOutputWithThePackages()
    {
        string project = Path.Combine(packages.Root, "Consumer");
        WriteConsumer(project);
        Dictionary<string, string> environment = new()
        {
            ["NUGET_PACKAGES"] = Path.Combine(packages.Root, "cache"),
            ["NUGET_FALLBACK_PACKAGES"] = "",
        };
        ChildProcess publish = await ChildProcess.RunDotnetAsync(
            project, environment, "publish", "Consumer.csproj", "-c", "Release", "-o", "published", "-nodeReuse:false", "-p:UseSharedCompilation=false", "-v", "q");
        Assert.True(publish.ExitCode == 0, publish.Output + publish.Errors);

        string[] methods = ["io_methods/io_uring/Sluice.Methods.IoUring.dll", "io_methods/sync/Sluice.Methods.Sync.dll", "io_methods/worker/Sluice.Methods.Worker.dll"];
        foreach (string folder in (string[])["published", "bin/Release/net10.0"])
        {
            string output = Path.Combine(project, folder);
            IEnumerable<string> found = Directory.GetFiles(output, "Sluice.Methods.*.dll", SearchOption.AllDirectories).Select(path => Path.GetRelativePath(output, path).Replace('\\', '/'));
            Assert.Equal(methods, found.Order(StringComparer.Ordinal));
        }

        ChildProcess run = await ChildProcess.RunDotnetAsync(project, new Dictionary<string, string>(), Path.Combine("published", "Consumer.dll"));
        Assert.True(run.ExitCode == 0, run.Output + run.Errors);
        string[] lines = run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(4, lines.Length);
        Assert.Equal("sync: thing 7 Ok 4096, sum 172032", lines[0]);
        Assert.Equal("worker: thing 7 Ok 4096, sum 172032", lines[1]);
        Assert.Matches("^io_uring: (thing 7 Ok 4096, sum 172032|not here: io_method 'io_uring' cannot be used: .+)$", lines[2]);
        Assert.Equal("auto: thing 7 Ok 4096, sum 172032", lines[3]);
    }

    [Fact]
    public async Task TheToolIsInstalledFromItsPackageAndHasItsMethods()
    {
        string directory = Path.Combine(packages.Root, "Tool");
        WriteSources(directory);
        Dictionary<string, string> environment = new() { ["NUGET_PACKAGES"] = Path.Combine(packages.Root, "cache") };
        ChildProcess install = await ChildProcess.RunDotnetAsync(directory, environment, "tool", "install", "Sluice.Tool", "--tool-path", "installed", "--configfile", "nuget.config");
        Assert.True(install.ExitCode == 0, install.Output + install.Errors);
        Assert.Single(Directory.GetFiles(Path.Combine(directory, "installed")), static path => Path.GetFileNameWithoutExtension(path) == "sluice");

        string assembly = Directory.GetFiles(Path.Combine(directory, "installed"), "Sluice.Tool.dll", SearchOption.AllDirectories).Single();
        ChildProcess methods = await ChildProcess.RunDotnetAsync(directory, new Dictionary<string, string>(), assembly, "methods");
        Assert.True(methods.ExitCode == 0, methods.Output + methods.Errors);
        foreach (string name in (string[])["sync", "worker", "io_uring"]) Assert.Contains(name, methods.Output, StringComparison.Ordinal);
    }

    private static bool IsOurs(string entry) => !entry.StartsWith("_rels/", StringComparison.Ordinal)
        && !entry.StartsWith("package/", StringComparison.Ordinal) && entry != "[Content_Types].xml";

    private static string? Value(XElement metadata, string name) => metadata.Elements().SingleOrDefault(element => element.Name.LocalName == name)?.Value;

    private static XDocument Manifest(string path)
    {
        using ZipArchive archive = ZipFile.OpenRead(path);
        using Stream stream = archive.Entries.Single(static entry => entry.FullName.EndsWith(".nuspec", StringComparison.Ordinal)).Open();
        return XDocument.Load(stream);
    }

    private void WriteConsumer(string project)
    {
        Directory.CreateDirectory(project);
        string version = Value(Manifest(Directory.GetFiles(packages.Feed, "Sluice.Abstractions.*.nupkg").Single()).Root!.Elements().Single(), "version")!;
        foreach (string path in Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "Consumer")))
        {
            File.WriteAllText(Path.Combine(project, Path.GetFileNameWithoutExtension(path)), File.ReadAllText(path).Replace("VERSION", version, StringComparison.Ordinal));
        }

        WriteSources(project);
    }

    private void WriteSources(string directory)
    {
        Directory.CreateDirectory(directory);

        // Only the folder: what is not in it, a fresh machine would not have either. Packages of others come from where they always come from.
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
