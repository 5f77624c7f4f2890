using Sluice.TempFiles.Tests.Support;

namespace Sluice.TempFiles.Tests.HashSpill;

/// <summary>Joins and aggregates whose parts are functions.</summary>
public sealed class FunctionsTests
{
    [Fact]
    public void AJoinOfFunctionsGivesPairsAndWhatHasNoMatch() => TestRun.WithinWatchdog(() =>
    {
        using TestRun run = TestRun.Start("sync");
        using TempSpace space = run.OpenSpace();
        using AioContext context = run.System.CreateContext();
        List<string> found = [];
        using HashJoin<string, string> join = new(
            context,
            space.CreateOwner("names"),
            JoinKind.Full,
            Utf8Codec.Instance,
            Utf8Codec.Instance,
            JoinKeys.By<string, string, string?>(KeyOf, KeyOf, StringComparer.OrdinalIgnoreCase),
            JoinKeys.Consume<string, string>(
                (build, probe) => found.Add($"{build}+{probe}"), probe => found.Add($"+{probe}"), build => found.Add($"{build}+")));
        foreach (string build in (string[])["anna", "Bert", "-null", "carla"]) join.AddBuild(build);
        foreach (string probe in (string[])["ANNA", "bert", "-NULL", "doris", "anna"]) join.Probe(probe);
        join.Finish();
        found.Sort(StringComparer.Ordinal);
        string[] expected = ["+-NULL", "+doris", "-null+", "Bert+bert", "anna+ANNA", "anna+anna", "carla+"];
        Array.Sort(expected, StringComparer.Ordinal);
        Assert.Equal(expected, found);
    });

    [Fact]
    public void AnAggregateOfFunctionsCombinesWhatItWroteAway() => TestRun.WithinWatchdog(() =>
    {
        using TestRun run = TestRun.Start("sync");
        using TempSpace space = run.OpenSpace();
        using AioContext context = run.System.CreateContext();
        using HashAggregate<int, int, (int Count, long Sum)> aggregate = new(
            context,
            space.CreateOwner("sums"),
            UnmanagedCodec<int>.Instance,
            null,
            Aggregator.By<int, int, (int Count, long Sum)>(
                static value => value / 10,
                static value => (1, value),
                static (state, value) => (state.Count + 1, state.Sum + value),
                static (one, other) => (one.Count + other.Count, one.Sum + other.Sum)),
            new HashSpillOptions { MemoryBytes = 64 << 10 });
        for (int round = 0; round < 10; round++)
        {
            for (int value = round; value < 50_000; value += 10) aggregate.Add(value);
        }

        int groups = 0;
        aggregate.Finish((in int key, in (int Count, long Sum) state) =>
        {
            groups++;
            Assert.Equal((10, (key * 100L) + 45), state);
        });
        Assert.Equal(5000, groups);
        Assert.True(aggregate.Statistics.BytesWritten > 0);
    });

    private static string? KeyOf(string record) => record.StartsWith('-') ? null : record;
}
