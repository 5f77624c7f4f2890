namespace Sluice.TempFiles.Tests.Support;

/// <summary>Whatever goes wrong in work that spills, it is one error, and nothing is left. Each part says what its work is.</summary>
public abstract class FaultTests
{
    private protected abstract IEnumerable<Action<FaultyWork>> Works { get; }

    /// <summary>What also runs the user's code, and does no I/O.</summary>
    private protected virtual IEnumerable<Action<FaultyWork>> WorksInMemory => [];

    [Theory]
    [MemberData(nameof(TestRun.Methods), MemberType = typeof(TestRun))]
    public void AnIoThatFailsInAnyPhaseIsOneErrorAndLeavesNothing(string method) =>
        Each(Works, work => FaultyWork.FailIosOneByOne(method, work));

    [Theory]
    [MemberData(nameof(TestRun.Methods), MemberType = typeof(TestRun))]
    public void AFullDiskOrQuotaIsOneErrorThatNamesWhoAndWhere(string method) =>
        Each(Works, work => FaultyWork.RunOutOfRoom(method, work));

    [Theory]
    [MemberData(nameof(TestRun.Methods), MemberType = typeof(TestRun))]
    public void UserCodeThatThrowsLeavesNothing(string method) =>
        Each(Works.Concat(WorksInMemory), work => FaultyWork.ThrowFromUserCode(method, work));

    [Theory]
    [MemberData(nameof(TestRun.Methods), MemberType = typeof(TestRun))]
    public void ItCanBeCancelledAnywhere(string method) =>
        Each(Works, work => FaultyWork.CancelAnywhere(method, work));

    [Theory]
    [MemberData(nameof(TestRun.Methods), MemberType = typeof(TestRun))]
    public void ItCanBeCancelledFromOutsideWhileIosAreInFlight(string method) =>
        Each(Works, work => FaultyWork.CancelFromOutside(method, work));

    [Theory]
    [MemberData(nameof(TestRun.Methods), MemberType = typeof(TestRun))]
    public void ShortDelayedAndReorderedTransfersInAnyPhaseChangeNothing(string method) =>
        Each(Works, work => FaultyWork.DisturbEveryTransfer(method, work));

    private static void Each(IEnumerable<Action<FaultyWork>> works, Action<Action<FaultyWork>> play)
    {
        foreach (Action<FaultyWork> work in works) TestRun.WithinWatchdog(() => play(work));
    }
}
