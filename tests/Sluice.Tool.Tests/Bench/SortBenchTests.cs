using System.Text.Json;
using Sluice.Tool.Tests.Support;

namespace Sluice.Tool.Tests.Bench;

/// <summary><c>sluice bench sort</c>: small runs, which check their own results.</summary>
public sealed class SortBenchTests
{
    [Theory]
    [InlineData(1, "sort")]
    [InlineData(1, "sort", "--phase", "merge")]
    [InlineData(1, "sort", "--phase", "merge", "--no-ahead", "--block", "4k")]
    public void EachPhaseGivesItsRowsAndLeavesNothingBehind(int rows, params string[] arguments)
    {
        using TestFolder folder = new();
        foreach (string method in (string[])["sync", "io_uring"])
        {
            ToolRun run = ToolRun.Of(["bench", .. arguments, "--method", method, "--size", "4M", "--memory", "1M", "--dir", folder.Root, "--json"]);
            using var json = JsonDocument.Parse(run.Succeeds().Output);
            Assert.Equal(rows, json.RootElement.GetArrayLength());
            foreach (JsonElement row in json.RootElement.EnumerateArray())
            {
                Assert.Equal(method, row.GetProperty("method").GetString());
                Assert.True(row.GetProperty("operations").GetInt64() > 0);
            }

            Assert.Empty(folder.Names);
        }
    }

    [Fact]
    public void AnUnknownPhaseIsNamed() => ToolRun.Of("bench", "sort", "--phase", "x").HasOneLine(2, "--phase is 'x'", "give api or merge");
}
