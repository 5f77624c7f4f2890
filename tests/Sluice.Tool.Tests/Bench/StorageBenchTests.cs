using System.Text.Json;
using Sluice.Tool.Tests.Support;

namespace Sluice.Tool.Tests.Bench;

/// <summary>
/// <c>sluice bench</c> scan, bitmap, checkpoint, extend and bulkwrite: the pages are those that were asked for, rows have the keys of the
/// others and two more, what does not go is refused, and nothing is left.
/// </summary>
public sealed class StorageBenchTests
{
    private const int Blocks = 512;

    private static readonly string[] s_keys =
    [
        "scenario", "method", "mode", "blockBytes", "depth", "threads", "direct", "seconds", "operations", "operationsPerSecond",
        "bytesPerSecond", "cpuMicrosecondsPerOperation", "allocatedBytesPerOperation", "pages", "pagesPerSecond", "latencyMicroseconds",
    ];

    public static TheoryData<string, string, int, string[]> Runs()
    {
        TheoryData<string, string, int, string[]> runs = [];
        foreach (string method in (string[])["sync", "worker", "io_uring"])
        {
            runs.Add("scan", method, Blocks, []);
            runs.Add("scan", method, Blocks, ["--cold"]);
            runs.Add("bitmap", method, (Blocks + 6) / 7, ["--every", "7", "--direct"]);
            runs.Add("checkpoint", method, 100, ["--pages", "100"]);
            runs.Add("checkpoint", method, 100, ["--pages", "100", "--run", "16", "--direct"]);
            runs.Add("extend", method, Blocks, ["--combine", "4"]);
            runs.Add("bulkwrite", method, Blocks, ["--registered", "--direct"]);
        }

        return runs;
    }

    [Theory]
    [MemberData(nameof(Runs))]
    public void EachScenarioDoesThePagesThatWereAskedForAndLeavesNothing(string scenario, string method, int pages, string[] options)
    {
        using BenchProcess tool = new(
            ["bench", scenario, "--method", method, "--size", "4M", "--depth", "4", "--seconds", "0.05", "--json", .. options]);
        (int exitCode, string output, string error) = tool.WaitForExit();
        Assert.True(exitCode == 0, error);
        JsonElement row = Assert.Single(JsonDocument.Parse(output).RootElement.EnumerateArray());
        Assert.Equal(s_keys, row.EnumerateObject().Select(static property => property.Name));
        Assert.Equal(scenario, row.GetProperty("scenario").GetString());
        Assert.Equal(method, row.GetProperty("method").GetString());
        Assert.Equal(
            (8192, 4, 1),
            (row.GetProperty("blockBytes").GetInt32(), row.GetProperty("depth").GetInt32(), row.GetProperty("threads").GetInt32()));
        Assert.Equal(options.Contains("--direct"), row.GetProperty("direct").GetBoolean());

        // Whole passes, one at least.
        long done = row.GetProperty("pages").GetInt64();
        Assert.True(done >= pages && done % pages == 0, $"{done} pages are no multiple of {pages}.");
        Assert.Equal(done, row.GetProperty("operations").GetInt64());
        Assert.True(row.GetProperty("pagesPerSecond").GetDouble() > 0, "There is no rate.");
        Assert.Equal(row.GetProperty("operationsPerSecond").GetDouble(), row.GetProperty("pagesPerSecond").GetDouble());
        double max = row.GetProperty("latencyMicroseconds").GetProperty("max").GetDouble();
        Assert.InRange(row.GetProperty("latencyMicroseconds").GetProperty("p50").GetDouble(), 0.001, max);
        Assert.Empty(Left(tool));
    }

    [Fact]
    public void AllMethodsHaveARowEach()
    {
        using BenchProcess tool = new("bench", "scan", "--method", "all", "--size", "1M", "--seconds", "0.05", "--json");
        (int exitCode, string output, string error) = tool.WaitForExit();
        Assert.True(exitCode == 0, error);
        string?[] methods =
        [
            .. JsonDocument.Parse(output).RootElement.EnumerateArray().Select(static row => row.GetProperty("method").GetString()),
        ];
        Assert.Superset(new HashSet<string?> { "sync", "worker" }, methods.ToHashSet());
        Assert.DoesNotContain("pread", methods);
        Assert.Empty(Left(tool));
    }

