namespace Sluice.Storage.Tests;

/// <summary>How much the background writer makes clean ahead of the clock hand.</summary>
public sealed class BackgroundWriterEstimateTests
{
    private const double RoundsPerSecond = 5;

    [Fact]
    public void ItNeverLapsTheHand()
    {
        for (int seed = 0; seed < 50; seed++)
        {
            Random random = new(seed);
            int buffers = random.Next(16, 400);
            BackgroundWriterEstimate estimate = new(buffers, multiplier: 2, RoundsPerSecond);
            long hand = random.Next(buffers);
            long cleaner = hand;
            for (int round = 0; round < 200; round++)
            {
                int allocations = random.Next(4) == 0 ? 0 : random.Next(buffers);
                hand += allocations + random.Next(allocations + 1);
                if (cleaner < hand) cleaner = hand;
                estimate.BeginRound((int)(hand % buffers), hand / buffers, allocations);
                while (estimate.WantsMore)
                {
                    Assert.Equal(cleaner % buffers, estimate.Cleaner);
                    estimate.Visited(random.Next(3) != 0);
                    cleaner++;
                    Assert.True(cleaner <= hand + buffers, "The cleaner passed the hand.");
                }

                estimate.EndRound();
            }
        }
    }

    [Fact]
    public void ItFollowsARiseAtOnceAndAFallSlowly()
    {
        BackgroundWriterEstimate estimate = new(1000, multiplier: 2, RoundsPerSecond);
        Round(ref estimate, 0, 0, 100);
        Assert.Equal(100, estimate.Allocations);
        Round(ref estimate, 100, 0, 20);
        Assert.Equal(95, estimate.Allocations);
        Round(ref estimate, 200, 0, 300);
        Assert.Equal(300, estimate.Allocations);
    }

    [Fact]
    public void ItWantsTheExpectedDemandTimesTheMultiplier()
    {
        BackgroundWriterEstimate estimate = new(100_000, multiplier: 2, RoundsPerSecond);
        estimate.BeginRound(0, 0, 500);
        Assert.Equal(1000, estimate.Wanted);
    }

    [Fact]
    public void AnIdlePoolIsStillCoveredInTwoMinutes()
    {
        BackgroundWriterEstimate estimate = new(60_000, multiplier: 2, RoundsPerSecond);
        long looked = 0;
        for (int round = 0; round < 120 * RoundsPerSecond; round++)
        {
            estimate.BeginRound(0, 0, 0);
            while (estimate.WantsMore)
            {
                estimate.Visited(isReusable: true);
                looked++;
            }

            estimate.EndRound();
        }

        Assert.InRange(looked, 59_000, 60_000);
    }

    [Fact]
    public void WhenAllWasLookedAtAndNothingTakenItMayRest()
    {
        BackgroundWriterEstimate estimate = new(100, multiplier: 2, RoundsPerSecond);
        bool rests = false;
        for (int round = 0; round < 2000 && !rests; round++) rests = Round(ref estimate, 0, 0, 0);
        Assert.True(rests);
        Assert.False(Round(ref estimate, 10, 0, 10));
    }

    private static bool Round(ref BackgroundWriterEstimate estimate, int hand, long passes, int allocations)
    {
        estimate.BeginRound(hand, passes, allocations);
        while (estimate.WantsMore) estimate.Visited(isReusable: true);
        return estimate.EndRound();
    }
}
