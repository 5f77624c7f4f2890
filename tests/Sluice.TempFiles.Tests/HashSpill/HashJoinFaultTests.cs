using Sluice.TempFiles.Tests.Support;

namespace Sluice.TempFiles.Tests.HashSpill;

/// <summary>Whatever goes wrong in a join, it ends with one error and leaves nothing.</summary>
public sealed class HashJoinFaultTests : FaultTests
{
    private protected override IEnumerable<Action<FaultyWork>> Works => [Join];

    [Theory]
    [InlineData(1, 4 << 20)]
    [InlineData(1, 64 << 10)]
    [InlineData(50, 64 << 10)]
    [InlineData(1500, 64 << 10)]
    public void AConsumerMayDisposeTheJoinAndMayNotUseIt(int at, int memoryBytes) => TestRun.WithinWatchdog(() =>
    {
        using TestRun run = TestRun.Start("sync");
        foreach (bool isDisposing in (bool[])[true, false])
        {
            using TempSpace space = run.OpenSpace();
            using AioContext context = run.System.CreateContext();
            HashJoin<Row, Row>? join = null;
            int calls = 0;
            JoinModel model = new()
            {
                BeforeConsume = () =>
                {
                    if (++calls != at) return;
                    if (isDisposing) join!.Dispose();
                    else join!.Finish();
                }
            };
            RowCodec codec = new();
            using HashJoin<Row, Row> made = new(context, space.CreateOwner("join"), JoinKind.Full, codec, codec, model, model,
                new HashSpillOptions { MemoryBytes = memoryBytes });
            join = made;
            List<Row> rows = [.. Enumerable.Range(0, 2000).Select(static id => new Row(id, id, 80))];
            Exception? failure = Record.Exception(() => model.Run(join, rows, rows));
            if (isDisposing) Assert.True(failure is null or ObjectDisposedException, $"{failure}");
            else Assert.IsType<InvalidOperationException>(failure);
            Assert.True(calls >= at);
            run.ExpectNothingInUse(space);
            Assert.Throws<ObjectDisposedException>(() => join.Probe(rows[0]));
        }
    });

    // Some keys are so frequent that their partition is joined block by block.
    private static void Join(FaultyWork work)
    {
        Random random = new(8);
        List<Row> build = JoinModel.Rows(random, 3000, () => random.Next(4) == 0 ? random.Next(500) : 7, 80);
        List<Row> probe = JoinModel.Rows(random, 3000, () => random.Next(200) == 0 ? 7 : random.Next(8, 1000), 80);
        JoinModel model = new() { BeforeEqual = work.UserCode, BeforeConsume = work.UserCode };
        RowCodec codec = new() { BeforeEncode = work.UserCode, BeforeDecode = work.UserCode };
        HashJoin<Row, Row> join = work.Make(new HashJoin<Row, Row>(
            work.Context, work.Owner, JoinKind.Full, codec, codec, model, model, new HashSpillOptions { MemoryBytes = 64 << 10 },
            work.Token));
        model.Run(join, build, probe);
        model.Expect(JoinKind.Full, build, probe);
    }
}
