using System.Text.Json;
using Sluice.Tool.Tests.Support;

namespace Sluice.Tool.Tests.Probe;

/// <summary>The probe measures every correct form, chooses among them, bounds its work, and leaves no file.</summary>
public sealed class DurabilityProbeTests : IDisposable
{
    private static readonly DurabilityProbeOptions s_oneRound = new() { Budget = TimeSpan.Zero, Depths = [1, 4], ReadDepths = [1, 2] };
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("sync")]
    [InlineData("worker")]
    [InlineData("auto")]
    public async Task EveryFormIsMeasuredAtEveryDepthInBothModes(string method)
    {
        await using AioSystem system = Start(method);
        DurabilityReport report = await DurabilityProbe.MeasureAsync(system, _folder.Root, s_oneRound);
        Assert.Equal(4 * 2 * 2, report.Rows.Count);
        Assert.Equal(report.Rows.Count, report.Rows.Select(static row => (row.Form, row.IsDirect, row.Depth)).Distinct().Count());
        foreach (DurabilityRow row in report.Rows)
        {
            // What cannot be measured says why; what was measured has figures.
            Assert.Equal(row.Obstacle is null, row.WritesPerSecond > 0 && row.MedianMicroseconds > 0);
            if (!row.IsDirect) Assert.Null(row.Obstacle);
        }

        Assert.Equal([1, 2], report.Reads.Select(static row => row.Depth));
        Assert.Equal(system.MethodName, report.MethodName);
        Assert.Equal(report.DirectObstacle is null, report.OffsetAlignmentBytes > 0);
        Assert.Empty(_folder.Names);
    }

    [Fact]
    public async Task TheBestFormIsTheFastestOfThoseThatWereMeasured()
    {
        await using AioSystem system = Start("sync");
        DurabilityReport report = await DurabilityProbe.MeasureAsync(system, _folder.Root, s_oneRound);
        foreach (DurabilityChoice choice in report.Best)
        {
            double fastest = report.Rows.Where(
                row => row.Depth == choice.Depth && row.IsDirect == choice.IsDirect).Max(static row => row.WritesPerSecond);
            Assert.Equal(fastest, choice.WritesPerSecond);
            Assert.Equal(choice.Form, report.BestForm(choice.Depth, choice.IsDirect));
        }

        Assert.Equal(report.BestForm(4, isDirect: false), report.BestForm(1000, isDirect: false));
        Assert.Equal(report.BestForm(1, isDirect: false), report.BestForm(3, isDirect: false));
        Assert.NotEmpty(report.Suggestion.Reason);
        Assert.InRange(report.Suggestion.Depth, 1, 1024);
        Assert.DoesNotContain('\n', report.Suggestion.Reason);
    }

    [Fact]
    public async Task WithoutTimeThereIsOneRoundOfOneWritePerFlow()
    {
        await using AioSystem system = Start("sync");
        DurabilityReport report = await DurabilityProbe.MeasureAsync(system, _folder.Root, s_oneRound);
        foreach (DurabilityRow row in report.Rows.Where(static row => row.Obstacle is null))
        {
            Assert.Equal(row.Depth, row.Writes);
            Assert.Equal(1, row.Rounds);
        }
    }

    [Fact]
    public async Task AFileSystemIsMeasuredOncePerSystem()
    {
        await using AioSystem system = Start("sync");
        DurabilityReport first = await DurabilityProbe.MeasureAsync(system, _folder.Root, s_oneRound);
        string other = Directory.CreateDirectory(_folder.PathOf("other")).FullName;
        Assert.Same(first, await DurabilityProbe.MeasureAsync(system, other, s_oneRound));
        Assert.NotSame(first, await DurabilityProbe.MeasureAsync(system, other, s_oneRound with { IgnoreCache = true }));
        Assert.NotSame(first, await DurabilityProbe.MeasureAsync(system, other, s_oneRound with { BlockBytes = 4096 }));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(12)]
    public async Task StoppedItRemovesItsFiles(int steps)
    {
        await using AioSystem system = Start("auto");
        using CancellationTokenSource stop = new();
        StopAfter progress = new(stop, steps);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => DurabilityProbe.MeasureAsync(system, _folder.Root, s_oneRound, progress, stop.Token));
        Assert.Empty(_folder.Names);
    }

    [Fact]
    public async Task AFolderThatIsNoneIsRefused()
    {
        await using AioSystem system = Start("sync");
        AioException missing = await Assert.ThrowsAsync<AioException>(
            () => DurabilityProbe.MeasureAsync(system, _folder.PathOf("none"), s_oneRound));
        Assert.Equal(Errno.ENOENT, missing.Errno);
        await Assert.ThrowsAsync<AioException>(() => DurabilityProbe.MeasureAsync(system, _folder.Make("file", 1), s_oneRound));
    }

    [Fact]
    public async Task OptionsWithMistakesAreRefusedWithEachNamed()
    {
        await using AioSystem system = Start("sync");
        DurabilityProbeOptions options = new() { BlockBytes = 1000, Depths = [0], Rounds = 0 };
        ArgumentException refusal = await Assert.ThrowsAsync<ArgumentException>(
            () => DurabilityProbe.MeasureAsync(system, _folder.Root, options));
        foreach (string text in (string[])["BlockBytes", "depth", "Rounds"])
        {
            Assert.Contains(text, refusal.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void TheVerbPrintsTheTableAndTheSuggestion()
    {
        string text = ToolRun.Of("probe", "--path", _folder.Root, "--milliseconds", "0").Succeeds().Output;
        foreach (string part in (string[])["RWF_DSYNC", "O_DSYNC", "fdatasync", "32 in flight", "suggestion: method", "because:"])
        {
            Assert.Contains(part, text, StringComparison.Ordinal);
        }

        using JsonDocument json = JsonDocument.Parse(
            ToolRun.Of("probe", "--path", _folder.Root, "--milliseconds", "0", "--json").Succeeds().Output);
        Assert.Equal(24, json.RootElement.GetProperty("durableWrites").GetArrayLength());
        Assert.False(string.IsNullOrEmpty(json.RootElement.GetProperty("suggestion").GetProperty("method").GetString()));
        Assert.Empty(_folder.Names);
    }

    [Fact]
    public void TheVerbRefusesBadInputInOneLine()
    {
        ToolRun.Of("probe", "--path", _folder.PathOf("none")).HasOneLine(1, "none does not exist");
        ToolRun.Of("probe", "--path", _folder.Make("file", 1)).HasOneLine(1, "is a file");
        ToolRun.Of("probe", "--block", "1000").HasOneLine(2, "--block", "512");
        ToolRun.Of("probe", "--path", "/proc").HasOneLine(1, "/proc");
        ToolRun.Of(new CancellationToken(canceled: true), "probe", "--path", _folder.Root).HasOneLine(1, "Stopped.");
    }

    private static AioSystem Start(string method) => AioSystem.Start(new AioSystemOptions { Method = method, SharedContexts = 1 });

    // Not Progress<T>, which would tell later, on another thread.
    private sealed class StopAfter(CancellationTokenSource stop, int steps) : IProgress<DurabilityProgress>
    {
        private int _steps;

        public void Report(DurabilityProgress value)
        {
            if (_steps++ == steps) stop.Cancel();
        }
    }
}
