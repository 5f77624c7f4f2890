using Sluice.Tool.Copy;
using Sluice.Tool.Tests.Support;

namespace Sluice.Tool.Tests.Copy;

/// <summary>A copy has the source's content, length, holes and permissions, whatever way it was made.</summary>
[System.Runtime.Versioning.SupportedOSPlatform("linux")]
public sealed class CopyTests : IDisposable
{
    private const int BlockBytes = 64 << 10;
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    public static TheoryData<string, long> MethodsAndLengths()
    {
        TheoryData<string, long> data = [];
        long[] lengths = [0, 1, 511, 512, 4095, 4096, 4097, BlockBytes - 1, BlockBytes, BlockBytes + 1, (5 * BlockBytes) + 777];
        foreach (string method in (string[])["sync", "worker", "auto"])
        {
            foreach (long length in lengths) data.Add(method, length);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(MethodsAndLengths))]
    public void TheContentIsTheSameForEveryLengthAndMethod(string method, long lengthBytes)
    {
        string source = _folder.Make("source", lengthBytes);
        foreach (string[] options in (string[][])[[], ["--direct"], ["--fsync"], ["--direct", "--fsync"]])
        {
            Copy(source, "target", ["--method", method, "--block", "64k", "--depth", "4", .. options]);
            Assert.Equal(["source", "target"], _folder.Names);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(7)]
    [InlineData(64)]
    public void TheContentIsTheSameForEveryDepth(int depth)
    {
        string source = _folder.Make("source", (3 << 20) + 12345);
        Copy(source, "buffered", "--depth", $"{depth}", "--block", "16k");
        Copy(source, "direct", "--depth", $"{depth}", "--block", "16k", "--direct");
    }

    [Theory]
    [InlineData("1000")]
    [InlineData("4097")]
    public void BufferedBlocksMayHaveAnySize(string block) => Copy(_folder.Make("source", 300_001), "target", "--block", block);

    [Theory]
    [InlineData]
    [InlineData("--direct")]
    public void HolesStayHolesAlsoBeyondFourGibibytes(params string[] options)
    {
        const long LengthBytes = 6L << 30;
        (long Offset, byte[] Bytes)[] islands =
        [
            (77, [1]), (1L << 30, new byte[5000]), ((4L << 30) - 2, [2, 3, 4, 5]), ((5L << 30) + 123_457, [6]),
        ];
        islands[1].Bytes.AsSpan().Fill(9);
        string source = _folder.PathOf("source");
        using (FileStream stream = File.Create(source))
        {
            stream.SetLength(LengthBytes);
            foreach ((long offset, byte[] bytes) in islands)
            {
                stream.Position = offset;
                stream.Write(bytes);
            }
        }

        string target = _folder.PathOf("target");
        ToolRun.Of(["copy", source, target, "--block", "64k", .. options]).Succeeds();
        FileStatus sourceStatus = FileStatus.Find(source)!;
        FileStatus targetStatus = FileStatus.Find(target)!;
        Assert.Equal(LengthBytes, targetStatus.LengthBytes);
        Assert.True(
            targetStatus.AllocatedBytes <= sourceStatus.AllocatedBytes + (1 << 20),
            $"The copy takes up {targetStatus.AllocatedBytes} bytes, the source {sourceStatus.AllocatedBytes}.");
        using FileStream read = File.OpenRead(target);
        foreach ((long offset, byte[] bytes) in islands)
        {
            byte[] found = new byte[bytes.Length + 2];
            read.Position = offset - 1;
            read.ReadExactly(found);
            Assert.Equal([0, .. bytes, 0], found);
        }
    }

    [Fact]
    public void AFileThatIsOneHoleStaysOne()
    {
        string source = _folder.PathOf("source");
        using (FileStream stream = File.Create(source)) stream.SetLength(1L << 30);
        ToolRun.Of("copy", source, _folder.PathOf("target"), "--fsync").Succeeds();
        FileStatus status = FileStatus.Find(_folder.PathOf("target"))!;
        Assert.Equal(1L << 30, status.LengthBytes);
        Assert.True(status.AllocatedBytes < 1 << 20);
    }

    [Fact]
    public void PermissionsAreKept()
    {
        const UnixFileMode Mode = UnixFileMode.UserRead | UnixFileMode.UserExecute | UnixFileMode.GroupWrite | UnixFileMode.OtherRead;
        string source = _folder.Make("source", 10);
        File.SetUnixFileMode(source, Mode);
        ToolRun.Of("copy", source, _folder.PathOf("target")).Succeeds();
        Assert.Equal(Mode, File.GetUnixFileMode(_folder.PathOf("target")));
    }

    [Fact]
    public void AFolderAsTargetKeepsTheName()
    {
        string source = _folder.Make("source", 10);
        Directory.CreateDirectory(_folder.PathOf("into"));
        ToolRun.Of("copy", source, _folder.PathOf("into")).Succeeds();
        Assert.True(File.Exists(_folder.PathOf("into/source")));
    }

    [Fact]
    public void AnExistingTargetIsReplacedInOneStep()
    {
        string source = _folder.Make("source", 1000);
        string target = _folder.Make("target", 5000);
        using FileStream old = File.OpenRead(target);
        Copy(source, "target");

        // Whoever has the old file open keeps it whole: it was not written into.
        Assert.Equal(5000, old.Length);
    }

    [Fact]
    public void TheFileBehindALinkIsReplacedAndNotTheLink()
    {
        string source = _folder.Make("source", 1000);
        File.CreateSymbolicLink(_folder.PathOf("link"), _folder.Make("real", 10));
        ToolRun.Of("copy", source, _folder.PathOf("link")).Succeeds();
        Assert.Equal(_folder.PathOf("real"), new FileInfo(_folder.PathOf("link")).LinkTarget);
        Assert.Equal(File.ReadAllBytes(source), File.ReadAllBytes(_folder.PathOf("real")));
    }

    [Fact]
    public void AWriteProtectedTargetNeedsForce()
    {
        string source = _folder.Make("source", 1000);
        string target = _folder.Make("target", 10);
        File.SetUnixFileMode(target, UnixFileMode.UserRead);
        ToolRun.Of("copy", source, target).HasOneLine(1, target, "--force");
        Assert.Equal(10, new FileInfo(target).Length);
        Copy(source, "target", "--force");
    }

    private void Copy(string source, string target, params string[] options)
    {
        ToolRun.Of(["copy", source, _folder.PathOf(target), .. options]).Succeeds();
        bool isEqual = File.ReadAllBytes(source).AsSpan().SequenceEqual(File.ReadAllBytes(_folder.PathOf(target)));
        Assert.True(isEqual, $"The copy differs ({string.Join(' ', options)}).");
    }
}
