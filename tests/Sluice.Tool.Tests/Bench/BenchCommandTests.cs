using System.Text.Json;
using Sluice.Plugins;
using Sluice.Tool.Methods;

namespace Sluice.Tool.Tests.Bench;

/// <summary>Every scenario, method and mode runs; what cannot be is refused with one line; the user's files stay as they are.</summary>
[Collection("bench in this process")]
public sealed class BenchCommandTests
{
    private static readonly string[] s_keys =
    [
        "scenario", "method", "mode", "blockBytes", "depth", "threads", "direct", "seconds", "operations", "operationsPerSecond",
        "bytesPerSecond", "cpuMicrosecondsPerOperation", "allocatedBytesPerOperation", "latencyMicroseconds",
    ];

    private static readonly Lazy<MethodSurvey> s_survey = new(() => MethodSurvey.Make(CancellationToken.None));

    public static TheoryData<string, string, string> Runs()
    {
        TheoryData<string, string, string> runs = [];
        foreach (string scenario in (string[])["randread", "seqread", "randwrite", "logwrite"])
        {
            foreach (string method in (string[])["io_uring", "worker", "sync"])
            {
                foreach (string mode in (string[])["blocking", "await", "loop"]) runs.Add(scenario, method, mode);
            }

            runs.Add(scenario, "randomaccess", "await");
            runs.Add(scenario, "pread", "blocking");
        }

        return runs;
    }

    [Theory]
    [MemberData(nameof(Runs))]
    public async Task EachScenarioRunsByEachMethodInEachModeAndLeavesNothing(string scenario, string method, string mode)
    {
        string durable = mode switch { "blocking" => "separate", "await" => "linked", _ => "writethrough" };
        (int exitCode, string output, string error) = await RunAsync(
            "bench", scenario, "--method", method, "--mode", mode, "--size", "8M", "--depth", "4", "--seconds", "0.2", "--durable",
            durable, "--json");
        if (Obstacle(method) is { } obstacle)
        {
            Assert.Equal(1, exitCode);
            Assert.Contains(obstacle, error, StringComparison.Ordinal);
            return;
        }

        Assert.True(exitCode == 0, error);
        JsonElement row = Assert.Single(JsonDocument.Parse(output).RootElement.EnumerateArray());
        Assert.Equal(scenario, row.GetProperty("scenario").GetString());
        Assert.Equal(method, row.GetProperty("method").GetString());
        Assert.Equal(mode, row.GetProperty("mode").GetString());
        Assert.True(row.GetProperty("operations").GetInt64() > 0, "No operation was done.");
        AssertNothingLeft(output + error);
    }

