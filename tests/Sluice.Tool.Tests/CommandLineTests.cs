using System.Text.Json;
using Sluice.Tool.Infrastructure;
using Sluice.Tool.Tests.Support;

namespace Sluice.Tool.Tests;

/// <summary>What the command line understands, and the one line for what it does not.</summary>
public sealed class CommandLineTests
{
    [Fact]
    public void AnUnknownVerbListsTheKnownOnes() => ToolRun.Of("cpoy").HasOneLine(2, "'cpoy'", "bench", "copy", "methods", "probe");

    [Fact]
    public void AnUnknownOptionListsTheKnownOnes() => ToolRun.Of("methods", "--jsno").HasOneLine(2, "'--jsno'", "--json");

    [Fact]
    public void AnArgumentTooManyIsNamed() => ToolRun.Of("methods", "all").HasOneLine(2, "'all'", "sluice methods --help");

    [Fact]
    public void AMissingArgumentIsNamed()
    {
        ToolRun.Of("copy").HasOneLine(2, "SRC and DST");
        ToolRun.Of("copy", "a").HasOneLine(2, "needs DST");
    }

    [Theory]
    [InlineData("copy", "a", "b")]
    [InlineData("probe")]
    public void AnUnknownMethodListsTheKnownOnesWithTheirState(params string[] command) =>
        ToolRun.Of([.. command, "--method", "uring"]).HasOneLine(
            2, "'uring'", "io_uring (discovered)", "sync (discovered)", "worker (discovered)");

    [Theory]
    [InlineData("copy", "a", "b")]
    [InlineData("probe")]
    public void TheMethodThatMovesNoDataIsRefusedWhereDataMatters(params string[] command) =>
        ToolRun.Of([.. command, "--method", "null"]).HasOneLine(2, "'null'");

    [Theory]
    [InlineData("0")]
    [InlineData("257")]
    [InlineData("-1")]
    [InlineData("many")]
    public void ADepthOutOfRangeIsRefused(string depth) =>
        ToolRun.Of("copy", "a", "b", "--depth", depth).HasOneLine(2, "--depth", depth, "1 to 256");

    [Theory]
    [InlineData("0")]
    [InlineData("1x")]
    [InlineData("65M")]
    public void ABlockOutOfRangeIsRefused(string block) => ToolRun.Of("copy", "a", "b", "--block", block).HasOneLine(2, "--block", block);

    [Fact]
    public void HelpNamesEveryVerbAndTheVersionIsOneLine()
    {
        string help = ToolRun.Of("--help").Succeeds().Output;
        foreach (string verb in (string[])["bench", "copy", "methods", "probe", "relation", "verify"])
        {
            Assert.Contains(verb, help, StringComparison.Ordinal);
        }

        Assert.Contains("sluice [command]", help, StringComparison.Ordinal);
        Assert.Equal(help, ToolRun.Of().Succeeds().Output);
        Assert.Matches(@"^\d+\.\d+\.\d+\s*$", ToolRun.Of("--version").Succeeds().Output);
    }

    [Fact]
    public void MethodsSaysOfEachWhatItIsAndNegotiated()
    {
        string text = ToolRun.Of("methods").Succeeds().Output;
        Assert.Contains("sync: available", text, StringComparison.Ordinal);
        Assert.Contains("capabilities", text, StringComparison.Ordinal);
        Assert.Contains("max_workers", text, StringComparison.Ordinal);

        using JsonDocument json = JsonDocument.Parse(ToolRun.Of("methods", "--json").Succeeds().Output);
        List<JsonElement> rows = [.. json.RootElement.EnumerateArray()];
        Assert.Equal(["io_uring", "null", "sync", "worker"], rows.Select(static row => row.GetProperty("name").GetString()));
        foreach (JsonElement row in rows)
        {
            bool isAvailable = row.GetProperty("available").GetBoolean();
            Assert.Equal(isAvailable, row.GetProperty("reason").ValueKind == JsonValueKind.Null);
            Assert.Equal(isAvailable, row.GetProperty("capabilities").ValueKind == JsonValueKind.Object);
            Assert.Equal("1.0", row.GetProperty("contractVersion").GetString());
            Assert.True(File.Exists(row.GetProperty("path").GetString()));
        }

        Assert.Single(rows, static row => row.GetProperty("chosenByAuto").GetBoolean());
    }

    [Theory]
    [InlineData("0", 0)]
    [InlineData("512", 512)]
    [InlineData("8k", 8192)]
    [InlineData("1M", 1048576)]
    [InlineData("2GiB", 2147483648)]
    [InlineData("3kb", 3072)]
    public void SizesAreReadAsPeopleWriteThem(string text, long bytes)
    {
        Assert.True(ByteSize.TryParse(text, out long read));
        Assert.Equal(bytes, read);
    }

    [Theory]
    [InlineData("")]
    [InlineData("k")]
    [InlineData("-1")]
    [InlineData("1.5M")]
    [InlineData("99999999999T")]
    public void WhatIsNoSizeIsNotRead(string text) => Assert.False(ByteSize.TryParse(text, out _));
}
