using Sluice.TempFiles.Tests.Support;

namespace Sluice.TempFiles.Tests.HashSpill;

/// <summary>Whatever goes wrong in an aggregate, it ends with one error and leaves nothing.</summary>
public sealed class HashAggregateFaultTests : FaultTests
{
    private protected override IEnumerable<Action<FaultyWork>> Works => [Aggregate];

    [Theory]
    [InlineData(1, 4 << 20)]
    [InlineData(1, 64 << 10)]
    [InlineData(9000, 64 << 10)]
    public void UserCodeMayDisposeTheAggregateAndMayNotUseIt(int at, int memoryBytes) => TestRun.WithinWatchdog(() =>
    {
        using TestRun run = TestRun.Start("sync");
        foreach (bool isDisposing in (bool[])[true, false])
        {
            using TempSpace space = run.OpenSpace();
            using AioContext context = run.System.CreateContext();
            HashAggregate<Row, string, List<int>>? aggregate = null;
            int calls = 0;
            AggregateModel model = new()
            {
                BeforeAll = () =>
                {
                    if (++calls != at) return;
                    if (isDisposing) aggregate!.Dispose();
                    else aggregate!.Add(new Row(1, 1, 30));
                }
            };
            using HashAggregate<Row, string, List<int>> made = model.Make(context, space.CreateOwner("aggregate"), memoryBytes);
            aggregate = made;
            Exception? failure = Record.Exception(() =>
            {
                for (int id = 0; id < 8000; id++) model.Add(aggregate, new Row(id % 2500, id, 30));
                model.FinishAndExpect(aggregate);
            });
            if (isDisposing) Assert.True(failure is null or ObjectDisposedException, $"{failure}");
            else Assert.IsType<InvalidOperationException>(failure);
            Assert.True(calls >= at);
            run.ExpectNothingInUse(space);
            Assert.ThrowsAny<InvalidOperationException>(() => aggregate.Add(new Row(1, 1, 30)));
        }
    });

    private static void Aggregate(FaultyWork work)
    {
        Random random = new(9);
        AggregateModel model = new() { BeforeAll = work.UserCode };
        HashAggregate<Row, string, List<int>> aggregate = work.Make(model.Make(work.Context, work.Owner, 64 << 10, work.Token));
        for (int id = 0; id < 8000; id++) model.Add(aggregate, new Row(random.Next(2500), id, 30));
        model.FinishAndExpect(aggregate);
    }
}