    [Theory]
    [InlineData("blocking")]
    [InlineData("await")]
    [InlineData("loop")]
    public async Task TheNullScenarioComparesTheRuntimeWithOneReadOfThePageCache(string mode)
    {
        (int exitCode, string output, string error) = await RunAsync(
            "bench", "null", "--mode", mode, "--size", "8M", "--seconds", "0.2", "--json");
        Assert.True(exitCode == 0, error);
        JsonElement[] rows = [.. JsonDocument.Parse(output).RootElement.EnumerateArray()];
        Assert.Equal(["null", "pread"], rows.Select(static row => row.GetProperty("method").GetString()));
        Assert.All(rows, static row => Assert.Equal("null", row.GetProperty("scenario").GetString()));
        Assert.All(rows, static row => Assert.True(row.GetProperty("operations").GetInt64() > 0));
        Assert.Contains("% of it", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ARowOfTheJsonHasExactlyTheseKeysInThisOrder()
    {
        (_, string output, _) = await RunAsync("bench", "randread", "--method", "sync", "--size", "8M", "--seconds", "0.1", "--json");
        JsonElement row = JsonDocument.Parse(output).RootElement[0];
        Assert.Equal(s_keys, row.EnumerateObject().Select(static property => property.Name));
        Assert.Equal(
            ["p50", "p99", "p999", "max"],
            row.GetProperty("latencyMicroseconds").EnumerateObject().Select(static property => property.Name));
        double p50 = row.GetProperty("latencyMicroseconds").GetProperty("p50").GetDouble();
        double max = row.GetProperty("latencyMicroseconds").GetProperty("max").GetDouble();
        Assert.InRange(p50, 0.001, max);
        Assert.Equal(
            row.GetProperty("operationsPerSecond").GetDouble() * 8192, row.GetProperty("bytesPerSecond").GetDouble(), tolerance: 8192);
    }

    [Fact]
    public async Task AllMethodsMeansEveryOneThatWorksAndTheSystemsOwn()
    {
        (int exitCode, string output, string error) = await RunAsync(
            "bench", "randread", "--method", "all", "--size", "8M", "--seconds", "0.1", "--json");
        Assert.True(exitCode == 0, error);
        string?[] methods =
        [
            .. JsonDocument.Parse(output).RootElement.EnumerateArray().Select(static row => row.GetProperty("method").GetString()),
        ];
        string[] expected = [.. IoMethodSelector.AutoOrder.Where(static method => Obstacle(method) is null), "randomaccess", "pread"];
        Assert.Equal(expected, methods);
    }

    [Fact]
    public async Task DirectAndRegisteredAndThreadsAreDoneAsAsked()
    {
        (int exitCode, string output, string error) = await RunAsync(
            "bench", "seqread", "--method", "auto", "--size", "8M", "--block", "64k", "--depth", "2", "--threads", "2",
            "--direct", "--registered", "--seconds", "0.1", "--json");
        Assert.True(exitCode == 0, error);
        JsonElement row = JsonDocument.Parse(output).RootElement[0];
        Assert.True(row.GetProperty("direct").GetBoolean());
        Assert.Equal(2, row.GetProperty("threads").GetInt32());
        Assert.Equal(65536, row.GetProperty("blockBytes").GetInt32());
    }

    [Theory]
    [InlineData(2, "known: randread, seqread, randwrite, logwrite, null", "nonsense")]
    [InlineData(2, "io_uring", "randread", "--method", "nonsense")]
    [InlineData(2, "known: blocking, await, loop", "randread", "--mode", "nonsense")]
    [InlineData(2, "known: writethrough, linked, separate, osync", "logwrite", "--durable", "nonsense")]
    [InlineData(2, "--depth is '0'", "randread", "--depth", "0")]
    [InlineData(2, "--depth is 'many'", "randread", "--depth", "many")]
    [InlineData(2, "--block is '0'", "randread", "--block", "0")]
    [InlineData(2, "--size is 'big'", "randread", "--size", "big")]
    [InlineData(2, "--seconds is '-1'", "randread", "--seconds", "-1")]
    [InlineData(2, "less than one block", "randread", "--size", "4k", "--block", "8k")]
    [InlineData(2, "does not exist", "randread", "--file", "/nowhere/at/all")]
    [InlineData(2, "is a folder", "randread", "--file", "/")]
    [InlineData(2, "multiple of", "randread", "--direct", "--block", "1000", "--size", "8M")]
    [InlineData(2, "has the mode await only", "randread", "--method", "randomaccess", "--mode", "loop")]
    [InlineData(2, "has the method null only", "null", "--method", "sync")]
    [InlineData(2, "sluice bench null", "randread", "--method", "null")]
    [InlineData(2, "of buffers", "randread", "--depth", "1024", "--block", "64M")]
    [InlineData(2, "goes with a scenario", "--depth", "4")]
    [InlineData(1, "to spare", "randread", "--size", "16T")]
    public async Task WhatCannotBeIsRefusedWithOneLine(int exitCode, string part, params string[] arguments)
    {
        (int actual, _, string error) = await RunAsync(["bench", .. arguments]);
        string line = Assert.Single(error.Split('\n', StringSplitOptions.RemoveEmptyEntries), static line => !line.StartsWith('['));
        Assert.Contains(part, line, StringComparison.Ordinal);
        Assert.Equal(exitCode, actual);
        AssertNothingLeft(error);
    }

    [Fact]
    public async Task AFileOfTheUsersIsOnlyReadUnlessOverwritingIsAllowed()
    {
        string path = Path.Combine(Path.GetTempPath(), $"bench-user-file-{Guid.NewGuid():N}");
        byte[] content = new byte[1 << 20];
        new Random(1).NextBytes(content);
        await File.WriteAllBytesAsync(path, content);
        try
        {
            (int read, _, _) = await RunAsync("bench", "randread", "--method", "sync", "--file", path, "--seconds", "0.1");
            Assert.Equal(0, read);
            foreach (string scenario in (string[])["randwrite", "logwrite"])
            {
                (int refused, _, string error) = await RunAsync("bench", scenario, "--method", "sync", "--file", path, "--seconds", "0.1");
                Assert.Equal(2, refused);
                Assert.Contains("--overwrite", error, StringComparison.Ordinal);
            }

            Assert.Equal(content, await File.ReadAllBytesAsync(path));
            (int written, _, _) = await RunAsync(
                "bench", "randwrite", "--method", "sync", "--file", path, "--overwrite", "--seconds", "0.1");
            Assert.Equal(0, written);
            byte[] after = await File.ReadAllBytesAsync(path);
            Assert.Equal(content.Length, after.Length);
            Assert.NotEqual(content, after);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public async Task AFileThatIsNamedAndMissingIsMadeWhenOverwritingIsAllowedAndStays()
    {
        string path = Path.Combine(Path.GetTempPath(), $"bench-user-file-{Guid.NewGuid():N}");
        try
        {
            (int exitCode, _, string error) = await RunAsync(
                "bench", "seqread", "--method", "sync", "--file", path, "--size", "1M", "--overwrite", "--seconds", "0.1");
            Assert.True(exitCode == 0, error);
            Assert.Equal(1 << 20, new FileInfo(path).Length);
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static string? Obstacle(string method)
    {
        if (method is "randomaccess" or "pread") return null;
        MethodRow row = s_survey.Value.Rows.Single(row => row.Name == method);
        return row.IsAvailable ? null : row.Reason;
    }

    // Tests of a collection run one after the other, and nothing outside of it runs the command in this process.
    private static void AssertNothingLeft(string shown)
    {
        string[] left = Directory.GetFiles(Path.GetTempPath(), $"sluice-bench-{Environment.ProcessId}-*");
        Assert.True(left.Length == 0, $"{string.Join(", ", left)} was left behind. {shown}");
    }

    private static async Task<(int ExitCode, string Output, string Error)> RunAsync(params string[] arguments)
    {
        using StringWriter output = new();
        using StringWriter error = new();
        int exitCode = await Program.RunAsync(arguments, output, error);
        return (exitCode, output.ToString(), error.ToString());
    }
}
