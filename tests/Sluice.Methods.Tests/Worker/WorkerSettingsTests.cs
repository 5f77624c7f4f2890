using Sluice.Methods.Tests.Support;
using Sluice.Methods.Worker;

namespace Sluice.Methods.Tests.Worker;

/// <summary>What the io_method <c>worker</c> accepts as settings, at start and while it runs.</summary>
public class WorkerSettingsTests
{
    [Theory]
    [InlineData("min_workers", "0", "1 to 32")]
    [InlineData("min_workers", "33", "1 to 32")]
    [InlineData("max_workers", "0", "1 to 32")]
    [InlineData("max_workers", "33", "1 to 32")]
    [InlineData("max_workers", "many", "1 to 32")]
    [InlineData("worker_idle_timeout_milliseconds", "-1", "0 to 2147483647")]
    [InlineData("worker_launch_interval_milliseconds", "-1", "0 to 2147483647")]
    [InlineData("queue_entries", "1", "2 to 65536")]
    [InlineData("queue_entries", "65537", "2 to 65536")]
    [InlineData("nowait_reads", "perhaps", "true or false")]
    [InlineData("workers", "3", "min_workers")]
    public void ABadSettingIsRefusedWithOneLineThatSaysWhatIsAllowed(string name, string value, string allowed)
    {
        IoMethodSettings settings = MethodSettings.With((name, value));

        IoMethodException refusal = Assert.Throws<IoMethodException>(() => new WorkerMethodFactory().Create(settings));

        Assert.Contains($"'{name}'", refusal.Message, StringComparison.Ordinal);
        Assert.Contains(allowed, refusal.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', refusal.Message);
        Assert.Equal(refusal.Message, new WorkerMethodFactory().Probe(settings).Reason);
    }

    [Fact]
    public void AMinimumAboveTheMaximumIsRefused()
    {
        IoMethodSettings settings = MethodSettings.With(("min_workers", "5"), ("max_workers", "4"));

        IoMethodException refusal = Assert.Throws<IoMethodException>(() => new WorkerMethodFactory().Create(settings));

        Assert.Contains("(5) is above 'max_workers' (4)", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ASingleBoundMovesTheDefaultOfTheOther()
    {
        WorkerSettings low = new(MethodSettings.With(("max_workers", "1")));
        WorkerSettings high = new(MethodSettings.With(("min_workers", "32")));

        Assert.Equal((1, 1), (low.Min, low.Max));
        Assert.Equal((32, 32), (high.Min, high.Max));
    }

    [Theory]
    [InlineData(1, 8)]
    [InlineData(2, 16)]
    [InlineData(4, 32)]
    [InlineData(64, 32)]
    public void TheDefaultMaximumFollowsFromTheCores(int cores, int max) => Assert.Equal(max, WorkerSettings.MaxWorkersDefault(cores));

    [Theory]
    [InlineData("min_workers", "0")]
    [InlineData("min_workers", "33")]
    [InlineData("max_workers", "0")]
    [InlineData("max_workers", "33")]
    [InlineData("max_workers", "")]
    [InlineData("worker_idle_timeout_milliseconds", "-1")]
    [InlineData("worker_launch_interval_milliseconds", "1.5")]
    [InlineData("queue_entries", "128")]
    [InlineData("nowait_reads", "false")]
    [InlineData("workers", "3")]
    public void ABadChangeOfTheRunningMethodIsRefusedAndLeavesEverythingAsItWas(string name, string value)
    {
        using IoMethod method = new WorkerMethodFactory().Create(MethodSettings.With(("min_workers", "2"), ("max_workers", "4")));
        string before = Bounds(method);

        Assert.False(method.TryChangeSetting(name, value, out string? refusal));

        Assert.Contains($"'{name}'", refusal, StringComparison.Ordinal);
        Assert.Equal(before, Bounds(method));
        Assert.Equal(2, ((WorkerMethod)method).Pool.WorkerCount);
    }

    [Fact]
    public void AChangeThatWouldCrossTheBoundsIsRefused()
    {
        using IoMethod method = new WorkerMethodFactory().Create(MethodSettings.With(("min_workers", "2"), ("max_workers", "4")));

        Assert.False(method.TryChangeSetting("min_workers", "5", out string? above));
        Assert.Contains("raise 'max_workers'", above, StringComparison.Ordinal);
        Assert.False(method.TryChangeSetting("max_workers", "1", out string? below));
        Assert.Contains("lower 'min_workers'", below, StringComparison.Ordinal);
    }

    [Fact]
    public void TheFourPoolSettingsCanBeChangedAndAreShown()
    {
        using IoMethod method = new WorkerMethodFactory().Create(MethodSettings.With(("min_workers", "1"), ("max_workers", "4")));

        Assert.True(method.TryChangeSetting("MAX_WORKERS", "9", out string? refusal), refusal);
        Assert.True(method.TryChangeSetting("min_workers", "3", out refusal), refusal);
        Assert.True(method.TryChangeSetting("worker_idle_timeout_milliseconds", "5", out refusal), refusal);
        Assert.True(method.TryChangeSetting("worker_launch_interval_milliseconds", "7", out refusal), refusal);

        Dictionary<string, string> described = new(method.Describe());
        Assert.Equal("9", described["max_workers"]);
        Assert.Equal("3", described["min_workers"]);
        Assert.Equal("5", described["worker_idle_timeout_milliseconds"]);
        Assert.Equal("7", described["worker_launch_interval_milliseconds"]);
    }

    private static string Bounds(IoMethod method) =>
        string.Join(';', method.Describe().Where(entry =>
            entry.Key.Contains("workers", StringComparison.Ordinal) || entry.Key.Contains("milliseconds", StringComparison.Ordinal)));
}
