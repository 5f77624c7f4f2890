using Sluice.Tool.Tests.Support;

namespace Sluice.Tool.Tests.Copy;

/// <summary>A copy that ends early never leaves half a file under the final name; stopped or failed, it leaves nothing.</summary>
public sealed class CopyInterruptionTests : IDisposable
{
    // Small direct blocks one at a time: long enough to be stopped in the middle on any device.
    private static readonly string[] s_slowly = ["--direct", "--block", "4k", "--depth", "1", "--method", "sync"];
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(ToolProcess.Interrupt)]
    [InlineData(ToolProcess.Terminate)]
    public void StoppedByASignalItLeavesNothing(int signal)
    {
        string source = _folder.Make("source", 256 << 20);
        using ToolProcess process = new(null, ["copy", source, _folder.PathOf("target"), .. s_slowly]);
        process.WaitUntil(() => _folder.Names.Any(IsTemporary), "The copy's beginning");
        process.Send(signal);
        ToolRun run = process.WaitForExit();
        run.HasOneLine(1, "Stopped.");
        Assert.Equal(["source"], _folder.Names);
    }

    [Fact]
    public void KilledItLeavesTheOldFileUnderTheName()
    {
        string source = _folder.Make("source", 256 << 20);
        string target = _folder.Make("target", 10);
        using ToolProcess process = new(null, ["copy", source, target, .. s_slowly]);
        process.WaitUntil(() => _folder.Names.Any(IsTemporary), "The copy's beginning");
        process.Send(ToolProcess.Kill);
        process.WaitForExit();
        Assert.Equal(10, new FileInfo(target).Length);
    }

    [Theory]
    [InlineData]
    [InlineData("--direct")]
    public void WithoutRoomItSaysSoAndLeavesNothing(params string[] options)
    {
        string source = _folder.Make("source", 24 << 20);
        using ToolProcess process = new(20 << 10, ["copy", source, _folder.PathOf("target"), .. options]);
        process.WaitForExit().HasOneLine(1, "24 MiB", "EFBIG");
        Assert.Equal(["source"], _folder.Names);
    }

    [Fact]
    public void CancelledBeforeItBeginsItLeavesNothing()
    {
        string source = _folder.Make("source", 1 << 20);
        ToolRun.Of(new CancellationToken(canceled: true), "copy", source, _folder.PathOf("target")).HasOneLine(1, "Stopped.");
        Assert.Equal(["source"], _folder.Names);
    }

    private static bool IsTemporary(string name) => name.EndsWith(".tmp", StringComparison.Ordinal);
}
