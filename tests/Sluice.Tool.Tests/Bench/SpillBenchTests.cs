using System.Text.Json;

namespace Sluice.Tool.Tests.Bench;

/// <summary>
/// <c>sluice bench spill</c>: the join is made, its rows have the keys of the others and two more, the file comes back, and nothing is left.
/// </summary>
[Collection("bench in this process")]
public sealed class SpillBenchTests
{
    [Theory]
    [InlineData("--method", "sync")]
    [InlineData("--method", "worker", "--direct")]
    [InlineData("--method", "auto", "--direct", "--registered", "--block", "16k")]
    public void AJoinOfFourTimesItsMemoryIsMade(params string[] arguments)
    {
        using BenchProcess tool = new(["bench", "spill", "--size", "16M", "--seconds", "0.05", "--json", .. arguments]);
        (int exitCode, string output, string error) = tool.WaitForExit();
        Assert.True(exitCode == 0, error);
        JsonElement row = Assert.Single(JsonDocument.Parse(output).RootElement.EnumerateArray());
        Assert.Equal("spill", row.GetProperty("scenario").GetString());
        string[] last = [.. row.EnumerateObject().Select(static property => property.Name).TakeLast(3)];
        Assert.Equal(["latencyMicroseconds", "records", "recordsPerSecond"], last);

        // Most of both sides is written once and read once.
        long records = row.GetProperty("records").GetInt64();
        long bytes = row.GetProperty("operations").GetInt64() * row.GetProperty("blockBytes").GetInt32();
        Assert.InRange(bytes, records * 100L, records * 100L * 3);
        Assert.Empty(tool.FilesLeft);
    }

    [Theory]
    [InlineData("--method", "sync")]
    [InlineData("--method", "auto", "--direct", "--registered", "--block", "64k")]
    public void AFileIsWrittenAndReadInOrder(params string[] arguments)
    {
        using BenchProcess tool = new(["bench", "spill", "--phase", "file", "--size", "4M", "--seconds", "0.05", "--json", .. arguments]);
        (int exitCode, string output, string error) = tool.WaitForExit();
        Assert.True(exitCode == 0, error);
        JsonElement[] rows = [.. JsonDocument.Parse(output).RootElement.EnumerateArray()];
        Assert.Equal(["spill write", "spill read"], rows.Select(static row => row.GetProperty("scenario").GetString()));
        long[] operations = [.. rows.Select(static row => row.GetProperty("operations").GetInt64())];
        Assert.Equal(operations[0], operations[1]);
        Assert.InRange(operations[0], (4 << 20) / rows[0].GetProperty("blockBytes").GetInt32(), long.MaxValue);
        Assert.Empty(tool.FilesLeft);
    }

    [Theory]
    [InlineData("--depth", "4", "--depth does not go with spill")]
    [InlineData("--mode", "await", "--mode does not go with spill")]
    [InlineData("--method", "pread", "io_methods only")]
    [InlineData("--size", "64k", "too little to spill")]
    [InlineData("--block", "5000", "--block 5000 does not go")]
    [InlineData("--phase", "x", "--phase is 'x': give join or file")]
    [InlineData("--pages", "4", "--pages does not go with spill")]
    public async Task WhatCannotBeIsRefusedWithOneLine(string option, string value, string part)
    {
        using StringWriter output = new();
        using StringWriter error = new();
        Assert.Equal(2, await Program.RunAsync(["bench", "spill", option, value], output, error));
        Assert.Contains(
            part, Assert.Single(error.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--phase goes with spill only", "randread", "--phase", "file")]
    [InlineData("--block 5000 does not go with a temporary file", "spill", "--phase", "file", "--block", "5000")]
    public async Task APhaseThatDoesNotGoIsRefusedWithOneLine(string part, params string[] arguments)
    {
        using StringWriter output = new();
        using StringWriter error = new();
        Assert.Equal(2, await Program.RunAsync(["bench", .. arguments], output, error));
        Assert.Contains(
            part, Assert.Single(error.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
    }
}
