namespace Sluice.Storage.Tests;

/// <summary>When a paced checkpoint may rest.</summary>
public sealed class CheckpointPacerTests
{
    [Theory]
    [InlineData(0.5, 100, 0, 35)]
    [InlineData(0.5, 135, 0, 0)]
    [InlineData(0.5, 200, 0, 0)]
    [InlineData(1.0, 0, 0, 270)]
    [InlineData(0.0, 0, 0, 0)]
    public void TimeAloneSpreadsTheWritesOverItsShare(double progress, double elapsedSeconds, long logBytes, double restSeconds)
    {
        CheckpointPacer pacer = new(TimeSpan.FromSeconds(300), completionTarget: 0.9, logBytesMax: 0);
        TimeSpan rest = pacer.RestFor(progress, TimeSpan.FromSeconds(elapsedSeconds), logBytes);
        Assert.Equal(restSeconds, rest.TotalSeconds, 3);
    }

    [Fact]
    public void MuchLogMakesItHurryThoughThereIsTime()
    {
        CheckpointPacer pacer = new(TimeSpan.FromSeconds(300), completionTarget: 0.9, logBytesMax: 1000);
        Assert.True(pacer.RestFor(0.5, TimeSpan.Zero, logBytes: 449) > TimeSpan.Zero);
        Assert.Equal(TimeSpan.Zero, pacer.RestFor(0.5, TimeSpan.Zero, logBytes: 450));
    }
}
