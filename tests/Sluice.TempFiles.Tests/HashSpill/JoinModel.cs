using Sluice.TempFiles.Tests.Support;

namespace Sluice.TempFiles.Tests.HashSpill;

/// <summary>Joins rows, and says what should come out.</summary>
internal sealed class JoinModel : IJoinKeys<Row, Row>, IJoinConsumer<Row, Row>
{
    private readonly List<(int Build, int Probe)> _found = [];

    /// <summary>How keys become hashes.</summary>
    internal Func<int, ulong> HashOf { get; init; } = static key => (ulong)key;

    internal Action? BeforeEqual { get; init; }

    internal Action? BeforeConsume { get; init; }

    internal int FoundCount => _found.Count;

    public ulong HashBuild(in Row build) => HashOf(build.Key);

    public ulong HashProbe(in Row probe) => HashOf(probe.Key);

    public bool AreEqual(in Row build, in Row probe)
    {
        BeforeEqual?.Invoke();
        return build.Key == probe.Key;
    }

    public void Pair(in Row build, in Row probe) => Note(build, probe);

    public void Probe(in Row probe) => Note(null, probe);

    public void Build(in Row build) => Note(build, null);

    internal static List<Row> Rows(Random random, int count, Func<int> key, int lengthMax) =>
        [.. Enumerable.Range(0, count).Select(id => new Row(key(), id, random.Next(lengthMax + 1)))];

    internal void Run(HashJoin<Row, Row> join, IEnumerable<Row> build, IEnumerable<Row> probe)
    {
        foreach (Row row in build) join.AddBuild(row);
        foreach (Row row in probe) join.Probe(row);
        join.Finish();
    }

    internal void Expect(JoinKind kind, List<Row> build, List<Row> probe)
    {
        ILookup<int, Row> byKey = build.ToLookup(static row => row.Key);
        HashSet<int> probed = [.. probe.Select(static row => row.Key)];
        List<(int, int)> expected = [];
        foreach (Row row in probe)
        {
            bool isFound = byKey.Contains(row.Key);
            if (kind == JoinKind.Semi && isFound) expected.Add((-1, row.Id));
            if (kind is JoinKind.Left or JoinKind.Full or JoinKind.Anti && !isFound) expected.Add((-1, row.Id));
            if (kind is JoinKind.Semi or JoinKind.Anti) continue;
            foreach (Row match in byKey[row.Key]) expected.Add((match.Id, row.Id));
        }

        if (kind is JoinKind.Right or JoinKind.Full)
        {
            expected.AddRange(build.Where(row => !probed.Contains(row.Key)).Select(static row => (row.Id, -1)));
        }

        expected.Sort();
        _found.Sort();
        Assert.Equal(expected.Count, _found.Count);
        Assert.True(expected.SequenceEqual(_found), $"The {kind} join gives other records than the model.");
    }

    private void Note(Row? build, Row? probe)
    {
        BeforeConsume?.Invoke();
        Assert.True(build?.IsWhole ?? true, "A build record came back changed.");
        Assert.True(probe?.IsWhole ?? true, "A probe record came back changed.");
        _found.Add((build?.Id ?? -1, probe?.Id ?? -1));
    }
}
