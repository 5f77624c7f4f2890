namespace Sluice.Storage.Tests;

/// <summary>How far a read stream looks ahead: PostgreSQL 19's rules, one by one.</summary>
public sealed class ReadStreamDistanceTests
{
    [Fact]
    public void AStreamBeginsWithOneBlock()
    {
        ReadStreamDistance distance = new(pinnedMax: 272, combineMax: 16, ioMax: 16, isFull: false);
        Assert.Equal((1, 1), (distance.ReadAhead, distance.Combine));
        Assert.True(distance.IsShortest);
    }

    [Fact]
    public void AStreamThatReadsEverythingBeginsWithOneWholeRead()
    {
        ReadStreamDistance distance = new(pinnedMax: 272, combineMax: 16, ioMax: 16, isFull: true);
        Assert.Equal((16, 16), (distance.ReadAhead, distance.Combine));
        ReadStreamDistance tight = new(pinnedMax: 4, combineMax: 16, ioMax: 16, isFull: true);
        Assert.Equal((4, 4), (tight.ReadAhead, tight.Combine));
    }

    [Fact]
    public void OnlyAWaitLooksFurtherAheadAndAnyIoCombinesMore()
    {
        ReadStreamDistance distance = new(pinnedMax: 272, combineMax: 16, ioMax: 16, isFull: false);
        distance.IoConsumed(waited: false);
        Assert.Equal((1, 2), (distance.ReadAhead, distance.Combine));
        distance.IoConsumed(waited: true);
        Assert.Equal((2, 4), (distance.ReadAhead, distance.Combine));
        for (int io = 0; io < 20; io++) distance.IoConsumed(waited: true);
        Assert.Equal((272, 16), (distance.ReadAhead, distance.Combine));
    }

    [Fact]
    public void TheDistancesNeverPassWhatMayBePinned()
    {
        ReadStreamDistance distance = new(pinnedMax: 5, combineMax: 16, ioMax: 16, isFull: false);
        for (int io = 0; io < 20; io++) distance.IoConsumed(waited: true);
        Assert.Equal((5, 5), (distance.ReadAhead, distance.Combine));
    }

    [Fact]
    public void OneMissInsideAWindowOfHitsKeepsTheDistance()
    {
        ReadStreamDistance distance = new(pinnedMax: 8, combineMax: 4, ioMax: 4, isFull: false);
        for (int io = 0; io < 6; io++) distance.IoConsumed(waited: true);
        for (int hit = 0; hit < 8; hit++) distance.Hit(iosInProgress: 0);
        Assert.Equal((8, 4), (distance.ReadAhead, distance.Combine));
        distance.IoConsumed(waited: false);
        for (int hit = 0; hit < 8; hit++) distance.Hit(iosInProgress: 0);
        Assert.Equal((8, 4), (distance.ReadAhead, distance.Combine));
        distance.Hit(iosInProgress: 0);
        Assert.Equal((7, 3), (distance.ReadAhead, distance.Combine));
    }

    [Fact]
    public void HitsShrinkTheDistancesToOneAndNoFurther()
    {
        ReadStreamDistance distance = new(pinnedMax: 8, combineMax: 4, ioMax: 4, isFull: true);
        for (int hit = 0; hit < 100; hit++) distance.Hit(iosInProgress: 0);
        Assert.True(distance.IsShortest);
    }

    [Fact]
    public void AHitBesideAnIoInProgressSaysNothing()
    {
        ReadStreamDistance distance = new(pinnedMax: 8, combineMax: 4, ioMax: 4, isFull: true);
        for (int hit = 0; hit < 100; hit++) distance.Hit(iosInProgress: 1);
        Assert.Equal((4, 4), (distance.ReadAhead, distance.Combine));
    }

    [Fact]
    public void AtTheEndNothingGrowsAndNothingIsLookedFor()
    {
        ReadStreamDistance distance = new(pinnedMax: 8, combineMax: 4, ioMax: 4, isFull: true);
        distance.End();
        distance.IoConsumed(waited: true);
        distance.Hit(0);
        Assert.True(distance.IsEnded);
        Assert.Equal((0, 0), (distance.ReadAhead, distance.Combine));
        Assert.False(distance.LooksAhead(0, 0, 0));
        Assert.True(distance.Issues(pinned: 3, pending: 1, iosInProgress: 0));
    }

    [Fact]
    public void APauseKeepsTheDistancesForLater()
    {
        ReadStreamDistance distance = new(pinnedMax: 64, combineMax: 8, ioMax: 4, isFull: false);
        for (int io = 0; io < 4; io++) distance.IoConsumed(waited: true);
        (int, int) before = (distance.ReadAhead, distance.Combine);
        distance.Pause();
        Assert.True(distance.IsEnded);
        distance.Pause();
        distance.Resume();
        Assert.Equal(before, (distance.ReadAhead, distance.Combine));
        distance.End();
        distance.Resume();
        Assert.True(distance.IsEnded);
    }

    [Fact]
    public void AResetBeginsAnewAndForgetsTheHoldOff()
    {
        ReadStreamDistance distance = new(pinnedMax: 64, combineMax: 8, ioMax: 4, isFull: true);
        distance.IoConsumed(waited: true);
        distance.End();
        distance.Reset();
        Assert.True(distance.IsShortest);
        Assert.Equal(0, distance.HoldOff);
    }

    [Fact]
    public void TheLimitOfPinsCutsTheLookAhead()
    {
        ReadStreamDistance distance = new(pinnedMax: 64, combineMax: 8, ioMax: 4, isFull: false);
        for (int io = 0; io < 10; io++) distance.IoConsumed(waited: true);
        distance.LimitReadAhead(10);
        Assert.Equal(10, distance.ReadAhead);
        distance.LimitReadAhead(0);
        Assert.Equal(1, distance.ReadAhead);
    }

    [Fact]
    public void TheReadThatIsWantedAtOnceGrowsBeyondTheLookAhead()
    {
        ReadStreamDistance distance = new(pinnedMax: 64, combineMax: 16, ioMax: 4, isFull: false);
        for (int io = 0; io < 4; io++) distance.IoConsumed(waited: false);
        Assert.Equal((1, 16), (distance.ReadAhead, distance.Combine));
        Assert.True(distance.LooksAhead(pinned: 0, pending: 15, iosInProgress: 0));
        Assert.False(distance.LooksAhead(pinned: 0, pending: 16, iosInProgress: 0));
        Assert.False(distance.LooksAhead(pinned: 1, pending: 0, iosInProgress: 0));
        Assert.False(distance.LooksAhead(pinned: 0, pending: 1, iosInProgress: 4));
    }

    [Fact]
    public void AReadIsIssuedWhenItIsLargeEnoughOrWantedAtOnce()
    {
        ReadStreamDistance distance = new(pinnedMax: 64, combineMax: 4, ioMax: 4, isFull: true);
        Assert.True(distance.Issues(pinned: 0, pending: 4, iosInProgress: 0));
        Assert.False(distance.Issues(pinned: 0, pending: 3, iosInProgress: 0));
        Assert.False(distance.Issues(pinned: 2, pending: 3, iosInProgress: 0));
        Assert.False(distance.Issues(pinned: 2, pending: 4, iosInProgress: 4));
        Assert.False(distance.Issues(pinned: 0, pending: 0, iosInProgress: 0));
    }
}
