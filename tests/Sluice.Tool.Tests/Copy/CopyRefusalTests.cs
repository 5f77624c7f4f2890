using Sluice.Tool.Tests.Support;

namespace Sluice.Tool.Tests.Copy;

/// <summary>What cannot be copied is one line, and leaves nothing behind.</summary>
public sealed class CopyRefusalTests : IDisposable
{
    private readonly TestFolder _folder = new();
    private readonly string _source;

    public CopyRefusalTests() => _source = _folder.Make("source", 100_000);

    public void Dispose()
    {
        string[] names = _folder.Names;
        _folder.Dispose();
        Assert.DoesNotContain(names, static name => name.EndsWith(".tmp", StringComparison.Ordinal));
    }

    [Fact]
    public void AMissingSource() => Copy(_folder.PathOf("none")).HasOneLine(1, "none does not exist");

    [Fact]
    public void AFolderAsSource() => Copy(_folder.Root).HasOneLine(1, "is a folder");

    [Fact]
    public void ADeviceAsSource() => Copy("/dev/null").HasOneLine(1, "/dev/null is a device");

    [Fact]
    public void ADeviceAsTargetStaysADevice()
    {
        ToolRun.Of("copy", _source, "/dev/null").HasOneLine(1, "/dev/null is a device");
        Assert.False(File.GetAttributes("/dev/null").HasFlag(FileAttributes.Normal) && new FileInfo("/dev/null").Length > 0);
    }

    [Fact]
    public void AFileOfTheKernelsWithoutLength() => Copy("/proc/self/status").HasOneLine(1, "no length");

    [Fact]
    public void ASourceWithoutPermission() => Copy("/proc/sys/vm/compact_memory").HasOneLine(1, "/proc/sys/vm/compact_memory", "EACCES");

    [Fact]
    public void AFolderWhereNothingCanBeMade() =>
        ToolRun.Of("copy", _source, "/proc/copy").HasOneLine(1, "No file can be made in the folder /proc");

    [Fact]
    public void ATargetFolderThatIsMissing()
    {
        ToolRun.Of("copy", _source, _folder.PathOf("no/target")).HasOneLine(1, _folder.PathOf("no"), "does not exist");
        ToolRun.Of("copy", _source, _folder.PathOf("no/")).HasOneLine(1, _folder.PathOf("no/"), "does not exist");
    }

    [Fact]
    public void AFileWhereAFolderShouldBe() =>
        ToolRun.Of("copy", _source, Path.Combine(_source, "target")).HasOneLine(1, _source, "not a folder");

    [Fact]
    public void AFolderOfTheTargetsName()
    {
        Directory.CreateDirectory(_folder.PathOf("into/source"));
        ToolRun.Of("copy", _source, _folder.PathOf("into")).HasOneLine(1, _folder.PathOf("into/source"), "is a folder");
    }

    [Fact]
    public void TheSameFileByWhateverName()
    {
        File.CreateSymbolicLink(_folder.PathOf("link"), _source);
        foreach (string target in (string[])[_source, _folder.Root, _folder.PathOf("link"), _folder.PathOf("./source")])
        {
            ToolRun.Of("copy", _source, target).HasOneLine(1, "same file");
        }

        Assert.Equal(100_000, new FileInfo(_source).Length);
    }

    [Fact]
    public void ABlockThatIsNotAlignedForDirect()
    {
        ToolRun.Of(
            "copy", _source, _folder.PathOf("target"), "--direct", "--block", "1000").HasOneLine(2, "--block", "1000", "multiple of");
        Assert.Equal(["source"], _folder.Names);
    }

    [Fact]
    public void AnEmptyName() => ToolRun.Of("copy", "", "x").HasOneLine(2, "empty");

    private ToolRun Copy(string source) => ToolRun.Of("copy", source, _folder.PathOf("target"));
}
