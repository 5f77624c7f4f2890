using Sluice.TempFiles.Tests.Support;

namespace Sluice.TempFiles.Tests.HashSpill;

/// <summary>Whatever goes wrong in an aggregate, it ends with one error and leaves nothing.</summary>
public sealed class HashAggregateFaultTests : FaultTests
{
    private protected override IEnumerable<Action<FaultyWork>> Works => [Aggregate];

    private static void Aggregate(FaultyWork work)
    {
        Random random = new(9);
        AggregateModel model = new() { BeforeAll = work.UserCode };
        HashAggregate<Row, string, List<int>> aggregate = work.Make(model.Make(work.Context, work.Owner, 64 << 10, work.Token));
        for (int id = 0; id < 8000; id++) model.Add(aggregate, new Row(random.Next(2500), id, 30));
        model.FinishAndExpect(aggregate);
    }
}