    [Fact]
    public void ADataDirectoryThatIsNamedIsMadeAndKeptAndUsedAgain()
    {
        using TestFolder folder = new();
        string data = folder.PathOf("data");
        string[] command = ["bench", "scan", "--method", "sync", "--size", "1M", "--seconds", "0.05", "--data-directory", data, "--json"];
        Assert.Equal(0, ToolRun.Of(command).ExitCode);
        FileInfo relation = new(Path.Combine(data, "base", "5", "16384"));
        Assert.Equal(1 << 20, relation.Length);
        DateTime writtenAt = relation.LastWriteTimeUtc;
        Assert.Equal(0, ToolRun.Of(command).ExitCode);
        relation.Refresh();
        Assert.Equal(writtenAt, relation.LastWriteTimeUtc);
        Assert.Equal(["data"], folder.Names);
    }

    [Theory]
    [InlineData("PG_VERSION")]
    [InlineData("global/pg_control")]
    public void TheDataDirectoryOfAServerIsNotTouched(string mark)
    {
        using TestFolder folder = new();
        string relation = Path.Combine(folder.Root, "base", "5", "16384");
        foreach (string path in (string[])[relation, Path.Combine(folder.Root, mark)])
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, "mine");
        }

        ToolRun.Of("bench", "checkpoint", "--data-directory", folder.Root, "--size", "1M", "--pages", "8").HasOneLine(2, "of a server");
        Assert.Equal("mine", File.ReadAllText(relation));
    }

    [Theory]
    [InlineData("--threads does not go with scan, bitmap", "scan", "--threads", "2")]
    [InlineData("--threads does not go with scan, bitmap", "bulkwrite", "--threads", "2")]
    [InlineData("--overwrite does not go with scan, bitmap", "checkpoint", "--overwrite")]
    [InlineData("--file does not go with scan, bitmap", "extend", "--file", "/dev/null")]
    [InlineData("--mode does not go with scan, bitmap", "bitmap", "--mode", "loop")]
    [InlineData("--durable goes with logwrite", "bulkwrite", "--durable", "linked")]
    [InlineData("--block does not go with scan, bitmap", "scan", "--block", "16k")]
    [InlineData("cannot do scan", "scan", "--method", "pread")]
    [InlineData("cannot do extend", "extend", "--method", "randomaccess")]
    [InlineData("cannot do bitmap", "bitmap", "--method", "null")]
    [InlineData("cannot do checkpoint", "checkpoint", "--method", "simulated")]
    [InlineData("nonsense", "scan", "--method", "nonsense")]
    [InlineData("less than one page", "scan", "--size", "4k")]
    [InlineData("--pages 129 are more than --size 1M has: 128", "checkpoint", "--size", "1M", "--pages", "129")]
    [InlineData("need 2 whole runs and --size 800k has 1", "checkpoint", "--size", "800k", "--pages", "100", "--run", "64")]
    [InlineData("--pages is '0'", "checkpoint", "--pages", "0")]
    [InlineData("--run is '0'", "checkpoint", "--run", "0")]
    [InlineData("--every is '0'", "bitmap", "--every", "0")]
    [InlineData("--combine is '129'", "scan", "--combine", "129")]
    [InlineData("--pages goes with checkpoint only", "scan", "--pages", "8")]
    [InlineData("--run goes with checkpoint only", "bulkwrite", "--run", "8")]
    [InlineData("--every goes with bitmap only", "scan", "--every", "8")]
    [InlineData("--cold goes with scan and bitmap only", "checkpoint", "--cold")]
    [InlineData("--phase goes with spill only", "scan", "--phase", "file")]
    [InlineData("--combine goes with scan, bitmap", "randread", "--combine", "4")]
    [InlineData("--pages goes with checkpoint only", "randread", "--pages", "4")]
    [InlineData("--data-directory goes with scan, bitmap", "randread", "--data-directory", "x")]
    [InlineData("is a file", "scan", "--data-directory", "/dev/null")]
    public void WhatDoesNotGoIsRefusedWithOneLine(string part, params string[] arguments) =>
        ToolRun.Of(["bench", .. arguments]).HasOneLine(2, part);

    [Theory]
    [InlineData("scan")]
    [InlineData("extend")]
    [InlineData("bulkwrite")]
    public void TooLittleRoomIsSaidBeforeAnythingIsWritten(string scenario)
    {
        using BenchProcess tool = new("bench", scenario, "--method", "sync", "--size", "16T");
        (int exitCode, _, string error) = tool.WaitForExit();
        Assert.Equal(1, exitCode);
        Assert.Contains("to spare and the relation needs 16 TiB", error, StringComparison.Ordinal);
        Assert.Empty(Left(tool));
    }

    private static string[] Left(BenchProcess tool) => Directory.GetFileSystemEntries(tool.TemporaryFolder, "sluice*");
}
