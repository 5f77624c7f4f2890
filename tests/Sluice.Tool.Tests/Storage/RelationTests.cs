using System.Text.Json;
using Sluice.Tests.Shared;
using Sluice.Tool.Tests.Support;

namespace Sluice.Tool.Tests.Storage;

/// <summary><c>sluice relation</c>: page headers as a table.</summary>
public sealed class RelationTests
{
    [Theory]
    [InlineData("sync")]
    [InlineData("worker")]
    [InlineData("io_uring")]
    public void EveryPageHasARowAndTheFileASummary(string method)
    {
        using TestFolder folder = new();
        string path = Path.Combine(RealCluster.Extract(folder.Root), "base/5/16384");
        string[] lines = ToolRun.Of("relation", path, "--method", method).Succeeds().Output.Split(
            '\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(251, lines.Length);
        Assert.Contains("log position", lines[0], StringComparison.Ordinal);
        Assert.Matches(@"^ +0  0/BAD5D8 +D80E +lv +216 +2144 +8192 +48 +1928 +0$", lines[1].TrimEnd('\r'));
        Assert.StartsWith($"{path}: 249 blocks, 0 new, 0 bad, 473 KiB free (24", lines[250], StringComparison.Ordinal);
    }

    [Fact]
    public void ARangeCanBeAskedFor()
    {
        using TestFolder folder = new();
        string path = Path.Combine(RealCluster.Extract(folder.Root), "base/5/16384");
        string[] lines = ToolRun.Of(
            "relation", path, "--from", "246", "--count", "2").Succeeds().Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(4, lines.Length);
        Assert.StartsWith("246 ", lines[1].TrimStart(), StringComparison.Ordinal);
        Assert.StartsWith("247 ", lines[2].TrimStart(), StringComparison.Ordinal);
        Assert.Equal(
            5, ToolRun.Of("relation", path, "--from", "246").Succeeds().Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        ToolRun.Of("relation", path, "--from", "249").HasOneLine(2, "--from is 249", "249 blocks", "0 to 248");
        ToolRun.Of("relation", path, "--from", "-1").HasOneLine(2, "--from");
        ToolRun.Of("relation", path, "--count", "0").HasOneLine(2, "--count");
    }

    [Fact]
    public void DamageAndNewPagesShowAndASegmentCountsOn()
    {
        using TestFolder folder = new();
        byte[] content = File.ReadAllBytes(Path.Combine(RealCluster.Extract(folder.Root), "base/5/16384"));
        byte[] pages = [.. content[..(2 * 8192)], .. new byte[8192], .. content[(3 * 8192)..(4 * 8192)], 1, 2, 3];
        pages[8192 + 3000] ^= 1;
        pages[(3 * 8192) + 17] = 0xFF;
        string path = folder.PathOf("16384");
        File.WriteAllBytes(path, pages);
        ToolRun run = ToolRun.Of("relation", path);
        Assert.Equal(1, run.ExitCode);
        string[] lines = run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Matches(@"^ +1 .*[0-9A-F]{4} not [0-9A-F]{4} ", lines[2]);
        Assert.Matches(@"^ +2  new +8168$", lines[3].TrimEnd('\r'));
        Assert.Contains("bad header", lines[4], StringComparison.Ordinal);
        Assert.Contains("4 blocks, 1 new, 2 bad", lines[5], StringComparison.Ordinal);
        Assert.Contains("3 bytes behind the last block", lines[6], StringComparison.Ordinal);

        // Five blocks per segment: the second segment's first block is the sixth of the fork.
        File.WriteAllBytes(folder.PathOf("16384.1"), content[(5 * 8192)..(9 * 8192)]);
        Assert.Matches(
            @"^ +5 ", ToolRun.Of("relation", folder.PathOf("16384.1"), "--segment-blocks", "5").Succeeds().Output.Split('\n')[1]);
        Assert.Equal(1, ToolRun.Of("relation", folder.PathOf("16384.1")).ExitCode);
    }

    [Fact]
    public void JsonHasTheFields()
    {
        using TestFolder folder = new();
        string path = Path.Combine(RealCluster.Extract(folder.Root), "base/5/16384");
        using JsonDocument json = JsonDocument.Parse(ToolRun.Of("relation", path, "--json").Succeeds().Output);
        Assert.Equal(
            (249, 0, 0, "Main"),
            (
                json.RootElement.GetProperty("blocks").GetInt32(),
                json.RootElement.GetProperty("newBlocks").GetInt32(),
                json.RootElement.GetProperty("badBlocks").GetInt32(),
                json.RootElement.GetProperty("fork").GetString()));
        JsonElement page = json.RootElement.GetProperty("pages")[0];
        Assert.Equal(
            ("0/BAD5D8", "D80E", "D80E", 1928),
            (
                page.GetProperty("logPosition").GetString(),
                page.GetProperty("checksum").GetString(),
                page.GetProperty("expected").GetString(),
                page.GetProperty("freeBytes").GetInt32()));
    }

    [Fact]
    public void AFileThatIsNoRelationsIsRefused()
    {
        using TestFolder folder = new();
        string data = RealCluster.Extract(folder.Root);
        ToolRun.Of("relation", Path.Combine(data, "global/pg_control")).HasOneLine(2, "pg_control", "not named as a relation's file");
        ToolRun.Of("relation", Path.Combine(data, "base/5/77777")).HasOneLine(1, "77777", "ENOENT");
        ToolRun.Of("relation").HasOneLine(2, "FILE");
        File.WriteAllBytes(folder.PathOf("1"), []);
        Assert.Contains("0 blocks", ToolRun.Of("relation", folder.PathOf("1")).Succeeds().Output, StringComparison.Ordinal);
    }
}
