using Sluice.TempFiles.Tests.Support;

namespace Sluice.TempFiles.Tests.HashSpill;

/// <summary>Whatever goes wrong in an aggregate, it ends with one error and leaves nothing.</summary>
public sealed class HashAggregateFaultTests
{
    [Theory]
    [MemberData(nameof(TestRun.Methods), MemberType = typeof(TestRun))]
    public void AnIoThatFailsInAnyPhaseIsOneErrorAndLeavesNothing(string method) =>
        TestRun.WithinWatchdog(() => FaultyWork.FailIosOneByOne(method, Aggregate));

    [Theory]
    [MemberData(nameof(TestRun.Methods), MemberType = typeof(TestRun))]
    public void AFullDiskOrQuotaIsOneErrorThatNamesWhoAndWhere(string method) =>
        TestRun.WithinWatchdog(() => FaultyWork.RunOutOfRoom(method, Aggregate));

    [Theory]
    [MemberData(nameof(TestRun.Methods), MemberType = typeof(TestRun))]
    public void UserCodeThatThrowsLeavesNothing(string method) =>
        TestRun.WithinWatchdog(() => FaultyWork.ThrowFromUserCode(method, Aggregate));

    [Theory]
    [MemberData(nameof(TestRun.Methods), MemberType = typeof(TestRun))]
    public void ItCanBeCancelledAnywhere(string method) =>
        TestRun.WithinWatchdog(() => FaultyWork.CancelAnywhere(method, Aggregate));

    [Theory]
    [MemberData(nameof(TestRun.Methods), MemberType = typeof(TestRun))]
    public void ShortDelayedAndReorderedTransfersInAnyPhaseChangeNothing(string method) =>
        TestRun.WithinWatchdog(() => FaultyWork.DisturbEveryTransfer(method, Aggregate));

    private static void Aggregate(FaultyWork work)
    {
        Random random = new(9);
        AggregateModel model = new() { BeforeAll = work.UserCode };
        HashAggregate<Row, string, List<int>> aggregate = work.Make(model.Make(work.Context, work.Owner, 64 << 10, work.Token));
        for (int id = 0; id < 8000; id++) model.Add(aggregate, new Row(random.Next(2500), id, 30));
        model.FinishAndExpect(aggregate);
    }
}
